import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { AuditEntry } from '../../../contract/auditLogs.ts';
import { statementsFor } from '../../../server/resources/auditLogs/queries.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote, joinAccount } = app;
const platformAdmin = await signUp();
await promote(platformAdmin);

const read = (by: Pick<Person, 'token'>, query: Record<string, string | number> = {}, headers: Record<string, string> = {}) =>
  call('GET', `/v1/audit-logs?${new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))}`, {
    token: by.token,
    headers,
  });
const entriesFor = async (by: Person, query: Record<string, string | number>): Promise<AuditEntry[]> => (await read(by, query)).body.data;
const makeTeam = async ({ token }: Person, name: string) => (await call('POST', '/v1/teams', { token, body: { name } })).body.id as string;

/** Writes `count` entries of an account, one second apart, newest last. */
async function writeEntries(accountId: string | null, count: number, more: { action?: string; actor?: string } = {}) {
  await sql(
    `insert into audit_logs (id, account_id, actor_user_id, action, target_type, target_id, trace_id, created_at)
     select gen_random_uuid(), $1, $4, $3, 'thing', n::text, repeat('0', 32), timestamptz '2026-01-01T00:00:00Z' + n * interval '1 second'
     from generate_series(1, $2::int) n`,
    [accountId, count, more.action ?? 'thing.poke', more.actor ?? null],
  );
}

test('an entry has actor, action, target, client and trace ID', async () => {
  const owner = await signUp();
  const userAgent = `agent ${'ü'.repeat(600)}`;
  const headers = { 'user-agent': Buffer.from(userAgent).toString('latin1') };
  const made = await call('POST', '/v1/teams', { token: owner.token, headers, body: { name: 'Blue' } });
  const { status, body } = await read(owner);
  expect([status, Object.keys(body)]).toEqual([200, ['data', 'total', 'total_is_exact']]);
  expect(body.data[0]).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    account_id: owner.accountId,
    actor_user_id: owner.id,
    action: 'team.create',
    target_type: 'team',
    target_id: made.body.id,
    trace_id: made.headers.get('x-trace-id'),
    metadata: expect.any(Object),
    ip_address: '127.0.0.1',
    user_agent: headers['user-agent'].slice(0, 512),
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
  expect(body.data.map(({ action }: { action: string }) => action)).toContain('user.register');
  const { key, id } = (await call('POST', '/v1/api-keys', { token: owner.token, body: { name: 'k' } })).body;
  await call('POST', '/v1/threads', { token: key, body: {} });
  expect((await entriesFor(owner, { action: 'thread.create' }))[0]?.metadata).toMatchObject({ api_key_id: id });
});

test('before_state and after_state are returned only with include=state', async () => {
  const owner = await signUp();
  const rule = { type: 'blocklist', cidr: '192.0.2.0/24' };
  const { body: made } = await call('POST', '/v1/ip-rules', { token: owner.token, body: rule });
  for (const entry of await entriesFor(owner, {})) {
    expect(Object.keys(entry)).not.toContain('before_state');
    expect(Object.keys(entry)).not.toContain('after_state');
  }
  const [newest, ...rest] = await entriesFor(owner, { include: 'state' });
  expect([newest?.before_state, newest?.after_state]).toEqual([null, made]);
  for (const entry of rest) expect(Object.keys(entry)).toEqual(expect.arrayContaining(['before_state', 'after_state']));
});

