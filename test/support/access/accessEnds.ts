import type { Answer, Call, Person, TestApp } from '../app/testApp.ts';
import { sessionCalls } from '../http/sessions.ts';
import { passkeyCalls } from '../passkeys/passkeyCalls.ts';
import { createKey, createServiceKey } from '../resources/apiKeys.ts';
import { appCode, enrol } from '../resources/secondFactor.ts';
import { inAccount, workspaceCalls } from '../resources/workspaces.ts';

/** A prepared call that ends access, and whether the access is there. */
export type AccessEnd = { end(call: Call): Promise<Answer>; hasAccess(call: Call): Promise<boolean> };

/** For each operation of the contract that ends access: the ways in which it does so, each with people of its own. */
export function accessEnds(app: TestApp, admin: Person): Record<string, Record<string, () => Promise<AccessEnd>>> {
  const { call, signUp, signUpAdmin, joinAccount } = app;
  const { logIn } = sessionCalls(call);
  const { openWorkspace } = workspaceCalls(app);
  const works =
    (path: string, token: string, headers: Record<string, string> = {}) =>
    async (by: Call) =>
      (await by('GET', path, { token, headers })).status === 200;
  const send =
    (method: string, path: string, token: string, body?: unknown) =>
    (by: Call): Promise<Answer> =>
      by(method, path, { token, ...(body !== undefined && { body }) });
  const profile = (token: string) => works('/v1/me', token);
  const threads = (token: string, headers?: Record<string, string>) => works('/v1/threads', token, headers);

  async function withKey(request: (person: Person, key: string) => [method: string, path: string, body?: unknown]) {
    const person = await signUp();
    const { key, keyId } = await createKey(app, person);
    const [method, path, body] = request(person, keyId);
    return { end: send(method, path, person.token, body), hasAccess: threads(key) };
  }
  async function withServiceKey(request: (key: string) => [method: string, path: string, body?: unknown]) {
    const { secret, id } = await createServiceKey(app, admin, ['platform.usage.read']);
    const [method, path, body] = request(`/v1/admin/service-keys/${id}`);
    return { end: send(method, path, admin.token, body), hasAccess: works('/v1/admin/usage/summary', secret) };
  }
  async function withSession(request: (session: { id: string; token: string }, person: Person) => (by: Call) => Promise<Answer>) {
    const person = await signUp();
    const { token } = await logIn(person);
    const { sid } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    return { end: request({ id: sid, token }, person), hasAccess: profile(token) };
  }
  async function withMember(
    role: string,
    request: (at: string, host: Person, member: Person) => (by: Call) => Promise<Answer>,
    path = '/v1/threads',
  ) {
    const [host, member] = [await signUp(), await signUp()];
    const { id, slug } = await openWorkspace(host);
    await joinAccount(member, { ...host, accountId: id }, role);
    return { end: request(`/v1/accounts/${id}`, { ...host, login: slug }, member), hasAccess: works(path, member.token, inAccount(id)) };
  }
  const asAdmin = async (change: (person: Person) => [method: string, path: string, body?: unknown], person: Person, path = '/v1/me') => {
    const [method, at, body] = change(person);
    return { end: send(method, at, admin.token, body), hasAccess: works(path, person.token) };
  };
  /** A user who needs the second factor that they have. */
  async function withRequiredFactor() {
    const host = await signUp();
    const { id } = await openWorkspace(host);
    const requireIt = async () => {
      const body = { second_factor_required_from: new Date().toISOString() };
      const { status, text } = await call('PATCH', `/v1/accounts/${id}`, { token: host.token, body });
      if (status !== 200) throw new Error(`required second factor: ${status} ${text}`);
    };
    return { host, requireIt, hasAccess: threads(host.token, inAccount(id)) };
  }

  return {
    'accounts.delete': {
      'closes an account': () => withMember('member', (at, { token, login: slug }) => send('DELETE', at, token, { slug })),
    },
    'accounts.update': {
      'requires a second factor': () =>
        withMember('member', (at, { token }) => send('PATCH', at, token, { second_factor_required_from: new Date().toISOString() })),
    },
    'accounts.updateMember': {
      'takes a role away': () =>
        withMember('admin', (at, { token }, { id }) => send('PATCH', `${at}/members/${id}`, token, { role: 'member' }), '/v1/audit-logs'),
    },
    'accounts.removeMember': {
      'removes a member': () => withMember('member', (at, { token }, { id }) => send('DELETE', `${at}/members/${id}`, token)),
      'leaves an account': () => withMember('member', (at, _, { id, token }) => send('DELETE', `${at}/members/${id}`, token)),
    },
    'adminAccounts.update': {
      'suspends an account': async () => {
        const person = await signUp();
        return asAdmin(({ accountId }) => ['PATCH', `/v1/admin/accounts/${accountId}`, { status: 'suspended' }], person, '/v1/threads');
      },
    },
    'apiKeys.delete': { 'revokes a key': () => withKey((_, id) => ['DELETE', `/v1/api-keys/${id}`]) },
    'apiKeys.rotate': { 'replaces a secret': () => withKey((_, id) => ['POST', `/v1/api-keys/${id}/rotate`, { overlap_seconds: 0 }]) },
    'apiKeys.update': {
      'sets a limit that is reached': () => withKey((_, id) => ['PATCH', `/v1/api-keys/${id}`, { limits: { requests_total: 1 } }]),
    },
    'auth.logout': {
      'ends a session': () => withSession(({ token }) => send('POST', '/v1/auth/logout', token, {})),
      'ends all sessions': () => withSession((_, { token }) => send('POST', '/v1/auth/logout', token, { all: true })),
    },
    'ipRules.create': {
      'blocks an address': () =>
        withMember('member', (at, { token }) => (by) => {
          const headers = inAccount(at.split('/').at(-1)!);
          return by('POST', '/v1/ip-rules?force=true', { token, headers, body: { type: 'blocklist', cidr: '127.0.0.0/8' } });
        }),
    },
    'me.changePassword': {
      'ends the other sessions': () =>
        withSession((_, { token, password }) => {
          return send('POST', '/v1/me/password', token, { current_password: password, new_password: 'Passw0rd-2' });
        }),
    },
    'passkeys.delete': {
      'deletes a required passkey': async () => {
        const { host, requireIt, hasAccess } = await withRequiredFactor();
        const { register, confirm } = passkeyCalls(app);
        const { authenticator, passkey } = await register(host);
        await confirm(host.token, authenticator);
        await requireIt();
        return { end: send('DELETE', `/v1/me/passkeys/${passkey.id}`, host.token), hasAccess };
      },
    },
    'secondFactor.disable': {
      'turns a required second factor off': async () => {
        const { host, requireIt, hasAccess } = await withRequiredFactor();
        const { secret } = await enrol(app, host);
        await requireIt();
        const body = { current_password: host.password, code: await appCode(secret) };
        return { end: send('POST', '/v1/me/second-factor/disable', host.token, body), hasAccess };
      },
    },
    'users.removeSecondFactor': {
      'turns the required second factor of another off': async () => {
        const { host, requireIt, hasAccess } = await withRequiredFactor();
        await enrol(app, host);
        await requireIt();
        return { end: send('DELETE', `/v1/admin/users/${host.id}/second-factor`, admin.token), hasAccess };
      },
    },
    'serviceKeys.delete': { 'revokes a service key': () => withServiceKey((at) => ['DELETE', at]) },
    'serviceKeys.rotate': {
      'replaces the secret of a service key': () => withServiceKey((at) => ['POST', `${at}/rotate`, { overlap_seconds: 0 }]),
    },
    'serviceKeys.update': {
      'excludes the address of a service key': () => withServiceKey((at) => ['PATCH', at, { allowed_addresses: ['192.0.2.1/32'] }]),
    },
    'sessions.delete': { 'ends another session': () => withSession(({ id }, { token }) => send('DELETE', `/v1/me/sessions/${id}`, token)) },
    'sessions.deleteOthers': { 'ends all other sessions': () => withSession((_, { token }) => send('DELETE', '/v1/me/sessions', token)) },
    'users.update': {
      'suspends a user': async () => asAdmin(({ id }) => ['PATCH', `/v1/admin/users/${id}`, { status: 'suspended' }], await signUp()),
      'takes the right of an admin away': async () =>
        asAdmin(({ id }) => ['PATCH', `/v1/admin/users/${id}`, { is_platform_admin: false }], await signUpAdmin(), '/v1/admin/users'),
    },
    'users.delete': { 'deletes a user': async () => asAdmin(({ id }) => ['DELETE', `/v1/admin/users/${id}`], await signUp()) },
  };
}
