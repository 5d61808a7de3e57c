import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { deleteExpiredRows, removeExpiredThreads } from '../../server/jobs/housekeeping.ts';
import { createPartitions, removeOldAuditLog, removeOldEvents } from '../../server/jobs/partitions/maintainPartitions.ts';
import { firstIdOf } from '../../server/platform/crypto/ids.ts';
import { metricsEvents } from '../../server/platform/telemetry/metricsEvents.ts';
import { runHousekeeping } from '../../server/processes/worker.ts';
import { chat } from '../support/agent/vendor.ts';
import { addVendorModel } from '../support/agent/vendorModel.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { openStream, readAll, types } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';
import { useDatabaseClock } from '../support/world/sameClock.ts';

useDatabaseClock();
const app = await startTestApp();
const { database, sql, call, url } = app;
const log = pino({ level: 'silent' });
const bob = await app.signUp();

async function privateThread({ token }: Person) {
  const { body } = await call('POST', '/v1/threads', { token, body: { is_private: true, title: 'Secret' } });
  await call('POST', `/v1/threads/${body.id}/messages`, { token, body: { content: 'Hush' } });
  return body.id as string;
}
const expire = (threadId: string) => sql(`update threads set expires_at = now() - interval '1 minute' where id = $1`, [threadId]);
const leftOf = async (threadId: string, runId: string) => {
  const [row] = await sql(
    `select (select count(*) from threads where id = $1) as threads, (select count(*) from messages where thread_id = $1) as messages,
      (select count(*) from runs where thread_id = $1) as runs, (select count(*) from run_events where run_id = $2) as events`,
    [threadId, runId],
  );
  return row;
};

test('an expired private thread is deleted with its messages, runs and events, and nothing else', async () => {
  const threadId = await privateThread(bob);
  const runId = await startRun(app, bob, threadId);
  await readAll(url, runId, bob.token);
  const others = [await openThread(app, bob), await privateThread(bob)];
  const kept = await startRun(app, bob, others[0]!);
  const events = await readAll(url, kept, bob.token);
  await expire(threadId);
  expect(await removeExpiredThreads(database)).toEqual([]);
  expect(await leftOf(threadId, runId)).toEqual({ threads: 0, messages: 0, runs: 0, events: 0 });
  for (const id of others) expect(await call('GET', `/v1/threads/${id}`, { token: bob.token })).toMatchObject({ status: 200 });
  expect(await readAll(url, kept, bob.token)).toEqual(events);
  expect(await sql('select 1 from usage_records where run_id = $1', [runId])).toHaveLength(1);
});