test('pages do not overlap, the newest entries come first, and the total is constant', async () => {
  const owner = await signUp();
  await writeEntries(owner.accountId, 7);
  // Entries of the same time are sorted by ID.
  await writeEntries(owner.accountId, 7);
  const query = { action: 'thing.poke' };
  const all = await entriesFor(owner, { ...query, limit: 200 });
  expect(all).toHaveLength(14);
  expect(all).toEqual(
    all.toSorted((a, b) => (a.created_at === b.created_at ? (a.id < b.id ? 1 : -1) : a.created_at < b.created_at ? 1 : -1)),
  );
  const pages: unknown[] = [];
  for (let offset = 0; offset < 16; offset += 4) {
    const { body } = await read(owner, { ...query, limit: 4, offset });
    expect(body.total).toBe(14);
    pages.push(...body.data);
  }
  expect(pages).toEqual(all);
  expect((await read(owner, { ...query, limit: 2, offset: 2 })).body.data).toEqual(all.slice(2, 4));
  expect((await read(owner, { ...query, offset: 100_000 })).body).toEqual({ data: [], total: 14, total_is_exact: true });
  await writeEntries(owner.accountId, 60, { action: 'thing.push' });
  expect(await entriesFor(owner, { action: 'thing.push' })).toHaveLength(50);
});

test('a page ends at 2 MB, and the next one begins after its entries', async () => {
  const owner = await signUp();
  await sql(
    `insert into audit_logs (id, account_id, action, target_type, trace_id, before_state)
     select gen_random_uuid(), $1, 'thing.large', 'thing', 'trace', jsonb_build_object('text', repeat('x', 900000)) from generate_series(1, 7)`,
    [owner.accountId],
  );
  const query = { action: 'thing.large', include: 'state' };
  const pages: AuditEntry[][] = [];
  for (let offset = 0; offset < 7; offset += pages.at(-1)!.length) {
    const { body } = await read(owner, { ...query, offset });
    expect(body.total).toBe(7);
    pages.push(body.data);
  }
  expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
  expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(7);
  const exported = await call('GET', '/v1/audit-logs/export?action=thing.large&include=state', { token: owner.token });
  expect(exported.text.match(/"thing.large"/g)).toHaveLength(7);
});

test('filters match exactly', async () => {
  const [owner, other] = [await signUp(), await signUp()];
  await writeEntries(owner.accountId, 5, { actor: owner.id });
  await writeEntries(owner.accountId, 3, { action: 'thing.push', actor: other.id });
  const total = async (query: Record<string, string>) => (await read(owner, query)).body.total;
  expect(await total({ action: 'thing.push' })).toBe(3);
  expect(await total({ action: 'THING.PUSH' })).toBe(0);
  expect(await total({ action: 'thing.%' })).toBe(0);
  expect(await total({ target_type: 'thing' })).toBe(8);
  expect(await total({ target_type: 'thing', actor_user_id: other.id.toUpperCase() })).toBe(3);
  // A member without entries matches nothing. A user who is neither a member nor an actor is 404.
  const quiet = await signUp();
  expect((await read(owner, { actor_user_id: quiet.id })).status).toBe(404);
  await joinAccount(quiet, owner, 'member');
  expect(await total({ actor_user_id: quiet.id })).toBe(0);
  expect((await read(owner, { actor_user_id: randomUUID() })).status).toBe(404);
  const between = (since: string, until: string) => total({ action: 'thing.poke', since, until });
  expect(await between('2026-01-01T00:00:02Z', '2026-01-01T00:00:04Z')).toBe(3);
  expect(await between('2026-01-01T01:00:02+01:00', '2026-01-01T00:00:02.000Z')).toBe(1);
  expect(await between('2026-01-01T00:00:02.001Z', '2026-01-01T00:00:02.999Z')).toBe(0);
  expect(await total({ action: 'thing.poke', since: '2026-01-01T00:00:05Z' })).toBe(1);
});

test('an invalid parameter is rejected', async () => {
  const owner = await signUp();
  const bad = {
    limit: ['0', '201', '-1', '1.5', 'x', ''],
    offset: ['-1', '100001', '1.5', ''],
    include: ['states', 'State', '', 'state,metadata'],
    account_id: ['mine', ''],
    actor_user_id: ['me', ''],
    action: [''],
    target_type: [''],
    since: ['yesterday', '2026-01-01', '2026-01-01T00:00:00', '0000-01-01T00:00:00Z'],
    until: ['1767225600', ''],
  };
  for (const [name, values] of Object.entries(bad))
    for (const value of values)
      expect([name, value, issuesOf(await read(owner, { [name]: value }))]).toEqual([name, value, [400, [['query', name]]]]);
  const backwards = { since: '2026-01-02T00:00:00Z', until: '2026-01-01T23:59:59.999Z' };
  expect(issuesOf(await read(owner, backwards))).toEqual([400, [['query', 'until']]]);
  for (const [limit, offset] of [
    [1, 0],
    [200, 100_000],
  ] as const)
    expect((await read(owner, { limit, offset })).status).toBe(200);
});

