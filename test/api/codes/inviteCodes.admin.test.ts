import { beforeAll, expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { concurrently, rowCounter, tally } from '../../support/checks/race.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote, joinAccount, database } = app;
const count = rowCounter(app);
const admin = await signUp();
beforeAll(() => promote(admin));

const list = (query = '') => call('GET', `/v1/admin/invite-codes${query}`, { token: admin.token });
const get = (id: string) => call('GET', `/v1/admin/invite-codes/${id}`, { token: admin.token });
const change = (id: string, body: unknown) => call('PATCH', `/v1/admin/invite-codes/${id}`, { token: admin.token, body });
const ownCode = async ({ token }: Person) => (await call('GET', '/v1/me/invite-code', { token })).body;
const searchUserIds = async (q: string) =>
  (await list(`?q=${encodeURIComponent(q)}`)).body.map(({ user_id: id }: { user_id: string }) => id);
const unknownId = '01990000-0000-7000-8000-00000000ffff';

test('a code is returned with its owner, and without their login and email after they are deleted', async () => {
  const person = await signUp();
  const mine = await ownCode(person);
  const shown = { ...mine, user_login: person.login, user_email: person.email };
  expect((await get(mine.id)).body).toEqual(shown);
  expect((await list('?limit=1')).body).toEqual([shown]);
  await sql(`update users set status = 'deleted' where id = $1`, [person.id]);
  const gone = { ...shown, user_login: null, user_email: null };
  expect((await get(mine.id)).body).toEqual(gone);
  expect((await list('?limit=1')).body).toEqual([gone]);
  for (const q of [person.login, person.email]) expect(await searchUserIds(q)).toEqual([]);
  expect((await get(unknownId)).status).toBe(404);
});

test('the list is searched by literal, case-insensitive parts of code, login and email', async () => {
  const person = await signUp({ login: 'Percent_Person', email: 'first.100%off@example.test' });
  const other = await signUp({ login: 'percentXperson', email: 'second.1000off@example.test' });
  const { code } = await ownCode(person);
  expect(await searchUserIds(` ${code.toLowerCase().slice(1)} `)).toEqual([person.id]);
  expect(await searchUserIds('PERCENT')).toEqual([other.id, person.id]);
  expect(await searchUserIds('t_p')).toEqual([person.id]);
  expect(await searchUserIds('100%')).toEqual([person.id]);
  expect(await searchUserIds('SECOND.1000')).toEqual([other.id]);
  expect(await searchUserIds('\\')).toEqual([]);
  for (const query of ['?q=', '?q=%20', `?q=${'x'.repeat(201)}`, '?limit=0', '?cursor=x'])
    expect([query, (await list(query)).status]).toEqual([query, 400]);
});

test('pages with `before` or `cursor`', async () => {
  await concurrently(3, () => signUp());
  const all = (await list('?limit=200')).body;
  for (const name of ['before', 'cursor']) {
    const seen: unknown[] = [];
    for (let query: string | undefined = '?limit=2'; query;) {
      const page = await list(query);
      seen.push(...page.body);
      const next: string | null = page.headers.get('x-next-cursor');
      query = next ? `?limit=2&${name}=${next}` : undefined;
    }
    expect(seen).toEqual(all);
  }
  const [one, two] = await Promise.all(['?limit=1', '?limit=2'].map(async (query) => (await list(query)).headers.get('x-next-cursor')));
  expect(issuesOf(await list(`?before=${one}&cursor=${two}`))).toEqual([400, [['query', 'cursor']]]);
  expect(issuesOf(await list(`?cursor=${one}&q=a`))).toEqual([400, [['query', 'before']]]);
});

test('max_uses and is_active are changed together or alone, and the audit log has the old and new values', async () => {
  const person = await signUp();
  const { id, code } = await ownCode(person);
  await signUp({ invite_code: code });
  await signUp({ invite_code: code });
  const limited = await change(id, { max_uses: 1 });
  expect([limited.status, limited.body]).toMatchObject([200, { max_uses: 1, use_count: 2, is_active: true, user_login: person.login }]);
  const warned = await call('POST', '/v1/auth/register', {
    body: { login: 'too-late', email: 'too-late@example.test', password: 'Passw0rd-1', invite_code: code },
  });
  expect([warned.status, warned.body.warning]).toEqual([201, expect.stringMatching(/invite code/)]);
  expect((await change(id, { max_uses: 0, is_active: false })).body).toMatchObject({ max_uses: 0, use_count: 2, is_active: false });
  expect((await change(id, { is_active: true })).body).toMatchObject({ max_uses: 0, is_active: true });
  await signUp({ invite_code: code });
  expect((await ownCode(person)).use_count).toBe(3);
  const entries = await sql(
    `select account_id, actor_user_id, target_type, before_state, after_state from audit_logs
     where action = 'invite_code.update' and target_id = $1 order by created_at, id`,
    [id],
  );
  const by = { account_id: null, actor_user_id: admin.id, target_type: 'invite_code' };
  expect(entries).toEqual([
    { ...by, before_state: { max_uses: 0, is_active: true }, after_state: { max_uses: 1, is_active: true } },
    { ...by, before_state: { max_uses: 1, is_active: true }, after_state: { max_uses: 0, is_active: false } },
    { ...by, before_state: { max_uses: 0, is_active: false }, after_state: { max_uses: 0, is_active: true } },
  ]);
});

test('invalid changes are rejected', async () => {
  const before = await ownCode(admin);
  for (const value of [-1, 1_000_001, 1.5, '5', null, true])
    expect([value, issuesOf(await change(before.id, { max_uses: value }))]).toEqual([value, [400, [['body', '/max_uses']]]]);
  for (const value of [0, 'false', null])
    expect([value, issuesOf(await change(before.id, { is_active: value }))]).toEqual([value, [400, [['body', '/is_active']]]]);
  expect((await change(before.id, {})).status).toBe(400);
  for (const field of ['code', 'use_count', 'user_id'])
    expect(issuesOf(await change(before.id, { max_uses: 1, [field]: 'AAAAAAAA' }))).toEqual([400, [['body', `/${field}`]]]);
  expect((await change(unknownId, { max_uses: 1 })).status).toBe(404);
  expect(await ownCode(admin)).toEqual(before);
  expect((await change(before.id, { max_uses: 1_000_000 })).status).toBe(200);
});

test('a user has at most one active code', async () => {
  const person = await signUp();
  const first = await ownCode(person);
  await change(first.id, { is_active: false });
  const second = await ownCode(person);
  expect(second.id).not.toBe(first.id);
  expect(statusAndReason(await change(first.id, { is_active: true }))).toEqual([409, 'active_code_exists']);
  expect((await change(second.id, { is_active: true })).status).toBe(200);
  await change(second.id, { is_active: false });
  expect((await change(first.id, { is_active: true })).status).toBe(200);
  expect(await ownCode(person)).toEqual(first);
});

test("of ten parallel activations of a user's codes at most one succeeds, also while the user requests a code", async () => {
  const person = await signUp();
  for (let round = 0; round < 10; round++) await change((await ownCode(person)).id, { is_active: false });
  const ids = await sql('select id from invite_codes where user_id = $1 and not is_active', [person.id]);
  const [answers] = await Promise.all([
    Promise.all(ids.map(({ id }) => change(id, { is_active: true }))),
    concurrently(5, () => ownCode(person)),
  ]);
  const { '200': won = 0, '409 active_code_exists': lost = 0, ...others } = tally(answers);
  expect([won + lost, won <= 1, others]).toEqual([10, true, {}]);
  expect(await count('invite_codes where user_id = $1 and is_active', [person.id])).toBe(1);
});

test('a user who is suspended while requesting a code gets none', async () => {
  const person = await signUp();
  await sql('update invite_codes set is_active = false where user_id = $1', [person.id]);
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await client.query(`update users set status = 'suspended' where id = $1`, [person.id]);
    const asking = call('GET', '/v1/me/invite-code', { token: person.token });
    await expect.poll(() => count(`pg_stat_activity where wait_event_type = 'Lock' and query ilike '%from "users"%'`)).toBe(1);
    await client.query('commit');
    expect(statusAndReason(await asking)).toEqual([401, 'session_revoked']);
  } finally {
    client.release();
  }
  expect(await count('invite_codes where user_id = $1 and is_active', [person.id])).toBe(0);
});

test("max_uses of a new code is the entitlement of the owner's personal account, whatever account is active", async () => {
  const [person, host] = [await signUp(), await signUp()];
  await joinAccount(person, host);
  const entitle = ({ accountId }: Person, value: string) =>
    call('POST', '/v1/entitlement-overrides', {
      token: admin.token,
      body: { account_id: accountId, key: 'invite.default_max_uses', value, value_type: 'integer' },
    });
  const renewed = async () => {
    await sql('update invite_codes set is_active = false where user_id = $1', [person.id]);
    return (await call('GET', '/v1/me/invite-code', { token: person.token, headers: { 'x-account-id': host.accountId } })).body.max_uses;
  };
  await entitle(host, '3');
  expect(await renewed()).toBe(0);
  for (const [value, uses] of [
    ['7', 7],
    ['-7', 0],
    ['999999999999999', 2_147_483_647],
  ] as const) {
    await entitle(person, value);
    expect([value, await renewed()]).toEqual([value, uses]);
  }
});
