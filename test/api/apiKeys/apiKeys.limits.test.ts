import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Queryable } from '../../../server/database/sql.ts';
import { createKeyRequestCounter, type KeyRequests } from '../../../server/http/access/keyRequests.ts';
import { startApi } from '../../../server/processes/api.ts';
import { expectWithin } from '../../support/app/expectWithin.ts';
import { recordStatements } from '../../support/app/recordStatements.ts';
import { startTestApp, testKeys } from '../../support/app/testApp.ts';
import { concurrently, tally } from '../../support/checks/race.ts';
import { callTo } from '../../support/http/call.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { openThread } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const { call, sql, signUp, database, databaseUrl, config } = await startTestApp({}, { worker: false });

const keyOf = async (token: string, limits: object = {}) =>
  (await call('POST', '/v1/api-keys', { token, body: { name: 'a key', limits } })).body;
const threads = (token: string) => call('GET', '/v1/threads', { token });
const usage = async (token: string, id: string) => (await call('GET', `/v1/api-keys/${id}/usage`, { token })).body;

test('a process admits exactly the requests of a limit, tells which one is reached, and applies a new limit at once', async () => {
  const { token } = await signUp();
  // No period ends meanwhile.
  vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(Date.now() / 60_000) * 60_000 + 1_000 });
  onTestFinished(() => void vi.useRealTimers());
  for (const budget of ['requests_per_minute', 'requests_per_day', 'requests_per_month', 'requests_total']) {
    const { id, key } = await keyOf(token, { [budget]: 5 });
    expect(tally(await concurrently(12, () => threads(key)))).toEqual({ '200': 5, '429 key_requests_exhausted': 7 });
    const refused = await threads(key);
    expect([budget, refused.body.error, refused.body.details]).toEqual([
      budget,
      'rate_limit',
      {
        reason: 'key_requests_exhausted',
        budget,
        limit: 5,
        used: 5,
        resets_at: budget === 'requests_total' ? null : expect.stringMatching(/:00\.000Z$/),
      },
    ]);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(budget === 'requests_per_minute' ? 60 : 86_400);
    // A rejected request is not counted, whatever the operation.
    expect(statusAndReason(await call('POST', '/v1/threads', { token: key, body: {} }))).toEqual([429, 'key_requests_exhausted']);
    const openAi = await call('GET', '/v1/models', { token: key });
    expect([openAi.status, openAi.body.error.type]).toEqual([429, 'rate_limit_error']);
    await call('PATCH', `/v1/api-keys/${id}`, { token, body: { limits: { [budget]: 6 } } });
    expect([(await threads(key)).status, (await threads(key)).status]).toEqual([200, 429]);
    await call('PATCH', `/v1/api-keys/${id}`, { token, body: { limits: { [budget]: null } } });
    expect((await threads(key)).status).toBe(200);
  }
});