test('renewed tokens are listed and counted only by their action, and exported', async () => {
  const owner = await signUp();
  const before = (await read(owner)).body;
  expect((await call('POST', '/v1/auth/refresh', { headers: { cookie: owner.cookie } })).status).toBe(200);
  expect((await read(owner)).body).toEqual(before);
  expect((await read(owner, { target_type: 'user', actor_user_id: owner.id })).body.data).not.toContainEqual(
    expect.objectContaining({ action: 'user.refresh' }),
  );
  const renewed = (await read(owner, { action: 'user.refresh' })).body;
  expect([renewed.total, renewed.data]).toEqual([1, [expect.objectContaining({ action: 'user.refresh', actor_user_id: owner.id })]]);
  expect((await call('GET', '/v1/audit-logs/export', { token: owner.token })).text).toContain('"user.refresh"');
});

test('an account sees only its own entries', async () => {
  const [owner, other, member] = [await signUp(), await signUp(), await signUp()];
  await joinAccount(member, owner, 'member');
  await makeTeam(other, 'Theirs');
  await writeEntries(null, 3);
  const filters = [
    {},
    { action: 'team.create' },
    { actor_user_id: owner.id },
    { actor_user_id: member.id },
    { target_type: 'thing' },
    { include: 'state' },
  ];
  for (const filter of filters)
    for (const own of [{}, { account_id: owner.accountId }, { account_id: owner.accountId.toUpperCase() }]) {
      const { body } = await read(owner, { ...filter, ...own, limit: 200 });
      expect(new Set(body.data.map((entry: { account_id: string }) => entry.account_id))).toBeOneOf([
        new Set(),
        new Set([owner.accountId]),
      ]);
      expect(body.total).toBe(body.data.length);
    }
  for (const account_id of [other.accountId, randomUUID()]) {
    const answer = await read(owner, { account_id });
    expect([answer.status, answer.body.error, answer.body.details]).toEqual([404, 'not_found', {}]);
  }
  for (const actor_user_id of [other.id, platformAdmin.id, randomUUID()]) {
    const answer = await read(owner, { actor_user_id });
    expect([answer.status, answer.body.error, answer.body.details]).toEqual([404, 'not_found', {}]);
  }
  const there = { 'x-account-id': owner.accountId };
  expect(statusAndReason(await read(member, {}, there))).toEqual([403, 'missing_permission']);
  expect(statusAndReason(await read(other, {}, there))).toEqual([404, undefined]);
});

test('an API key reads the log of its account with the permission', async () => {
  const owner = await signUp();
  const keyWith = async (scopes: string[]) =>
    (await call('POST', '/v1/api-keys', { token: owner.token, body: { name: 'k', scopes } })).body.key as string;
  const reader = { token: await keyWith(['account.audit_read']) };
  expect([(await read(reader)).status, (await read(reader, { account_id: platformAdmin.accountId })).status]).toEqual([200, 404]);
  expect(statusAndReason(await read({ token: await keyWith(['data.threads.read']) }))).toEqual([403, 'missing_permission']);
  // An API key of a platform admin is limited to its account.
  const { key } = (await call('POST', '/v1/api-keys', { token: platformAdmin.token, body: { name: 'k' } })).body;
  const { body } = await read({ token: key }, { limit: 200 });
  expect(new Set(body.data.map((entry: { account_id: string }) => entry.account_id))).toEqual(new Set([platformAdmin.accountId]));
  expect((await read({ token: key }, { account_id: owner.accountId })).status).toBe(404);
});

