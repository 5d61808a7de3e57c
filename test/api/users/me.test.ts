import { expect, test } from 'vitest';
import { permissionMatrix } from '../../../contract/shared/permissions.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';

const { call, sql, signUp, joinAccount, promote } = await sharedTestApp();
const me = async (token: string, headers: Record<string, string> = {}) => (await call('GET', '/v1/me', { token, headers })).body;
const update = (token: string, body: unknown, headers: Record<string, string> = {}) => call('PATCH', '/v1/me', { token, body, headers });
const permissionsOf = (role: string) =>
  Object.entries(permissionMatrix)
    .flatMap(([name, roles]) => ((roles as readonly string[]).includes(role) ? [name] : []))
    .sort();
/** Changes a membership as another process would, and waits for this process to invalidate its cache. */
async function setRole({ id, token }: Person, account: string, role: string) {
  await sql('update memberships set role = $3 where user_id = $1 and account_id = $2', [id, account, role]);
  await sql(`select pg_notify('arkloop_access', $1)`, [id]);
  await eventually(async () => (await me(token, { 'x-account-id': account })).role === role, `the role ${role}`);
}

test('an invalid profile update is rejected and changes nothing', async () => {
  const { token } = await signUp();
  const before = await me(token);
  const bad = [
    ...[
      {},
      [],
      null,
      'x',
      { login: 'a' },
      { email: 'a@b' },
      { account_id: before.account_id },
      { role: 'admin' },
      { permissions: [] },
      { id: before.id },
    ],
    ...['', ' ', 'a@b', 'x'.repeat(257), 'a\u0000b', 'a\u200bb', null, 5].map((username) => ({ username })),
    ...['Mars/Base', '+08:00', 'Asia/Shanghai; drop', 'x'.repeat(65), 7].map((timezone) => ({ timezone })),
    ...['not a tag', 'zh_CN', 'x'.repeat(36), true].map((locale) => ({ locale })),
    { username: 'fine', timezone: 'Mars/Base' },
    { username: undefined },
  ];
  for (const body of bad) expect([body, (await update(token, body)).status]).toEqual([body, 400]);
  expect(await me(token)).toEqual(before);
  const all = await update(token, { username: '@', timezone: 'x', locale: 'zh_CN' });
  expect(all.body.details.issues.map(({ path }: { path: string }) => path)).toEqual(['/username', '/timezone', '/locale']);
});

test('the username changes but the login does not, and two users may share a username', async () => {
  const [person, other] = [await signUp(), await signUp()];
  for (const { token } of [person, other])
    expect((await update(token, { username: ' Ａda ' })).body).toEqual({ username: 'Ada', timezone: null, locale: null });
  expect(await me(person.token)).toMatchObject({ username: 'Ada', login: person.login });
  expect((await call('POST', '/v1/auth/login', { body: person && { login: person.login, password: person.password } })).status).toBe(200);
  const [entry] = await sql(`select * from audit_logs where action = 'user.update' and actor_user_id = $1`, [person.id]);
  expect(entry).toMatchObject({ account_id: person.accountId, target_type: 'user', target_id: person.id });
  expect([entry.before_state.username, entry.after_state.username]).toEqual([person.login, 'Ada']);
});

test('time zone and locale are set and cleared, and an unknown stored time zone reads as null', async () => {
  const { token, id, accountId } = await signUp();
  expect((await update(token, { timezone: 'Asia/Shanghai', locale: 'zh-CN' })).body).toMatchObject({
    timezone: 'Asia/Shanghai',
    locale: 'zh-CN',
  });
  expect((await update(token, { timezone: '' })).body).toMatchObject({ timezone: null, locale: 'zh-CN' });
  expect((await update(token, { locale: null })).body).toMatchObject({ locale: null });
  await sql(`update users set timezone = 'Mars/Base' where id = $1`, [id]);
  await sql(`update accounts set timezone = 'Nowhere' where id = $1`, [accountId]);
  expect(await me(token)).toMatchObject({ timezone: null, account_timezone: null });
});