test('processes learn of the requests of one another, earlier days count, and a restart forgets nothing', async () => {
  const { token, accountId } = await signUp();
  const { id, key } = await keyOf(token, { requests_total: 10, requests_per_month: 1_000 });
  // On the first of a month, this day belongs to the month before.
  await sql(
    `insert into api_key_usage (account_id, api_key_id, day, requests, credits) values ($1, $2, (now() at time zone 'utc')::date - 1, 4, 9)`,
    [accountId, id],
  );
  const start = () => startApi({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
  const other = await start();
  const there = (secret = key) => callTo(other.address)('GET', '/v1/threads', { token: secret });
  expect([(await there()).status, (await threads(key)).status, (await there()).status]).toEqual([200, 200, 200]);
  expect(await concurrently(3, () => threads(key)).then(tally)).toEqual({ '200': 3 });
  // 4 earlier, 4 here and 2 there. This process waits for no request of the other.
  await expectWithin(15_000, async () => Number((await usage(token, id)).day.requests), 6);
  // Once the other process rejects a second key, it has forgotten the row of the first, and reads it again.
  const second = await keyOf(token);
  expect((await there(second.key)).status).toBe(200);
  await call('DELETE', `/v1/api-keys/${second.id}`, { token });
  await expectWithin(15_000, async () => (await there(second.key)).status, 401);
  expect([(await threads(key)).status, (await there()).status]).toEqual([429, 429]);
  await other.shutDown();
  const again = await start();
  expect(statusAndReason(await callTo(again.address)('GET', '/v1/threads', { token: key }))).toEqual([429, 'key_requests_exhausted']);
  await again.shutDown();
  expect(await usage(token, id)).toMatchObject({
    api_key_id: id,
    total: { requests: 10, credits: 9 },
  });
});

test('counting sends no statement in a request, and a shutdown stores what is counted', async () => {
  const { token } = await signUp();
  const { id, key } = await keyOf(token);
  const other = await startApi({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
  const there = () => callTo(other.address)('GET', '/v1/threads', { token: key });
  await there();
  const { texts, stop } = recordStatements(database);
  await concurrently(5, there);
  stop();
  expect(texts.filter((text) => text.includes('api_key'))).toEqual([]);
  await other.shutDown();
  expect((await usage(token, id)).day.requests).toBe(6);
});

test('counts start again with the minute, the day and the month, and survive a failed store', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: Date.parse('2026-01-30T23:58:30Z') });
  try {
    const stored: { day: string; counts: number[] }[] = [];
    let isDown = true;
    const db = {
      rows: async (_: unknown, { day, counts }: { day: string; counts: number[] }) => {
        if (isDown) throw new Error('down');
        stored.push({ day, counts });
        return [];
      },
    } as unknown as Queryable;
    const failed = vi.fn();
    const counter = createKeyRequestCounter(db, failed);
    const key: KeyRequests = {
      ...{ key_id: 'k', account_id: 'a', requests_per_minute: 2, requests_per_day: 5, requests_per_month: 8, requests_total: 12 },
      ...{ day: '2026-01-30', requests_today: 1, minute: null, requests_in_minute: 0, requests_earlier_in_month: 1, requests_earlier: 2 },
    };
    const admitted = (times: number) =>
      Array.from({ length: times }, () => {
        try {
          counter.count(key);
          return '';
        } catch (error) {
          return (error as { details: { budget: string } }).details.budget;
        }
      });
    const goTo = (time: string) => vi.setSystemTime(Date.parse(time));
    expect(admitted(3)).toEqual(['', '', 'requests_per_minute']);
    goTo('2026-01-30T23:59:00Z');
    expect(admitted(3)).toEqual(['', '', 'requests_per_day']);
    await counter.store();
    expect(failed).toHaveBeenCalledOnce();
    isDown = false;
    await counter.store();
    expect(stored).toEqual([{ day: '2026-01-30', counts: [4] }]);
    goTo('2026-01-31T00:00:00Z');
    expect(admitted(3)).toEqual(['', '', 'requests_per_month']);
    goTo('2026-02-01T00:00:00Z');
    expect(admitted(3)).toEqual(['', '', 'requests_per_minute']);
    goTo('2026-02-01T00:01:00Z');
    expect(admitted(2)).toEqual(['', 'requests_total']);
    await counter.close();
    expect(stored.at(-1)).toEqual({ day: '2026-02-01', counts: [5] });
  } finally {
    vi.useRealTimers();
  }
});

test('after midnight, the requests of earlier days are not forgotten', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: Date.parse('2026-01-31T00:00:00Z') });
  try {
    const limitsOf = (requests_per_month: number | null, requests_total: number | null): KeyRequests => ({
      ...{ key_id: 'k', account_id: 'a', requests_per_minute: null, requests_per_day: null, requests_per_month, requests_total },
      ...{ day: '2026-01-30', requests_today: 3, minute: null, requests_in_minute: 0, requests_earlier_in_month: 2, requests_earlier: 9 },
    });
    const counting = (rows?: () => Promise<object[]>) => createKeyRequestCounter({ rows } as unknown as Queryable, vi.fn());
    const used = (counter: ReturnType<typeof counting>, key: KeyRequests) => {
      try {
        counter.count(key);
        return 0;
      } catch (error) {
        return (error as { details: { used: number } }).details.used;
      }
    };
    // A process that has read the key yesterday, and has served it never, or not for some minutes.
    expect([used(counting(), limitsOf(null, 12)), used(counting(), limitsOf(5, null))]).toEqual([12, 5]);
    vi.setSystemTime(Date.parse('2026-02-01T00:00:00Z'));
    expect([used(counting(), limitsOf(null, 12)), used(counting(), limitsOf(5, null))]).toEqual([12, 0]);
    // A process that asks before midnight, serves a request after it, and only then learns of two requests of others.
    vi.setSystemTime(Date.parse('2026-01-30T23:59:59Z'));
    const key = { ...limitsOf(null, 12), requests_today: 0 };
    const counter = counting(async () => {
      vi.setSystemTime(Date.parse('2026-01-31T00:00:00Z'));
      expect(used(counter, key)).toBe(0);
      return [{ api_key_id: 'k', requests: 3, minute: '2026-01-30T23:59:00.000Z', minute_requests: 3 }];
    });
    expect(used(counter, key)).toBe(0);
    await counter.store();
    expect(used(counter, key)).toBe(13);
  } finally {
    vi.useRealTimers();
  }
});