test('a platform admin reads all entries or those of one account', async () => {
  const owner = await signUp();
  await makeTeam(owner, 'Mine');
  await call('POST', '/v1/feature-flags', {
    token: platformAdmin.token,
    body: { key: `f${randomBytes(4).toString('hex')}`, default_value: true },
  });
  const login = `nobody-${randomBytes(4).toString('hex')}`;
  await call('POST', '/v1/auth/login', { body: { login, password: 'Wrong-pass-1' } });
  const accountsOf = async (query: Record<string, string>) => (await entriesFor(platformAdmin, query)).map((entry) => entry.account_id);
  expect(new Set(await accountsOf({ account_id: owner.accountId }))).toEqual(new Set([owner.accountId]));
  expect((await accountsOf({ action: 'team.create' }))[0]).toBe(owner.accountId);
  expect((await accountsOf({ action: 'feature_flag.create' }))[0]).toBeNull();
  expect(statusAndReason(await read(platformAdmin, { account_id: randomUUID() }))).toEqual([404, 'account_not_found']);
  expect((await read(platformAdmin, { actor_user_id: randomUUID() })).status).toBe(404);
  const [failed] = await entriesFor(platformAdmin, { target_type: 'user_login' });
  expect([failed?.account_id, failed?.actor_user_id]).toEqual([null, null]);
  expect(JSON.stringify(failed)).not.toContain(login);
  const { total } = (await read(platformAdmin)).body;
  expect(total).toBe((await sql("select count(*)::int as n from audit_logs where action <> 'user.refresh'"))[0].n);
  // Admin rights of the user apply also where the role in the account is member.
  await joinAccount(platformAdmin, owner, 'member');
  expect((await read(platformAdmin, {}, { 'x-account-id': owner.accountId })).status).toBe(200);
});

test('entries are counted up to 10,000, and beyond that as far as the page needs', async () => {
  const owner = await signUp();
  await writeEntries(owner.accountId, 10_000);
  const totalOf = async (query: Record<string, string | number>) => {
    const { body } = await read(owner, { action: 'thing.poke', ...query });
    return [body.data.length, body.total, body.total_is_exact];
  };
  expect(await totalOf({})).toEqual([50, 10_000, true]);
  await writeEntries(owner.accountId, 300);
  expect(await totalOf({})).toEqual([50, 10_000, false]);
  expect(await totalOf({ offset: 9_800, limit: 199 })).toEqual([199, 10_000, false]);
  // The total is greater than the offset of the next page, so a client that compares them reaches the last page.
  expect(await totalOf({ offset: 9_950 })).toEqual([50, 10_001, false]);
  expect(await totalOf({ offset: 10_200 })).toEqual([50, 10_251, false]);
  expect(await totalOf({ offset: 10_250 })).toEqual([50, 10_300, true]);
  expect(await totalOf({ offset: 20_000 })).toEqual([0, 10_300, true]);
});

test('the newest entries of a long log are read by index', async () => {
  const client = await app.database.pool.connect();
  // With few rows a sequential scan is cheaper. The plan shows whether an index can be used.
  await client.query('set enable_seqscan = off; set enable_sort = off');
  const planOf = async ({ text }: { text: string }) => JSON.stringify((await client.query(`explain (generic_plan) ${text}`)).rows);
  const all = { accountId: null, action: null, targetType: null, actorId: null, since: null, until: null };
  const filters = [all, { ...all, accountId: 'x' }, { ...all, action: 'x' }, { ...all, targetType: 'x' }, { ...all, actorId: 'x' }];
  const plans = await Promise.all(filters.map((filter) => planOf(statementsFor(filter).page)));
  client.release(true);
  // Each partition has indexes of its own.
  expect(plans).toEqual(
    // Made on a partition that existed before, this index has a name that PostgreSQL chose.
    ['created_at_id_idx', 'list', 'action', 'target', 'actor'].map((index) =>
      expect.stringMatching(`using audit_logs_\\d{4}_\\d\\d_${index}`),
    ),
  );
  expect(plans.filter((plan) => /Seq Scan|Sort {2}\(/.test(plan))).toEqual([]);
});
