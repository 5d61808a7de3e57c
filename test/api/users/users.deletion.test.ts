import { beforeAll, expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { openStream, types } from '../../support/http/events.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { adminCalls } from '../../support/resources/adminCalls.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote, url } = app;
const { openWorkspace, addMember, invite, accept, endow, verified } = workspaceCalls(app);
const { refresh, logIn, me } = sessionCalls(call);
const platformAdmin = await signUp();
beforeAll(() => promote(platformAdmin));
const { list, get, remove, suspend, change, getAccount, entriesOf } = adminCalls(app, platformAdmin);

const keyOf = async ({ token }: Person, headers = {}) =>
  (await call('POST', '/v1/api-keys', { token, headers, body: { name: 'k' } })).body.key as string;
const threads = (token: string, headers = {}) => call('GET', '/v1/threads', { token, headers });

/** The user's rows, to check that a rejected deletion changed nothing. */
const rowCountsOf = ({ id }: Person) =>
  sql(
    `select u.status, u.email, (select count(*)::int from memberships where user_id = u.id) as memberships,
       (select count(*)::int from api_keys where user_id = u.id and revoked_at is null) as keys,
       (select count(*)::int from sessions where user_id = u.id and revoked_at is null) as sessions,
       (select count(*)::int from credentials where user_id = u.id) as credentials,
       (select count(*)::int from invite_codes where user_id = u.id and is_active) as codes,
       (select count(*)::int from accounts a join memberships m on m.account_id = a.id and m.user_id = u.id where a.deleted_at is null) as accounts
     from users u where u.id = $1`,
    [id],
  );
const deletedCounts = { status: 'deleted', email: null, memberships: 0, keys: 0, sessions: 0, credentials: 0, codes: 0, accounts: 0 };

test('a deleted user loses all access, and their login and email address are free again', async () => {
  const person = await signUp();
  const key = await keyOf(person);
  const answer = await remove(person.id);
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect((await get(person.id)).status).toBe(404);
  expect((await remove(person.id)).status).toBe(404);
  expect((await change(person.id, { status: 'active' })).status).toBe(404);
  expect(statusAndReason(await me(person.token))).toEqual([401, 'invalid_token']);
  expect(statusAndReason(await threads(key))).toEqual([401, 'invalid_token']);
  const refused = await refresh(person.cookie);
  expect(statusAndReason(refused)).toEqual([401, 'invalid_token']);
  expect(refused.headers.get('set-cookie')).toMatch(/Max-Age=0/);
  expect(statusAndReason((await logIn(person)).answer)).toEqual([401, 'invalid_credentials']);
  for (const identity of [person.login, person.email]) {
    expect((await call('POST', '/v1/auth/resolve', { body: { identity } })).body.next_step).toBe('register');
    expect((await call('POST', '/v1/auth/check', { body: { login: identity } })).body).toEqual({ exists: false });
  }
  expect((await list(`?q=${person.login}`)).body).toEqual([]);
  expect(await rowCountsOf(person)).toEqual([deletedCounts]);

  const heir = await signUp({ login: person.login, email: person.email });
  expect(heir.id).not.toBe(person.id);
  expect((await list(`?q=${person.login}`)).body).toMatchObject([{ id: heir.id }]);
  expect(statusAndReason(await me(person.token))).toEqual([401, 'invalid_token']);
  expect(statusAndReason(await refresh(person.cookie))).toEqual([401, 'invalid_token']);
  expect(statusAndReason(await threads(key))).toEqual([401, 'invalid_token']);
  expect((await me(heir.token)).status).toBe(200);
});

test('credits and audit logs stay, and the audit entry lists the closed and the left accounts', async () => {
  const [host, person] = [await signUp(), await signUp()];
  const { id: shared } = await openWorkspace(host);
  await addMember(host, shared, person);
  const { id: lonely, slug } = await openWorkspace(person);
  await call('PATCH', '/v1/me', { token: person.token, body: { username: 'Renamed' } });
  const history = () => sql('select id, action from audit_logs where actor_user_id = $1 order by id', [person.id]);
  const books = () => sql('select id, amount from credit_transactions where account_id = $1', [person.accountId]);
  const before = [await history(), await books()];
  await remove(person.id);
  expect([await history(), await books()]).toEqual(before);
  const entries = await entriesOf('user', person.id);
  expect(entries.at(-1)).toEqual({
    account_id: null,
    actor_user_id: platformAdmin.id,
    action: 'user.delete',
    before_state: { status: 'active' },
    after_state: { status: 'deleted' },
    metadata: { closed_accounts: [person.accountId, lonely].sort(), left_accounts: [shared] },
  });
  for (const id of [lonely, person.accountId]) expect((await getAccount(id)).status).toBe(404);
  expect((await getAccount(shared)).body).toMatchObject({ status: 'active', members_count: 1 });
  expect(statusAndReason(await call('POST', '/v1/accounts', { token: host.token, body: { slug, name: 'Again' } }))).toEqual([
    409,
    'slug_taken',
  ]);
  expect((await call('GET', `/v1/admin/credits?account_id=${person.accountId}`, { token: platformAdmin.token })).status).toBe(404);
});

