import { beforeAll, expect, test } from 'vitest';
import { adminCalls } from '../setup/adminCalls.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { openStream, types } from '../setup/events.ts';
import { reason, sessionCalls } from '../setup/sessions.ts';
import { inAccount, workspaceCalls } from '../setup/workspaces.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const { call, sql, signUp, promote, url } = world;
const { openWorkspace, bringIn, invite, accept, endow, verified } = workspaceCalls(world);
const { refresh, logIn, me } = sessionCalls(call);
const chief = await signUp();
beforeAll(() => promote(chief));
const { list, get, remove, suspend, change, getAccount, entriesOf } = adminCalls(world, chief);

const keyOf = async ({ token }: Person, headers = {}) =>
  (await call('POST', '/v1/api-keys', { token, headers, body: { name: 'k' } })).body.key as string;
const threads = (token: string, headers = {}) => call('GET', '/v1/threads', { token, headers });

/** What is left of somebody in the database, so that a test can tell that nothing was touched. */
const traceOf = ({ id }: Person) =>
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
const gone = { status: 'deleted', email: null, memberships: 0, keys: 0, sessions: 0, credentials: 0, codes: 0, accounts: 0 };

test('whoever is deleted is gone, and login and address are free again', async () => {
  const person = await signUp();
  const key = await keyOf(person);
  const answer = await remove(person.id);
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect((await get(person.id)).status).toBe(404);
  expect((await remove(person.id)).status).toBe(404);
  expect((await change(person.id, { status: 'active' })).status).toBe(404);
  expect(reason(await me(person.token))).toEqual([401, 'invalid_token']);
  expect(reason(await threads(key))).toEqual([401, 'invalid_token']);
  const refused = await refresh(person.cookie);
  expect(reason(refused)).toEqual([401, 'invalid_token']);
  expect(refused.headers.get('set-cookie')).toMatch(/Max-Age=0/);
  expect(reason((await logIn(person)).answer)).toEqual([401, 'invalid_credentials']);
  for (const identity of [person.login, person.email]) {
    expect((await call('POST', '/v1/auth/resolve', { body: { identity } })).body.next_step).toBe('register');
    expect((await call('POST', '/v1/auth/check', { body: { login: identity } })).body).toEqual({ exists: false });
  }
  expect((await list(`?q=${person.login}`)).body).toEqual([]);
  expect(await traceOf(person)).toEqual([gone]);

  const heir = await signUp({ login: person.login, email: person.email });
  expect(heir.id).not.toBe(person.id);
  expect((await list(`?q=${person.login}`)).body).toMatchObject([{ id: heir.id }]);
  expect(reason(await me(person.token))).toEqual([401, 'invalid_token']);
  expect(reason(await refresh(person.cookie))).toEqual([401, 'invalid_token']);
  expect(reason(await threads(key))).toEqual([401, 'invalid_token']);
  expect((await me(heir.token)).status).toBe(200);
});

test('books and history stay, and the entry tells which accounts ended and which were left', async () => {
  const [host, person] = [await signUp(), await signUp()];
  const { id: shared } = await openWorkspace(host);
  await bringIn(host, shared, person);
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
    actor_user_id: chief.id,
    action: 'user.delete',
    before_state: { status: 'active' },
    after_state: { status: 'deleted' },
    metadata: { closed_accounts: [person.accountId, lonely].sort(), left_accounts: [shared] },
  });
  for (const id of [lonely, person.accountId]) expect((await getAccount(id)).status).toBe(404);
  expect((await getAccount(shared)).body).toMatchObject({ status: 'active', members_count: 1 });
  expect(reason(await call('POST', '/v1/accounts', { token: host.token, body: { slug, name: 'Again' } }))).toEqual([409, 'slug_taken']);
  expect((await call('GET', `/v1/admin/credits?account_id=${person.accountId}`, { token: chief.token })).status).toBe(404);
});