test('each role has the permissions of the permission matrix', async () => {
  const [person, host, chief] = [await signUp(), await signUp(), await signUp()];
  await joinAccount(person, host);
  await promote(chief);
  const there = { 'x-account-id': host.accountId };
  expect((await me(person.token)).permissions).toEqual(permissionsOf('admin'));
  expect((await me(person.token, there)).permissions).toEqual(permissionsOf('member'));
  expect(await me(chief.token)).toMatchObject({ role: 'platform_admin', permissions: permissionsOf('platform_admin') });
  await setRole(person, host.accountId, 'admin');
  expect(await me(person.token, there)).toMatchObject({ role: 'admin', permissions: permissionsOf('admin') });
  await setRole(person, host.accountId, 'legacy_role');
  expect(await me(person.token, there)).toMatchObject({ role: 'legacy_role', permissions: [] });
  const refused = await call('GET', '/v1/api-keys', { token: person.token, headers: there });
  expect([refused.status, refused.body.details]).toEqual([403, { reason: 'missing_permission', permission: 'data.api_keys.manage' }]);
  await setRole(person, host.accountId, 'member');
  expect((await me(person.token, there)).permissions).toEqual(permissionsOf('member'));
});

test('X-Account-Id changes only the account fields, and an account of others returns 404', async () => {
  const [person, host, stranger] = [await signUp(), await signUp(), await signUp()];
  await joinAccount(person, host);
  await promote(stranger);
  await sql(`update accounts set timezone = 'Europe/Berlin' where id = $1`, [host.accountId]);
  const [here, there] = [await me(person.token), await me(person.token, { 'x-account-id': host.accountId.toUpperCase() })];
  const differing = Object.keys(here).filter((key) => JSON.stringify(here[key]) !== JSON.stringify(there[key]));
  expect(differing.sort()).toEqual(['account_id', 'account_name', 'account_timezone', 'permissions', 'role']);
  expect(there).toMatchObject({ account_id: host.accountId, account_name: `${host.login}'s workspace`, account_timezone: 'Europe/Berlin' });
  const bodies = [];
  for (const id of [person.accountId, '01890000-0000-7000-8000-000000000000']) {
    const { status, body } = await call('GET', '/v1/me', { token: stranger.token, headers: { 'x-account-id': id } });
    expect(status).toBe(404);
    bodies.push({ ...body, trace_id: '' });
  }
  expect(bodies[0]).toEqual(bodies[1]);
  for (const id of ['', 'x', `${person.accountId}0`, `${person.accountId}, ${host.accountId}`])
    expect([id, (await call('GET', '/v1/me', { token: person.token, headers: { 'x-account-id': id } })).status]).toEqual([id, 400]);
  await update(person.token, { username: 'Noted' }, { 'x-account-id': host.accountId });
  expect(await sql(`select account_id from audit_logs where action = 'user.update' and actor_user_id = $1`, [person.id])).toEqual([
    { account_id: person.accountId },
  ]);
});

test('a suspended account is closed to its members, who can still use their other accounts', async () => {
  const [person, host] = [await signUp(), await signUp()];
  await joinAccount(person, host);
  await sql(`update accounts set status = 'suspended' where id = $1`, [host.accountId]);
  for (const [token, headers] of [
    [person.token, { 'x-account-id': host.accountId }],
    [host.token, {}],
  ] as const) {
    const { status, body } = await call('GET', '/v1/me', { token, headers });
    expect([status, body.details.reason]).toEqual([403, 'account_suspended']);
  }
  expect((await call('GET', '/v1/me', { token: person.token })).status).toBe(200);
  expect((await call('POST', '/v1/auth/logout', { token: host.token, body: {} })).status).toBe(200);
});

test('an API key cannot read or change the profile', async () => {
  const { token } = await signUp();
  const { key } = (await call('POST', '/v1/api-keys', { token, body: { name: 'k' } })).body;
  for (const method of ['GET', 'PATCH']) {
    const { status, body, headers } = await call(method, '/v1/me', { token: key, ...(method === 'PATCH' && { body: {} }) });
    expect([status, body.details.reason, headers.get('cache-control')]).toEqual([403, 'api_key_not_allowed', 'no-store']);
  }
});