test('an active run of an expired thread is cancelled first, with complete events', async () => {
  const vendor = await addVendorModel(app, bob);
  vendor.respondWith({ steps: [chat.text('x'), 'stall'] });
  const threadId = await privateThread(bob);
  const runId = await startRun(app, bob, threadId);
  const reader = await openStream(url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  await expire(threadId);
  expect(await removeExpiredThreads(database)).toEqual([runId]);
  await sql(`select pg_notify('arkloop_runs', $1)`, [runId]);
  await reader.ended;
  expect(types(reader.events).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  expect(await sql('select 1 from usage_records where run_id = $1', [runId])).toHaveLength(1);
  expect(await removeExpiredThreads(database)).toEqual([]);
  expect(await leftOf(threadId, runId)).toEqual({ threads: 0, messages: 0, runs: 0, events: 0 });
  await vendor.close();
});

const namesOf = async (table: string) =>
  (
    await sql(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass order by 1`,
      [table],
    )
  ).map(({ name }) => name as string);
const months = (table: string, ...names: string[]) => [...names, 'default'].map((name) => `${table}_${name}`);
const insertEvents = async (ids: readonly string[]) => {
  for (const id of ids)
    await sql(
      `insert into run_events (run_id, seq, event_id, type, data, created_at) values ($1, 1, gen_random_uuid(), 'run.started', '{}', now())`,
      [id],
    );
};

const keep = async (now: string) => {
  await createPartitions({ database, log, tables: ['run_events'] }, new Date(now));
  await removeOldEvents({ database, months: 3, log }, new Date(now));
};
const exists = async (table: string) => (await sql('select to_regclass($1) is not null as found', [table]))[0].found;

test('partitions exist for this month and the next two, and are detached after the retention period', async () => {
  await keep('2041-11-30T23:59:59.999Z');
  expect(await namesOf('run_events')).toEqual(months('run_events', '2041_11', '2041_12', '2042_01'));
  await keep('2042-02-01T00:00:00Z');
  await keep('2042-02-28T12:00:00Z');
  expect(await namesOf('run_events')).toEqual(months('run_events', '2041_11', '2041_12', '2042_01', '2042_02', '2042_03', '2042_04'));
  await keep('2042-03-01T00:00:00Z');
  expect(await namesOf('run_events')).not.toContain('run_events_2041_11');
  const edge = [firstIdOf(new Date(Date.UTC(2042, 1, 1) - 1)), firstIdOf(new Date('2042-02-01T00:00:00Z'))];
  await insertEvents(edge);
  const where = await sql('select tableoid::regclass::text as name from run_events where run_id = any ($1::uuid[]) order by run_id', [
    edge,
  ]);
  expect(where).toEqual([{ name: 'run_events_2042_01' }, { name: 'run_events_2042_02' }]);
});

test('after a downtime of a year, partitions are made again and everything older is dropped, also what no partition was made for', async () => {
  const unprepared = ['2042-11-15', '2043-01-02', '2043-03-04'].map((day) => firstIdOf(new Date(day)));
  await insertEvents(unprepared);
  await keep('2043-03-05T00:00:00Z');
  // March already has an event, so its events stay in the default partition.
  expect(await namesOf('run_events')).toEqual(months('run_events', '2043_04', '2043_05'));
  const left = await sql('select run_id from run_events where run_id = any ($1::uuid[]) order by 1', [unprepared]);
  expect(left.map(({ run_id }) => run_id)).toEqual(unprepared.slice(1));
  await keep('2043-04-05T00:00:00Z');
  await keep('2043-06-05T00:00:00Z');
  expect(await namesOf('run_events')).toEqual(months('run_events', '2043_04', '2043_05', '2043_06', '2043_07', '2043_08'));
  await keep('2043-07-05T00:00:00Z');
  expect(await sql('select run_id from run_events where run_id = any ($1::uuid[])', [unprepared])).toEqual([]);
});

test('partitions are made and dropped without waiting for a long read, so inserts go on', async () => {
  const client = await database.pool.connect();
  onTestFinished(() => client.release());
  await client.query('begin; select count(*) from run_events');
  const keeping = keep('2043-08-05T00:00:00Z');
  const inserted = Array.from({ length: 20 }, (_, n) => firstIdOf(new Date(Date.UTC(2043, 6, 10, n))));
  await Promise.all([keeping, insertEvents(inserted)]);
  expect(await namesOf('run_events')).toContain('run_events_2043_04');
  await client.query('rollback');
  await Promise.all([
    keep('2043-08-05T00:00:00Z'),
    keep('2043-08-05T00:00:00Z'),
    insertEvents(inserted.map((id) => id.replace(/0$/, '1'))),
  ]);
  expect(await namesOf('run_events')).not.toContain('run_events_2043_04');
});

test('the audit log has partitions made ahead, and those without entries of the retention period are dropped', async () => {
  const keep = async (now: string, days = 60) => {
    await createPartitions({ database, log, tables: ['audit_logs'] }, new Date(now));
    await removeOldAuditLog({ database, days, log }, new Date(now));
  };
  const existing = (await namesOf('audit_logs')).slice(0, -1);
  await keep('2051-01-31T00:00:00Z', 0);
  const made = ['2051_01', '2051_02', '2051_03'];
  expect(await namesOf('audit_logs')).toEqual([...existing, ...months('audit_logs', ...made)]);
  const ids = ['2051-01-10', '2051-02-10'].map((day) => firstIdOf(new Date(day)));
  for (const [at, id] of ids.entries())
    await sql(
      `insert into audit_logs (id, action, target_type, trace_id, created_at) values ($1, 'sample.month', 'sample', repeat('0', 32), $2)`,
      [id, ['2051-01-10', '2051-05-01'][at]],
    );
  const found = await sql(`select tableoid::regclass::text as name from audit_logs where action = 'sample.month' order by 1`);
  expect(found).toEqual([{ name: 'audit_logs_2051_01' }, { name: 'audit_logs_2051_02' }]);
  await keep('2051-04-01T00:00:00Z');
  expect(await namesOf('audit_logs')).toContain('audit_logs_2051_01');
  // An entry of February has a later time than its id.
  await keep('2051-05-15T00:00:00Z');
  expect(await namesOf('audit_logs')).toEqual(
    months('audit_logs', ...['02', '03', '04', '05', '06', '07'].map((month) => `2051_${month}`)),
  );
  await keep('2051-12-15T00:00:00Z', 0);
  expect(await namesOf('audit_logs')).toContain('audit_logs_2051_02');
});

test('a detached partition is dropped a day later, and attached again if it is not past the retention', async () => {
  await keep('2061-01-10T00:00:00Z');
  const [old, late] = ['2061-01-10', '2061-01-20'].map((day) => firstIdOf(new Date(day))) as [string, string];
  await insertEvents([old]);
  await keep('2061-05-01T00:00:00Z');
  const january = 'run_events_2061_01';
  expect([(await namesOf('run_events')).includes(january), await exists(january)]).toEqual([false, true]);
  // The clock of the database was wrong and is right again. Meanwhile, a row went to the default partition.
  await insertEvents([late]);
  await keep('2061-01-25T00:00:00Z');
  const found = await sql('select run_id, tableoid::regclass::text as name from run_events where run_id = any ($1::uuid[]) order by 1', [
    [old, late],
  ]);
  expect(found).toEqual([old, late].map((run_id) => ({ run_id, name: january })));
  await keep('2061-05-01T00:00:00Z');
  await keep('2061-05-01T23:59:59Z');
  expect(await exists(january)).toBe(true);
  await keep('2061-05-02T00:00:01Z');
  expect(await exists(january)).toBe(false);
});

test('a partition with a new row is neither detached nor dropped', async () => {
  await keep('2071-01-10T00:00:00Z');
  const [first, second] = ['2071-01-10', '2071-01-11'].map((day) => firstIdOf(new Date(day))) as [string, string];
  await insertEvents([first, second]);
  const january = 'run_events_2071_01';
  const write = (id: string, at: string) => sql('update run_events set created_at = $2 where run_id = $1', [id, at]);
  await write(first, '2071-06-01');
  await keep('2071-06-01T00:00:00Z');
  expect(await namesOf('run_events')).toContain(january);
  await write(first, '2071-01-31');
  await keep('2071-06-01T00:00:00Z');
  expect(await namesOf('run_events')).not.toContain(january);
  await sql(`update ${january} set created_at = '2071-06-02' where run_id = $1`, [second]);
  await keep('2071-06-03T00:00:00Z');
  expect(await namesOf('run_events')).toContain(january);
});

test('audit log entries are kept 30 days and idempotency keys 24 hours', async () => {
  const entry = (days: number) =>
    sql(
      `insert into audit_logs (id, action, target_type, trace_id, created_at)
       values (gen_random_uuid(), 'sample.entry', 'sample', repeat('0', 32), now() - $1 * interval '1 day')`,
      [days],
    );
  const key = (hours: number) =>
    sql(
      `insert into idempotency_keys (scope_hash, request_hash, claim_id, claimed_at)
       values ('sample ' || $1, '', gen_random_uuid(), now() - $1::int * interval '1 hour')`,
      [hours],
    );
  for (const days of [1, 29, 31]) await entry(days);
  for (const hours of [1, 25]) await key(hours);
  await deleteExpiredRows(database, {
    auditRetentionDays: 30,
    runEventsRetentionMonths: 3,
    notificationRetentionDays: 0,
    webhookRetentionDays: 30,
  });
  expect(
    await sql(`select extract(day from now() - created_at)::int as days from audit_logs where action = 'sample.entry' order by 1`),
  ).toEqual([{ days: 1 }, { days: 29 }]);
  await deleteExpiredRows(database, {
    auditRetentionDays: 0,
    runEventsRetentionMonths: 3,
    notificationRetentionDays: 0,
    webhookRetentionDays: 30,
  });
  expect(await sql(`select id from audit_logs where action = 'sample.entry'`)).toHaveLength(2);
  expect(await sql(`select scope_hash from idempotency_keys where scope_hash like 'sample %'`)).toEqual([{ scope_hash: 'sample 1' }]);
});

test('notifications are kept forever, or for a number of days', async () => {
  const [user, other] = [await app.signUp(), await app.signUp()];
  for (const { id, accountId } of [user, other])
    for (const days of [1, 29, 31, 400])
      await sql(
        `insert into notifications (account_id, user_id, type, title, body, payload, created_at)
         values ($1, $2, 'sample.age', $3::int::text, '', '{}', now() - $3::int * interval '1 day')`,
        [accountId, id, String(days)],
      );
  const titles = async ({ id }: { id: string }) =>
    (await sql(`select title from notifications where user_id = $1 and type = 'sample.age' order by created_at desc`, [id])).map(
      ({ title }: { title: string }) => title,
    );
  const retention = { auditRetentionDays: 0, runEventsRetentionMonths: 3, webhookRetentionDays: 30 };
  await deleteExpiredRows(database, { ...retention, notificationRetentionDays: 0 });
  expect(await titles(user)).toEqual(['1', '29', '31', '400']);
  await deleteExpiredRows(database, { ...retention, notificationRetentionDays: 30 });
  expect([await titles(user), await titles(other)]).toEqual([
    ['1', '29'],
    ['1', '29'],
  ]);
});

test('a schedule without further times is deleted 90 days after its time and its last change, or after 1,000 newer ones', async () => {
  const [user, other] = [await app.signUp(), await app.signUp()];
  const add = (days: number, changed: number, status = 'completed') =>
    sql(
      `insert into schedules (account_id, id, created_by_user_id, name, run_at, timezone, input, missed, overlap, status, next_run_at, updated_at)
       values ($1, gen_random_uuid(), $2, $3 || ' ' || $5, now() - $3::int * interval '1 day', 'UTC', 'Hello', 'skip', 'skip', $5,
         case when $5 = 'active' then now() end, now() - $4 * interval '1 day')`,
      [user.accountId, user.id, days, changed, status],
    );
  await add(91, 95);
  await add(89, 95);
  await add(95, 89);
  await add(120, 120, 'active');
  await sql(
    `insert into schedules (account_id, id, created_by_user_id, name, run_at, timezone, input, missed, overlap, status, updated_at)
     select $1, gen_random_uuid(), $2, n::text, now() - n * interval '1 minute', 'UTC', 'Hello', 'skip', 'skip', 'completed', now() - interval '2 days'
     from generate_series(1, 1002) n`,
    [other.accountId, other.id],
  );
  await deleteExpiredRows(database, {
    auditRetentionDays: 0,
    runEventsRetentionMonths: 3,
    notificationRetentionDays: 0,
    webhookRetentionDays: 30,
  });
  const left = await sql('select name from schedules where account_id = $1 order by 1', [user.accountId]);
  expect(left.map(({ name }: { name: string }) => name)).toEqual(['120 active', '89 completed', '95 completed']);
  const kept = await sql('select count(*)::int, max(name::int) as oldest from schedules where account_id = $1', [other.accountId]);
  expect(kept).toEqual([{ count: 1_000, oldest: 1_000 }]);
});

/** A row of each kind that the housekeeping deletes, as often as `count` says. */
const expired: Record<string, string> = {
  idempotency_keys: `insert into idempotency_keys (scope_hash, request_hash, claim_id, claimed_at)
    select 'many' || k, '', new_id(), now() - interval '2 days' from generate_series(1, $1::int) k`,
  attempt_counts: `insert into attempt_counts (bucket, count, window_ends) select 'many' || k, 1, now() - interval '1 hour' from generate_series(1, $1::int) k`,
  sign_in_challenges: `insert into sign_in_challenges (token_hash, user_id, method, expires_at)
    select 'many' || k, $2::uuid, 'password', now() - interval '1 hour' from generate_series(1, $1::int) k`,
  passkey_challenges: `insert into passkey_challenges (challenge_hash, purpose, expires_at)
    select 'many' || k, 'sign_in', now() - interval '1 hour' from generate_series(1, $1::int) k`,
  webhook_messages: `insert into webhook_messages (account_id, id, event_type, body, created_at)
    select $3::uuid, new_id(), 'run.completed', '{}', now() - interval '400 days' from generate_series(1, $1::int) k`,
};

test('expired rows are deleted in batches of 5,000', async () => {
  const left = async (table: string) => (await sql(`select count(*)::int as n from ${table}`))[0].n as number;
  const before = new Map<string, number>();
  for (const [table, insert] of Object.entries(expired)) {
    before.set(table, await left(table));
    // Each parameter has to be used.
    await sql(`with used as (select $2::uuid, $3::uuid) ${insert}`, [10_001, bob.id, bob.accountId]);
    await sql(`create table deletions_${table} as select 0 as n`);
    await sql(`create function count_${table}() returns trigger language plpgsql as $$ begin
      insert into deletions_${table} select count(*) from gone; return null; end $$`);
    await sql(
      `create trigger counted after delete on ${table} referencing old table as gone for each statement execute function count_${table}()`,
    );
    onTestFinished(() =>
      sql(`drop function count_${table} cascade`)
        .then(() => sql(`drop table deletions_${table}`))
        .then(() => undefined),
    );
  }
  await deleteExpiredRows(database, app.config);
  for (const table of Object.keys(expired)) {
    expect(await left(table), table).toBeLessThanOrEqual(before.get(table)!);
    const [{ most, total }] = await sql(`select max(n)::int as most, sum(n)::int as total from deletions_${table}`);
    expect(most, table).toBe(5_000);
    expect(total, table).toBeGreaterThanOrEqual(10_001);
  }
});

test('of completed schedules an account keeps the newest 1,000', async () => {
  const carol = await app.signUp();
  await sql(
    `insert into schedules (account_id, id, created_by_user_id, name, run_at, timezone, input, missed, overlap, status)
     select $1, new_id(), $2, 'S' || k, now() - k * interval '1 minute', 'UTC', 'x', 'skip', 'skip', 'completed' from generate_series(1, 1010) k`,
    [carol.accountId, carol.id],
  );
  await sql(`update schedules set updated_at = run_at where account_id = $1`, [carol.accountId]);
  await deleteExpiredRows(database, app.config);
  const [kept] = await sql(
    `select count(*)::int as n, min(run_at) > now() - interval '1005 minutes' as newest from schedules where account_id = $1`,
    [carol.accountId],
  );
  expect(kept).toEqual({ n: 1_000, newest: true });
});

test('a step that fails does not keep the later ones from running, and is counted; tokens and sessions are deleted in batches', async () => {
  await sql(`create function fail_to_delete() returns trigger language plpgsql as $$ begin raise exception 'this step fails'; end $$`);
  await sql('create trigger fails before delete on idempotency_keys for each row execute function fail_to_delete()');
  onTestFinished(() => sql('drop function fail_to_delete cascade').then(() => undefined));
  await sql(
    `insert into idempotency_keys (scope_hash, request_hash, claim_id, claimed_at) values ('old', '', new_id(), now() - interval '2 days')`,
  );
  const sessions = (count: number, age: string) =>
    sql(
      `with opened as (insert into sessions (id, user_id, active_account_id, created_at)
         select new_id(), $1, $2, now() - interval '40 days' from generate_series(1, $3::int) returning id)
       insert into refresh_tokens (token_hash, session_id, generation, expires_at) select new_id()::text, id, 1, now() + $4::interval from opened`,
      [bob.id, bob.accountId, count, age],
    );
  await sessions(12_000, '-2 days');
  await sessions(3, '1 day');
  const outcomes = new Map<string, string>();
  onTestFinished(metricsEvents.housekeepingStepEnded.on(({ step, outcome }) => void outcomes.set(step, outcome)));
  const runNotifier = { notify: () => undefined };
  await runHousekeeping({ database, storage: undefined, config: app.config, log, runNotifier } as never, new AbortController().signal);
  expect([...outcomes].filter(([, outcome]) => outcome !== 'done')).toEqual([['idempotency_keys', 'failed']]);
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['refresh_tokens', 'sessions', 'workspace_revisions']));
  expect(await sql(`select from sessions where created_at < now() - interval '39 days'`)).toHaveLength(3);
  expect(await sql('select from refresh_tokens where expires_at < now()')).toEqual([]);
});