test('his runs stop, his streams end, and what he has in workspaces of others ends with him', async () => {
  const [host, person] = [await signUp(), await signUp()];
  const { id: shared } = await openWorkspace(host);
  await bringIn(host, shared, person, 'admin');
  await endow(shared);
  const key = await keyOf(person, inAccount(shared));
  expect((await threads(key)).status).toBe(200);
  const run = await startRun(world, person, await openThread(world, person));
  const stream = await openStream(url, run, { token: person.token });
  await stream.until(({ type }) => type === 'run.started');
  const switched = await refresh(person.cookie, inAccount(shared));
  expect(switched.status).toBe(200);
  expect((await remove(person.id)).status).toBe(204);
  await stream.ended;
  expect(types(stream.events).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  expect(reason(await threads(key))).toEqual([401, 'invalid_token']);
  expect(reason(await me(switched.body.access_token))).toEqual([401, 'invalid_token']);
  const members = await call('GET', `/v1/accounts/${shared}/members`, { token: host.token });
  expect(members.body.map(({ user_id: id }: { user_id: string }) => id)).toEqual([host.id]);
});

test('who would leave others without an admin stays, with the accounts named, and nothing changes', async () => {
  const [person, member, helper] = [await signUp(), await signUp(), await signUp()];
  const [first, second, third, fourth] = await Promise.all([
    openWorkspace(person),
    openWorkspace(person),
    openWorkspace(person),
    openWorkspace(helper),
  ]);
  for (const { id } of [first, second, third]) await bringIn(person, id, member);
  await bringIn(person, third.id, helper, 'admin');
  await bringIn(helper, fourth.id, person);
  const before = await traceOf(person);
  const refused = await remove(person.id);
  expect(reason(refused)).toEqual([409, 'last_admin']);
  expect(refused.body.details.accounts).toEqual([first.id, second.id].sort());
  expect(await traceOf(person)).toEqual(before);
  expect((await me(person.token)).status).toBe(200);
  expect(await sql(`select from audit_logs where action = 'user.delete' and target_id = $1`, [person.id])).toEqual([]);
  for (const { id } of [first, second])
    await call('PATCH', `/v1/accounts/${id}/members/${member.id}`, { token: person.token, body: { role: 'admin' } });
  expect((await remove(person.id)).status).toBe(204);
  expect(await traceOf(person)).toEqual([gone]);
  for (const { id } of [first, second, third, fourth]) expect((await getAccount(id)).status).toBe(200);
});

test('a suspended user is deleted like any other', async () => {
  const person = await signUp();
  await suspend(person.id);
  expect((await remove(person.id)).status).toBe(204);
  expect(await traceOf(person)).toEqual([gone]);
  expect((await entriesOf('user', person.id)).at(-1).before_state).toEqual({ status: 'suspended' });
  await signUp({ login: person.login, email: person.email });
});

test('an invitation that waited for the address is nothing to who has it later, until he accepts it', async () => {
  const [host, person] = [await signUp(), await signUp()];
  const { id: workspace } = await openWorkspace(host);
  const { token } = await invite(host, workspace, person.email);
  await remove(person.id);
  const heir = await verified(await signUp({ email: person.email }));
  expect((await getAccount(workspace)).body.members_count).toBe(1);
  expect((await accept(heir, token)).status).toBe(200);
  expect((await getAccount(workspace)).body.members_count).toBe(2);
});

test('codes and links that were mailed to somebody are forgotten with him', async () => {
  const person = await signUp();
  await call('POST', '/v1/auth/email/otp/send', { body: { email: person.email } });
  const kept = (table: string) => sql(`select email from ${table} where user_id = $1`, [person.id]);
  expect([await kept('login_codes'), await kept('email_verifications')]).toEqual([[{ email: person.email }], [{ email: person.email }]]);
  await remove(person.id);
  expect([await kept('login_codes'), await kept('email_verifications')]).toEqual([[], []]);
});