test('deleting a user cancels their runs, ends their streams and their access to workspaces of others', async () => {
  const [host, person] = [await signUp(), await signUp()];
  const { id: shared } = await openWorkspace(host);
  await addMember(host, shared, person, 'admin');
  await endow(shared);
  const key = await keyOf(person, inAccount(shared));
  expect((await threads(key)).status).toBe(200);
  const run = await startRun(app, person, await openThread(app, person));
  const stream = await openStream(url, run, { token: person.token });
  await stream.until(({ type }) => type === 'run.started');
  const switched = await refresh(person.cookie, inAccount(shared));
  expect(switched.status).toBe(200);
  expect((await remove(person.id)).status).toBe(204);
  await stream.ended;
  expect(types(stream.events).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  expect(statusAndReason(await threads(key))).toEqual([401, 'invalid_token']);
  expect(statusAndReason(await me(switched.body.access_token))).toEqual([401, 'invalid_token']);
  const members = await call('GET', `/v1/accounts/${shared}/members`, { token: host.token });
  expect(members.body.map(({ user_id: id }: { user_id: string }) => id)).toEqual([host.id]);
});

test('a last admin of a workspace cannot be deleted: the error names the accounts and nothing changes', async () => {
  const [person, member, helper] = [await signUp(), await signUp(), await signUp()];
  const [first, second, third, fourth] = await Promise.all([
    openWorkspace(person),
    openWorkspace(person),
    openWorkspace(person),
    openWorkspace(helper),
  ]);
  for (const { id } of [first, second, third]) await addMember(person, id, member);
  await addMember(person, third.id, helper, 'admin');
  await addMember(helper, fourth.id, person);
  const before = await rowCountsOf(person);
  const refused = await remove(person.id);
  expect(statusAndReason(refused)).toEqual([409, 'last_admin']);
  expect(refused.body.details.accounts).toEqual([first.id, second.id].sort());
  expect(await rowCountsOf(person)).toEqual(before);
  expect((await me(person.token)).status).toBe(200);
  expect(await sql(`select from audit_logs where action = 'user.delete' and target_id = $1`, [person.id])).toEqual([]);
  for (const { id } of [first, second])
    await call('PATCH', `/v1/accounts/${id}/members/${member.id}`, { token: person.token, body: { role: 'admin' } });
  expect((await remove(person.id)).status).toBe(204);
  expect(await rowCountsOf(person)).toEqual([deletedCounts]);
  for (const { id } of [first, second, third, fourth]) expect((await getAccount(id)).status).toBe(200);
});

test('a suspended user can be deleted', async () => {
  const person = await signUp();
  await suspend(person.id);
  expect((await remove(person.id)).status).toBe(204);
  expect(await rowCountsOf(person)).toEqual([deletedCounts]);
  expect((await entriesOf('user', person.id)).at(-1).before_state).toEqual({ status: 'suspended' });
  await signUp({ login: person.login, email: person.email });
});

test('an open invitation gives the next owner of the address no access before they accept it', async () => {
  const [host, person] = [await signUp(), await signUp()];
  const { id: workspace } = await openWorkspace(host);
  const { token } = await invite(host, workspace, person.email);
  await remove(person.id);
  const heir = await verified(await signUp({ email: person.email }));
  expect((await getAccount(workspace)).body.members_count).toBe(1);
  expect((await accept(heir, token)).status).toBe(200);
  expect((await getAccount(workspace)).body.members_count).toBe(2);
});

test('deleting a user deletes the login codes and verification links mailed to them', async () => {
  const person = await signUp();
  await call('POST', '/v1/auth/email/otp/send', { body: { email: person.email } });
  const kept = (table: string) => sql(`select email from ${table} where user_id = $1`, [person.id]);
  expect([await kept('login_codes'), await kept('email_verifications')]).toEqual([[{ email: person.email }], [{ email: person.email }]]);
  await remove(person.id);
  expect([await kept('login_codes'), await kept('email_verifications')]).toEqual([[], []]);
});