test('keys with limits are stored at once after a pause, then once a second, and the others every ten seconds', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'], now: Date.parse('2026-01-30T12:00:00Z') });
  try {
    const batches: string[] = [];
    const rows = async (_: unknown, { ids }: { ids: string[] }) => {
      batches.push(ids.join(' '));
      return [];
    };
    const counter = createKeyRequestCounter({ rows } as unknown as Queryable, vi.fn());
    const count = (key_id: string, requests_total: number | null) =>
      counter.count({
        ...{ key_id, account_id: 'a', requests_per_minute: null, requests_per_day: null, requests_per_month: null, requests_total },
        ...{ day: '2026-01-30', requests_today: 0, minute: null, requests_in_minute: 0, requests_earlier_in_month: 0, requests_earlier: 0 },
      });
    const after = async (ms: number) => {
      await vi.advanceTimersByTimeAsync(ms);
      return batches.splice(0);
    };
    count('limited', 100);
    count('other', null);
    expect(await after(50)).toEqual(['limited']);
    count('limited', 100);
    expect([await after(900), await after(100)]).toEqual([[], ['limited']]);
    expect([await after(8_000), await after(1_000)]).toEqual([[], ['other']]);
    count('limited', 100);
    expect(await after(50)).toEqual(['limited']);
    count('other', null);
    count('limited', 100);
    await counter.close();
    expect(batches).toEqual(['limited other']);
  } finally {
    vi.useRealTimers();
  }
});

test('concurrent starts of a key reserve no more than its budget, and other credentials are not affected', async () => {
  const person = await signUp();
  const { id, key } = await keyOf(person.token, { credits_per_day: 25, credits_total: 1_000 });
  const start = async (token: string) => call('POST', `/v1/threads/${await openThread({ call }, person)}/runs`, { token, body: {} });
  const answers = await concurrently(12, () => start(key));
  // Each reserves 10 credits, and the third the 5 that are left.
  expect(tally(answers)).toEqual({ '201': 3, '402 key_budget_exhausted': 9 });
  expect(answers.find(({ status }) => status === 402)!.body).toMatchObject({
    error: 'billing.insufficient_credits',
    details: { budget: 'credits_per_day', limit: 25, used: 0, reserved: 25, resets_at: expect.stringMatching(/T00:00:00\.000Z$/) },
  });
  expect(await usage(person.token, id)).toMatchObject({ reserved_credits: 25, day: { credits: 0 } });
  const completion = await call('POST', '/v1/chat/completions', {
    token: key,
    body: { model: 'stub', messages: [{ role: 'user', content: 'Hello' }] },
  });
  expect([completion.status, completion.body.error.code, completion.body.details.reason]).toEqual([
    402,
    'insufficient_quota',
    'key_budget_exhausted',
  ]);
  const second = await keyOf(person.token, { credits_total: 1 });
  expect([(await start(person.token)).status, (await start(second.key)).status, (await start(second.key)).status]).toEqual([201, 201, 402]);
});
