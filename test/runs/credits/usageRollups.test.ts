import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { concurrently } from '../../support/checks/race.ts';
import { addRuns, charge, expectUsageRollups, noFreeTierPolicy } from '../../support/credits/credits.ts';

const app = await startTestApp({}, { worker: false });
const { sql, signUp } = app;
const [owner, other] = await concurrently(2, () => signUp());
const people = [owner!, other!];

/** Records of both accounts, some without a user, in two months, several hours and three models. */
const insertRecords = (count: number) =>
  sql(
    `insert into usage_records (account_id, run_id, usage_type, model, user_id, input_tokens, output_tokens, cache_creation_input_tokens,
       cache_read_input_tokens, cached_tokens, cost_usd, recorded_at)
     select (array[$1, $2]::uuid[])[1 + n % 2], gen_random_uuid(), 'llm', 'model ' || n % 3, case when n % 5 > 0 then $3::uuid end, n, 2 * n, n % 4, n % 6,
       n % 7, n * 0.000001, timestamptz '2025-12-31T20:00:00Z' + n * interval '17 minutes' from generate_series(1, $4::int) n`,
    [owner!.accountId, other!.accountId, owner!.id, count],
  );

test('the rollups follow inserted, changed and deleted usage records', async () => {
  await insertRecords(60);
  await expectUsageRollups(app);
  await sql(
    `update usage_records set input_tokens = 2 ^ 40, cost_usd = 0.1, recorded_at = recorded_at + interval '40 days' where input_tokens % 3 = 0`,
  );
  await sql(`update usage_records set model = 'other', user_id = null where output_tokens % 8 = 0`);
  await expectUsageRollups(app);
  await sql('delete from usage_records where input_tokens % 2 = 1');
  await expectUsageRollups(app);
  // A rollup without records is not reported.
  await sql(`delete from usage_records where account_id = $1`, [other!.accountId]);
  const { body } = await app.call('GET', '/v1/me/usage/daily?start=2025-12-31&end=2026-03-01', { token: other!.token });
  expect(body).toEqual([]);
});

test('the rollups are rebuilt from the records', async () => {
  await insertRecords(40);
  const rows = () => sql('select * from usage_rollups where record_count > 0 order by account_id, user_id, grain, starts_at, model');
  const before = await rows();
  await sql(`update usage_rollups set input_tokens = 0`);
  await sql(`delete from platform_usage_rollups`);
  await expect(expectUsageRollups(app)).rejects.toThrow();
  await sql('select rebuild_usage_rollups()');
  await expectUsageRollups(app);
  expect(await rows()).toEqual(before);
});

test('runs of several accounts that end at once are counted exactly, without deadlocks', async () => {
  await setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy });
  const deadlocks = async () => (await sql('select deadlocks from pg_stat_database where datname = current_database()'))[0].deadlocks;
  const before = await deadlocks();
  const runs = (
    await Promise.all(people.map(async (person) => (await addRuns(app, person, 40)).map((runId) => ({ person, runId }))))
  ).flat();
  const costOf = (at: number) => ({
    usage: { input_tokens: 1_000 + at, output_tokens: at },
    cost: at % 3 === 0 ? '0' : `0.00000${1 + (at % 9)}`,
  });
  const shuffled = runs.map((each) => ({ ...each, key: randomUUID() })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  await Promise.all(shuffled.map(({ person, runId }, at) => charge(app, person, runId, costOf(at))));
  await expectUsageRollups(app);
  const [{ n }] = await sql(`select sum(record_count)::int as n from usage_rollups where grain = 'month' and model = 'gpt-test'`);
  expect(n).toBe(80);
  expect(await deadlocks()).toBe(before);
});

test('the counts of users and accounts follow every change, also after a merge', async () => {
  const { deleteExpiredRows } = await import('../../../server/jobs/housekeeping.ts');
  const retention = { auditRetentionDays: 365, runEventsRetentionMonths: 3, notificationRetentionDays: 0, webhookRetentionDays: 30 };
  const merge = () => deleteExpiredRows(app.database, retention);
  const counts = async () => {
    const [row] = await sql(`select
      (select coalesce(sum(change), 0)::int from directory_count_changes where subject = 'user') as users,
      (select coalesce(sum(change), 0)::int from directory_count_changes where subject = 'account') as accounts,
      (select count(*)::int from users u join credentials c on c.user_id = u.id where u.status <> 'deleted') as "storedUsers",
      (select count(*)::int from accounts where deleted_at is null) as "storedAccounts"`);
    expect([row.users, row.accounts]).toEqual([row.storedUsers, row.storedAccounts]);
    return row as { users: number; accounts: number };
  };
  const active = async () =>
    (
      await sql(
        `select coalesce(sum(change), 0)::int as n from directory_count_changes where last_login_on >= (now() at time zone 'UTC')::date - 30`,
      )
    )[0].n as number;
  const before = await counts();
  const people = await Promise.all([signUp(), signUp(), signUp()]);
  const ids = people.map(({ id }) => id);
  await sql('update users set last_login_at = now() where id = any($1)', [ids]);
  const all = await active();
  await merge();
  expect(await counts()).toMatchObject({ users: before.users + 3, accounts: before.accounts + 3 });
  await sql(`update users set last_login_at = now() - interval '40 days' where id = any($1)`, [ids]);
  await sql(`update users set last_login_at = now() - interval '30 days' where id = $1`, [ids[0]]);
  expect(await active()).toBe(all - 2);
  await merge();
  await sql(`update users set last_login_at = now() where id = $1`, [ids[1]]);
  await sql(`update users set last_login_at = last_login_at + interval '1 millisecond' where id = any($1)`, [ids]);
  await sql(`update users set status = 'suspended' where id = $1`, [ids[0]]);
  await sql(`update users set status = 'deleted' where id = $1`, [ids[2]]);
  await sql(`update accounts set deleted_at = now() where id = $1`, [people[2]!.accountId]);
  expect(await active()).toBe(all - 1);
  await merge();
  expect([await active(), await counts()]).toMatchObject([all - 1, { users: before.users + 3 - 1, accounts: before.accounts + 3 - 1 }]);
});

test('the count of runs follows created and deleted runs, also after a merge', async () => {
  const { deleteExpiredRows } = await import('../../../server/jobs/housekeeping.ts');
  const retention = { auditRetentionDays: 365, runEventsRetentionMonths: 3, notificationRetentionDays: 0, webhookRetentionDays: 30 };
  const counts = async () =>
    (await sql('select (select sum(change)::int from run_count_changes) as counted, (select count(*)::int from runs) as runs'))[0];
  await addRuns(app, owner!, 3);
  const { runs } = await counts();
  expect(await counts()).toEqual({ counted: runs, runs });
  await concurrently(3, async (at) => (at === 1 ? deleteExpiredRows(app.database, retention) : addRuns(app, other!, 5)));
  expect(await counts()).toEqual({ counted: runs + 10, runs: runs + 10 });
  await sql(`delete from runs where account_id = $1`, [other!.accountId]);
  await deleteExpiredRows(app.database, retention);
  const after = await counts();
  expect(after.counted).toBe(after.runs);
  const days = () =>
    sql(
      `select change::int as runs, created_on = (now() at time zone 'UTC')::date as "isToday" from run_count_changes order by created_on`,
    );
  expect(await days()).toEqual([{ runs: after.runs, isToday: true }]);
  await sql('update run_count_changes set created_on = created_on - 1');
  await addRuns(app, owner!, 2);
  await deleteExpiredRows(app.database, retention);
  expect(await days()).toEqual([
    { runs: 2, isToday: true },
    { runs: after.runs, isToday: null },
  ]);
});
