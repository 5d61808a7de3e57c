import { randomBytes } from 'node:crypto';
import type { Answer, Person, TestApp } from '../app/testApp.ts';

/** The header that selects the active account. */
export const inAccount = (id: string) => ({ 'x-account-id': id });

const must = (status: number, answer: Answer) => {
  if (answer.status !== status) throw new Error(`expected ${status}: ${answer.status} ${answer.text}`);
  return answer.body;
};

/** Creates workspaces and members through the API. */
export function workspaceCalls({ call, sql }: Pick<TestApp, 'call' | 'sql'>) {
  const openWorkspace = async ({ token }: Person, slug = `w-${randomBytes(6).toString('hex')}`) =>
    must(201, await call('POST', '/v1/accounts', { token, body: { slug, name: `Workspace ${slug}` } })) as { id: string; slug: string };
  const invite = async ({ token }: Person, accountId: string, email: string, role = 'member') =>
    must(201, await call('POST', `/v1/accounts/${accountId}/invitations`, { token, body: { email, role } })) as {
      id: string;
      token: string;
      email: string;
    };
  const accept = ({ token }: Pick<Person, 'token'>, secret: string, headers: Record<string, string> = {}) =>
    call('POST', `/v1/account-invitations/${secret}/accept`, { token, headers });
  const verified = async (person: Person) => {
    await sql('update users set email_verified_at = coalesce(email_verified_at, now()) where id = $1', [person.id]);
    return person;
  };
  return {
    openWorkspace,
    invite,
    accept,
    /** Marks a user's email address as verified. */
    verified,
    /** Adds a member by invitation. */
    async addMember(host: Person, accountId: string, guest: Person, role = 'member') {
      const { token } = await invite(host, accountId, guest.email, role);
      must(200, await accept(await verified(guest), token));
    },
    /** Sets the balance of an account. Runs need credits to start. */
    endow: (accountId: string, credits = 1_000) =>
      sql('update credit_balances set balance = $2 where account_id = $1', [accountId, credits]),
  };
}
