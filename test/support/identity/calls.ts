import { randomUUID } from 'node:crypto';
import type { Answer, Person, TestApp } from '../app/testApp.ts';
import { cookieOf } from '../http/sessions.ts';
import { type Account, oidcClient } from './oidcProvider.ts';

type Params = { state: string; code: string; iss?: string };

/** Calls that configure identity providers and sign in with them. */
export function identityCalls({ call }: TestApp) {
  const start = async (id: string, body: object = {}, cookie?: string) => {
    const answer = await call('POST', `/v1/auth/identity-providers/${id}/start`, { body, headers: { ...(cookie && { cookie }) } });
    return { answer, address: answer.body?.authorization_url as string, cookie: cookieOf(answer) };
  };
  const complete = (id: string, params: Params, cookie?: string): Promise<Answer> =>
    call('POST', `/v1/auth/identity-providers/${id}/complete`, { body: params, headers: { ...(cookie && { cookie }) } });
  return {
    addProvider: async (admin: Person, issuer: string, more: object = {}): Promise<string> => {
      const body = { name: 'Company', issuer, ...oidcClient, ...more };
      const answer = await call('POST', '/v1/admin/identity-providers', { token: admin.token, body });
      if (answer.status !== 201) throw new Error(answer.text);
      return answer.body.id;
    },
    changeProvider: (admin: Person, id: string, body: object) =>
      call('PATCH', `/v1/admin/identity-providers/${id}`, { token: admin.token, body }),
    start,
    complete,
    /** Signs in through all steps. `visit` is what the browser does at the provider. */
    signIn: async (id: string, visit: (address: string) => Params | Promise<Params>, body: object = {}): Promise<Answer> => {
      const { answer, address, cookie } = await start(id, body);
      return answer.status === 200 ? complete(id, await visit(address), cookie) : answer;
    },
    mine: (token: string, path = '', body?: object) =>
      call(body ? 'POST' : 'GET', `/v1/me/identities${path}`, { token, ...(body && { body }) }),
    unlink: (token: string, id: string) => call('DELETE', `/v1/me/identities/${id}`, { token }),
  };
}

/** A person whose address is verified at the provider. */
export const newAccount = (more: Partial<Account> = {}): Account => {
  const name = `p${randomUUID().slice(0, 8)}`;
  return { sub: randomUUID(), email: `${name}@example.test`, email_verified: true, preferred_username: name, ...more };
};
