import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote, joinAccount } = app;
const [admin, owner, member, stranger] = await Promise.all([signUp(), signUp(), signUp(), signUp()]);
await joinAccount(member, owner);
const inOwners = { 'x-account-id': owner.accountId };
beforeAll(() => promote(admin));

type UsageInput = { by?: Person; account?: Person; at: string; model?: string; tokens?: number[]; cost?: string };
const insertUsage = ({ by = owner, account = owner, at, model = 'm', tokens = [], cost = '0' }: UsageInput) => {
  const [input = 0, output = 0, written = 0, read = 0, cached = 0] = tokens;
  return sql(
    `insert into usage_records (account_id, run_id, usage_type, model, user_id, input_tokens, output_tokens, cache_creation_input_tokens,
       cache_read_input_tokens, cached_tokens, cost_usd, recorded_at) values ($1, $2, 'llm', $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [account.accountId, randomUUID(), model, by.id, input, output, written, read, cached, cost, at],
  );
};
await insertUsage({ at: '2024-01-31T23:59:59.999Z', tokens: [1, 1], cost: '0.000001' });
await insertUsage({ at: '2024-02-01T00:00:00Z', tokens: [100, 50, 3, 4, 5], cost: '0.123456' });
await insertUsage({ at: '2024-02-01T23:59:59.999Z', tokens: [200, 100], model: 'big', cost: '0.1' });
await insertUsage({ at: '2024-02-29T12:30:00Z', by: member, tokens: [10, 5], model: 'Alpha', cost: '0.2' });
await insertUsage({ at: '2024-02-29T12:59:59Z', by: member, tokens: [5, 10], model: 'alpha' });
await insertUsage({ at: '2024-03-01T00:00:00Z', tokens: [7, 7] });
await insertUsage({ at: '2024-02-10T00:00:00Z', account: stranger, by: stranger, tokens: [2 ** 40, 1000], cost: '9999.999999' });
// The same user in another account.
await insertUsage({ at: '2024-02-10T00:00:00Z', account: member, by: member, tokens: [333, 0] });

const get = (path: string, { token }: Person, headers = {}) => call('GET', path, { token, headers });
const february = 'year=2024&month=2';
const days = 'start=2024-02-01&end=2024-02-29';

/** Storage usage of an account without data, with the default limits. */
const storage = {
  attachments: { used_bytes: 0, limit_bytes: 2 * 2 ** 30 },
  events: { used_bytes: 0, limit_bytes: 10 * 2 ** 30 },
  messages: { used_bytes: 0, limit_bytes: 2 ** 30 },
  workspaces: { used_bytes: 0, limit_bytes: 2 * 2 ** 30 },
};

describe('monthly usage', () => {
  const zeros = {
    total_input_tokens: 0,
    total_output_tokens: 0,
    total_cache_creation_tokens: 0,
    total_cache_read_tokens: 0,
    total_cached_tokens: 0,
    total_cost_usd: 0,
    record_count: 0,
  };

  test('of a user has their own runs in the active account, from the first millisecond of the month to the last', async () => {
    expect((await get(`/v1/me/usage?${february}`, owner)).body).toEqual({
      account_id: owner.accountId,
      year: 2024,
      month: 2,
      total_input_tokens: 300,
      total_output_tokens: 150,
      total_cache_creation_tokens: 3,
      total_cache_read_tokens: 4,
      total_cached_tokens: 5,
      total_cost_usd: 0.223456,
      record_count: 2,
      storage,
    });
    const ofMember = await get(`/v1/me/usage?${february}`, member, inOwners);
    expect(ofMember.body).toMatchObject({ account_id: owner.accountId, total_input_tokens: 15, record_count: 2 });
    expect((await get(`/v1/me/usage?${february}`, member)).body).toMatchObject({ account_id: member.accountId, total_input_tokens: 333 });
    expect(ofMember.headers.get('cache-control')).toBe('no-store');
  });

  test('of an account has the runs of all members, of the platform those of all accounts', async () => {
    const { body } = await get(`/v1/accounts/${owner.accountId}/usage?${february}`, owner);
    expect(body).toMatchObject({ account_id: owner.accountId, total_input_tokens: 315, total_cost_usd: 0.423456, record_count: 4 });
    const all = await get(`/v1/admin/usage/summary?${february}`, admin);
    expect(all.body).toMatchObject({ total_input_tokens: 2 ** 40 + 648, total_cost_usd: 10000.423455, record_count: 6 });
    for (const own of ['account_id', 'storage']) expect(all.body).not.toHaveProperty(own);
  });

  test('is zero without records, and defaults to the current month', async () => {
    const empty = await get('/v1/me/usage?year=2100&month=12', owner);
    expect([empty.status, empty.body]).toEqual([200, { account_id: owner.accountId, year: 2100, month: 12, ...zeros, storage }]);
    const now = new Date();
    const present = { year: now.getUTCFullYear(), month: now.getUTCMonth() + 1 };
    expect((await get('/v1/me/usage', owner)).body).toMatchObject({ ...present, ...zeros });
    expect((await get('/v1/me/usage?month=2', owner)).body).toMatchObject({ year: present.year, month: 2 });
    await insertUsage({ at: now.toISOString(), by: stranger, account: stranger, tokens: [9] });
    expect((await get('/v1/me/usage', stranger)).body.total_input_tokens).toBe(9);
  });

  test('an invalid month or year is rejected', async () => {
    for (const query of ['month=13', 'month=0', 'month=', 'month=1.5', 'month=x', 'year=1999', 'year=2101', 'year=20240'])
      for (const path of ['/v1/me/usage', '/v1/me/usage/by-model', `/v1/accounts/${owner.accountId}/usage`])
        expect([path, query, (await get(`${path}?${query}`, owner)).status]).toEqual([path, query, 400]);
  });
});

describe('daily and hourly usage', () => {
  test('has only days with records, in order', async () => {
    const { body } = await get(`/v1/accounts/${owner.accountId}/usage/daily?${days}`, owner);
    expect(body).toEqual([
      { date: '2024-02-01', input_tokens: 300, output_tokens: 150, cost_usd: 0.223456, record_count: 2 },
      { date: '2024-02-29', input_tokens: 15, output_tokens: 15, cost_usd: 0.2, record_count: 2 },
    ]);
    expect((await get(`/v1/me/usage/daily?${days}`, owner)).body).toEqual(body.slice(0, 1));
    expect((await get('/v1/me/usage/daily?start=2024-02-01&end=2024-02-01', owner)).body).toEqual(body.slice(0, 1));
    expect((await get('/v1/me/usage/daily?start=2024-02-02&end=2024-02-02', owner)).body).toEqual([]);
    const all = await get(`/v1/admin/usage/daily?${days}`, admin);
    expect(all.body.map(({ date, record_count: n }: any) => [date, n])).toEqual([
      ['2024-02-01', 2],
      ['2024-02-10', 2],
      ['2024-02-29', 2],
    ]);
  });

  test('hours are UTC timestamps', async () => {
    const { body } = await get(`/v1/accounts/${owner.accountId}/usage/hourly?${days}`, owner);
    expect(body.map(({ hour, record_count: n }: any) => [hour, n])).toEqual([
      ['2024-02-01T00:00:00.000Z', 1],
      ['2024-02-01T23:00:00.000Z', 1],
      ['2024-02-29T12:00:00.000Z', 2],
    ]);
    expect((await get(`/v1/me/usage/hourly?${days}`, member, inOwners)).body).toHaveLength(1);
    expect((await get(`/v1/admin/usage/hourly?${days}`, admin)).body).toHaveLength(4);
  });

  test('start and end are valid days in order, at most 366 days apart', async () => {
    const at = async (query: string) => (await get(`/v1/me/usage/daily?${query}`, owner)).status;
    expect(await at('start=2024-01-01&end=2024-12-31')).toBe(200);
    for (const query of [
      'start=2023-12-31&end=2024-12-31',
      'start=2024-02-02&end=2024-02-01',
      'start=2024-02-30&end=2024-03-01',
      'start=2023-02-29&end=2023-03-01',
      'start=2024-02-01',
      'end=2024-02-01',
      'start=0000-01-01&end=0000-01-02',
      'start=2024-2-1&end=2024-02-02',
      'start=2024-02-01T00:00:00Z&end=2024-02-02',
    ])
      expect([query, await at(query)]).toEqual([query, 400]);
    expect(await at('start=9999-12-30&end=9999-12-31')).toBe(200);
  });
});

test('models are sorted by tokens, then by name', async () => {
  const path = `/v1/accounts/${owner.accountId}/usage/by-model?${february}`;
  const { body } = await get(path, owner);
  expect(body.map(({ model }: { model: string }) => model)).toEqual(['big', 'm', 'Alpha', 'alpha']);
  expect(body[1]).toEqual({
    model: 'm',
    input_tokens: 100,
    output_tokens: 50,
    cache_creation_tokens: 3,
    cache_read_tokens: 4,
    cached_tokens: 5,
    cost_usd: 0.123456,
    record_count: 1,
  });
  expect((await get(`/v1/me/usage/by-model?${february}`, member, inOwners)).body).toHaveLength(2);
  expect((await get(`/v1/admin/usage/by-model?${february}`, admin)).body[0]).toMatchObject({ model: 'm', record_count: 3 });
});

describe('usage of an account', () => {
  const kinds = ['', '/daily', '/hourly', '/by-model'];
  const at = (id: string, kind: string) => `/v1/accounts/${id}/usage${kind}?${['', '/by-model'].includes(kind) ? february : days}`;

  test('returns 404 to non-members and 403 without the permission, and is open to platform admins', async () => {
    for (const kind of kinds) {
      expect((await get(at(owner.accountId, kind), stranger)).status).toBe(404);
      expect((await get(at(randomUUID(), kind), stranger)).status).toBe(404);
      expect(statusAndReason(await get(at(owner.accountId, kind), member))).toEqual([403, 'missing_permission']);
      expect((await get(at(owner.accountId, kind), admin)).status).toBe(200);
      expect((await get(at(randomUUID(), kind), admin)).status).toBe(404);
    }
  });

  test('is open to an API key of that account with the permission', async () => {
    const key = async (token: string, scopes?: string[]) =>
      (await call('POST', '/v1/api-keys', { token, body: { name: 'usage', ...(scopes && { scopes }) } })).body.key as string;
    const [full, narrow, ofAdmin] = [await key(owner.token), await key(owner.token, ['data.runs.read']), await key(admin.token)];
    const ask = async (token: string, id: string) => (await call('GET', at(id, ''), { token })).status;
    expect([await ask(full, owner.accountId), await ask(narrow, owner.accountId)]).toEqual([200, 403]);
    expect([await ask(full, stranger.accountId), await ask(ofAdmin, owner.accountId)]).toEqual([404, 404]);
    // A user's own usage requires no permission.
    expect((await call('GET', `/v1/me/usage?${february}`, { token: narrow })).body.record_count).toBe(2);
  });

  test('usage of the platform is open to platform admins only', async () => {
    for (const kind of ['summary', 'daily', 'hourly', 'by-model'])
      expect(
        statusAndReason(await get(`/v1/admin/usage/${kind}?${['summary', 'by-model'].includes(kind) ? february : days}`, owner)),
      ).toEqual([403, 'missing_permission']);
  });
});
