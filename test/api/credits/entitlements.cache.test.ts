import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../server/database/database.ts';
import type { Queryable } from '../../../server/database/sql.ts';
import { createCacheInvalidation, invalidationChannel } from '../../../server/pubsub/cacheInvalidation.ts';
import { openPostgresChannel } from '../../../server/pubsub/postgresChannel.ts';
import { enableSettingsCache, readEntitlements } from '../../../server/resources/settings/settings.ts';
import { startTestApp, testKeys } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote } = app;
const platformAdmin = await signUp();
await promote(platformAdmin);
const log = pino({ level: 'silent' });
const key = 'limit.team_members';

/** The connections of another process, and how often it queries entitlements. */
async function anotherProcess(configCacheTtlSeconds = 60) {
  const database = openDatabase(app.databaseUrl, { max: 2, log, applicationName: 'another process' });
  const channel = openPostgresChannel({ url: app.databaseUrl, database, topics: [invalidationChannel], log });
  const states: boolean[] = [];
  channel.onConnectionChange((up) => void states.push(up));
  enableSettingsCache(
    { config: { configCacheTtlSeconds }, keys: testKeys, database },
    createCacheInvalidation(channel, () => {}),
  );
  onTestFinished(async () => void (await Promise.all([channel.close(), database.close()])));
  let asked = 0;
  const through: Queryable = {
    ...database,
    rows: (statement, ...values) => {
      asked++;
      return database.rows(statement, ...values);
    },
  };
  await eventually(async () => states.at(-1), 'the channel');
  return {
    states,
    read: async (accountId: string) => (await readEntitlements(database, accountId, through))[key],
    readThrough: (accountId: string, other: Queryable) => readEntitlements(database, accountId, other),
    costOf: async (act: () => Promise<unknown>) => {
      const before = asked;
      await act();
      return asked - before;
    },
  };
}

const set = async (accountId: string, value: number, more: object = {}) => {
  const body = { account_id: accountId, key, value: String(value), value_type: 'integer', ...more };
  expect((await call('POST', '/v1/entitlement-overrides', { token: platformAdmin.token, body })).status).toBeLessThan(300);
};

test('a cached read runs no query, and every process hears of each change by any writer', async () => {
  const [{ accountId }, other] = [await signUp(), await signUp()];
  const { read, costOf } = await anotherProcess();
  expect(await costOf(() => read(accountId))).toBe(2);
  expect(await costOf(() => read(other.accountId))).toBe(1);
  const warm = await costOf(async () => {
    for (let at = 0; at < 50; at++) expect([await read(accountId), await read(other.accountId)]).toEqual([0, 0]);
  });
  expect(warm).toBe(0);
  await set(accountId, 3);
  await eventually(async () => (await read(accountId)) === 3, 'the override', 1_000);
  // Cached entitlements of other accounts stay.
  expect(await costOf(() => read(other.accountId))).toBe(0);
  await sql('delete from entitlement_overrides where account_id = $1', [accountId]);
  await eventually(async () => (await read(accountId)) === 0, 'its end', 1_000);
  await call('PUT', `/v1/admin/platform-settings/${key}`, { token: platformAdmin.token, body: { value: '9' } });
  await eventually(async () => (await read(accountId)) === 9 && (await read(other.accountId)) === 9, 'the setting', 1_000);
  await set(accountId, 4);
  await eventually(async () => (await read(accountId)) === 4, 'the override over the setting', 1_000);
  expect(await read(other.accountId)).toBe(9);
  await sql('delete from platform_settings');
});

test('a changed plan invalidates all of its accounts', async () => {
  const people = [await signUp(), await signUp()];
  const { read } = await anotherProcess();
  const planOf = (value: string) => ({ entitlements: [{ key, value, value_type: 'integer' }] });
  const { token } = platformAdmin;
  const plan = (await call('POST', '/v1/plans', { token, body: { name: 'Plan', display_name: 'Plan', ...planOf('5') } })).body;
  for (const { accountId } of people) {
    const period = { current_period_start: '2024-01-01T00:00:00Z', current_period_end: '2024-02-01T00:00:00Z' };
    await call('POST', '/v1/subscriptions', { token, body: { account_id: accountId, plan_id: plan.id, ...period } });
  }
  const values = async () => `${await Promise.all(people.map(({ accountId }) => read(accountId)))}`;
  await eventually(async () => (await values()) === '5,5', 'the plan', 1_000);
  await call('PATCH', `/v1/plans/${plan.id}`, { token, body: planOf('6') });
  await eventually(async () => (await values()) === '6,6', 'the change', 1_000);
  // An override with an invalid value is ignored.
  await sql(
    `insert into entitlement_overrides (account_id, key, id, value, value_type) values ($1, $2, gen_random_uuid(), 'many', 'integer')`,
    [people[0]!.accountId, key],
  );
  await new Promise((done) => setTimeout(done, 100));
  expect(await values()).toBe('6,6');
});

test('an override is re-read at its expiry, although no change is announced', async () => {
  const { accountId } = await signUp();
  const { read, costOf } = await anotherProcess();
  const end = Date.now() + 1_000;
  await set(accountId, 3, { expires_at: new Date(end).toISOString() });
  await eventually(async () => (await read(accountId)) === 3, 'the override', 900);
  await eventually(async () => (await costOf(() => read(accountId))) === 0, 'the memory of it', 900);
  await new Promise((done) => setTimeout(done, end - Date.now() + 2));
  expect(await read(accountId)).toBe(0);
});

test('while the channel is down nothing is cached, and after it recovers nothing stale is used', async () => {
  const { accountId } = await signUp();
  const { read, costOf, states } = await anotherProcess();
  await read(accountId);
  const lost = states.length;
  await sql(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'arkloop channel' and datname = current_database()`,
  );
  await eventually(async () => states.length > lost, 'the loss');
  expect(states[lost]).toBe(false);
  if (states.at(-1) === false) expect(await costOf(() => read(accountId))).toBeGreaterThan(0);
  await set(accountId, 8);
  expect(await read(accountId)).toBe(8);
  await eventually(async () => states.at(-1), 'the recovery');
  await read(accountId);
  expect(await costOf(() => read(accountId))).toBe(0);
});

test('without a cache every read runs a query', async () => {
  const { accountId } = await signUp();
  const { read, costOf } = await anotherProcess(0);
  await read(accountId);
  expect(await costOf(() => read(accountId))).toBe(2);
});

test('a database error is thrown and not cached', async () => {
  const { accountId } = await signUp();
  const { read, readThrough } = await anotherProcess();
  const down = async () => Promise.reject(new Error('down'));
  await expect(readThrough(accountId, { rows: down, row: down, run: down })).rejects.toThrow('down');
  await set(accountId, 2);
  expect(await read(accountId)).toBe(2);
});

test('a transaction reads its own changes, and others do not', async () => {
  const { accountId } = await signUp();
  const { database } = app;
  const seen: number[] = [];
  const undone = database.transaction(async (tx) => {
    await tx.rows(
      {
        name: 'own',
        text: `insert into entitlement_overrides (account_id, key, id, value, value_type) values ($1, $2, gen_random_uuid(), '5', 'integer')`,
        parameters: ['accountId', 'key'],
        isShort: false,
        needsSynchronousCommit: false,
      },
      { accountId, key },
    );
    seen.push((await readEntitlements(tx, accountId))[key], (await readEntitlements(database, accountId))[key]);
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  expect([...seen, (await readEntitlements(database, accountId))[key]]).toEqual([5, 0, 0]);
});
