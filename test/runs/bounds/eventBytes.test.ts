import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, expect, onTestFinished, test } from 'vitest';
import { migrate } from '../../../server/database/migrate.ts';
import { migrations } from '../../../server/database/migrations/index.ts';
import { emptyClosedAccounts } from '../../../server/jobs/closedAccounts.ts';
import { removeExpiredThreads } from '../../../server/jobs/housekeeping.ts';
import { removeOldEvents } from '../../../server/jobs/partitions/maintainPartitions.ts';
import { archiveRuns } from '../../../server/runs/archive/archiveRuns.ts';
import { countEndedRuns, giveBackOldEvents } from '../../../server/runs/archive/eventBytes.ts';
import { removeArchives } from '../../../server/runs/archive/removeArchives.ts';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { chat } from '../../support/agent/vendor.ts';
import { emptyDatabase, freshDatabase, type Person, startTestApp } from '../../support/app/testApp.ts';
import { readAll } from '../../support/http/events.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { storageOf } from '../../support/resources/files.ts';
import { expectQuotaCounters, limitSetter, storageUsed } from '../../support/resources/quotas.ts';

/* The events of ended runs count toward the storage of their account until they are gone. */

const app = await startTestApp();
const { call, database, sql, signUp, url } = app;
const limit = await limitSetter(app);
const log = pino({ level: 'silent' });
const storage = storageOf(app);
afterAll(() => storage.close());
afterEach(() => expectQuotaCounters(app));

async function endedRun(person: Person) {
  const threadId = await openThread(app, person);
  const runId = await startRun(app, person, threadId);
  await readAll(url, runId, person.token);
  return { threadId, runId };
}
const bytesOf = async ({ accountId }: Person): Promise<number> =>
  (await sql('select coalesce(sum(event_bytes), 0)::int as bytes from runs where account_id = $1', [accountId]))[0].bytes;
const usedEvents = async (person: Person) => (await storageUsed(app, person)).events;
const stored = async (runId: string) => (await sql('select seq from run_events where run_id = $1', [runId])).length;
const deleteThread = async ({ token }: Person, threadId: string) =>
  expect((await call('DELETE', `/v1/threads/${threadId}`, { token })).status).toBe(204);
/** Events are removed ten minutes after the deletion. */
async function removeDeleted() {
  await sql(`update run_event_archives set claimed_at = claimed_at - interval '11 minutes'`);
  await removeArchives({ database, storage }, { months: 3 });
}
const [inThirtyDays, inFiveMonths] = [30, 153].map((days) => new Date(Date.now() + days * 86_400_000)) as [Date, Date];

test('runs add their bytes after they have ended, each once, however many workers count', async () => {
  const person = await signUp();
  const talk = await openScriptedThread(app, { person });
  talk.vendor.respondWith({ steps: [chat.text('Half an answer'), 'stall'] });
  const open = await talk.start();
  await (await talk.follow(open)).until((event) => event.type === 'message.delta');
  await Promise.all([endedRun(person), endedRun(person)]);
  await Promise.all(Array.from({ length: 4 }, () => countEndedRuns(database)));
  const [{ bytes: unfinished }] = await sql('select event_bytes::int as bytes from runs where id = $1', [open]);
  const ended = (await bytesOf(person)) - unfinished;
  expect(ended).toBeGreaterThan(1_000);
  expect(await usedEvents(person)).toBe(ended);
  await talk.cancel(open);
  await (
    await talk.follow(open)
  ).ended;
  await talk.vendor.close();
  await countEndedRuns(database);
  expect(await usedEvents(person)).toBe(await bytesOf(person));
});

test('a run ends while the counter of its account is locked, and is counted later', async () => {
  const person = await signUp();
  await endedRun(person);
  await countEndedRuns(database);
  const before = await bytesOf(person);
  const client = new pg.Client({ connectionString: app.databaseUrl });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query('begin');
  const locked = await client.query(`select from quota_usage where account_id = $1 and quota = 'events' for update`, [person.accountId]);
  expect(locked.rowCount).toBe(1);
  await endedRun(person);
  await client.query('commit');
  expect(await sql(`select distinct status from runs where account_id = $1`, [person.accountId])).toEqual([{ status: 'completed' }]);
  await countEndedRuns(database);
  const after = await bytesOf(person);
  expect(after).toBeGreaterThan(before);
  expect(await usedEvents(person)).toBe(after);
});

test('an account above its quota starts no run until events are removed', async () => {
  const person = await signUp();
  const { threadId, runId } = await endedRun(person);
  const other = await openThread(app, person);
  await countEndedRuns(database);
  const used = await bytesOf(person);
  await limit(person, 'quota.event_bytes', used - 1);
  const start = (path: string) => call('POST', `/v1/threads/${path}`, { token: person.token, body: {} });
  const answer = await start(`${other}/runs`);
  expect([answer.status, answer.body]).toMatchObject([
    409,
    { details: { reason: 'quota_exceeded', key: 'quota.event_bytes', limit: used - 1, required: used } },
  ]);
  expect(statusAndReason(await start(`${threadId}:retry`))).toEqual([409, 'quota_exceeded']);
  expect(await sql('select id from runs where account_id = $1', [person.accountId])).toEqual([{ id: runId }]);
  // Messages can still be stored.
  const said = await call('POST', `/v1/threads/${other}/messages`, { token: person.token, body: { content: 'x' } });
  expect(said.status).toBe(201);
  // Only what is removed is given back: another limit would let an account store without end by deleting threads.
  await deleteThread(person, threadId);
  expect([await usedEvents(person), (await start(`${other}/runs`)).status]).toEqual([used, 409]);
  await removeDeleted();
  expect([await stored(runId), await usedEvents(person)]).toEqual([0, 0]);
  expect((await start(`${other}/runs`)).status).toBe(201);
});

test('0 means no limit', async () => {
  const person = await signUp();
  await endedRun(person);
  await countEndedRuns(database);
  await limit(person, 'quota.event_bytes', 0);
  await endedRun(person);
});

test('the events of a deleted thread are removed with their counts kept, also of a run that was open', async () => {
  const person = await signUp();
  const talk = await openScriptedThread(app, { person });
  talk.vendor.respondWith({ steps: [chat.text('Half an answer'), 'stall'] });
  const open = await talk.start();
  await (await talk.follow(open)).until((event) => event.type === 'message.delta');
  await deleteThread(person, talk.threadId);
  await removeDeleted();
  const isOpen = async () =>
    (await sql(`select 1 from runs where id = $1 and status in ('running', 'waiting_for_input', 'cancelling')`, [open])).length > 0;
  await eventually(async () => !(await isOpen()), 'the end of the run');
  const events = await sql('select type, count(*)::int as count from run_events where run_id = $1 group by type', [open]);
  await removeDeleted();
  await countEndedRuns(database);
  await talk.vendor.close();
  expect([await stored(open), await usedEvents(person)]).toEqual([0, 0]);
  const [kept] = await sql('select state, event_count, event_counts from run_event_archives where run_id = $1', [open]);
  // The last event may have been stored between the two removals.
  if (events.length > 0) expect(kept.event_counts).toEqual(Object.fromEntries(events.map(({ type, count }) => [type, count])));
  expect(kept).toMatchObject({
    state: 'removed',
    event_count: (await sql('select next_seq - 1 as last from runs where id = $1', [open]))[0].last,
  });
});

test('archived events, expired months, and expired threads are given back', async () => {
  const [archiving, waiting] = [await signUp(), await signUp()];
  await Promise.all([endedRun(archiving), endedRun(waiting)]);
  const { body: secret } = await call('POST', '/v1/threads', { token: waiting.token, body: { is_private: true, title: 'Secret' } });
  await call('POST', `/v1/threads/${secret.id}/messages`, { token: waiting.token, body: { content: 'Hush' } });
  const hidden = await startRun(app, waiting, secret.id);
  await readAll(url, hidden, waiting.token);
  await countEndedRuns(database);
  const before = await bytesOf(waiting);
  await sql(`update threads set expires_at = now() - interval '1 minute' where id = $1`, [secret.id]);
  await removeExpiredThreads(database);
  const after = await bytesOf(waiting);
  expect(after).toBeLessThan(before);
  expect(await usedEvents(waiting)).toBe(after);
  // Before the month has expired.
  await giveBackOldEvents(database, 3);
  expect(await usedEvents(waiting)).toBe(after);
  await sql(`update runs set completed_at = now() + interval '60 days' where account_id <> $1`, [archiving.accountId]);
  await archiveRuns({ database, storage, log }, { days: 1 }, inThirtyDays);
  expect([await usedEvents(archiving), await usedEvents(waiting)]).toEqual([0, after]);
  await removeOldEvents({ database, log, months: 3 }, inFiveMonths);
  await giveBackOldEvents(database, 3, inFiveMonths);
  expect(await usedEvents(waiting)).toBe(0);
  // The partitions are attached again.
  await removeOldEvents({ database, log, months: 3 });
});

test('a closed account gives back all', async () => {
  const person = await signUp();
  const { runId } = await endedRun(person);
  await countEndedRuns(database);
  await sql('update accounts set deleted_at = now() where id = $1', [person.accountId]);
  await emptyClosedAccounts(database);
  await removeDeleted();
  expect(await sql(`select used from quota_usage where account_id = $1 and used <> 0`, [person.accountId])).toEqual([]);
  expect(await stored(runId)).toBe(0);
});

test('runs that ended before the migration are counted, and the events of threads that were deleted before are removed', async () => {
  const databaseUrl = await emptyDatabase();
  await migrate(
    databaseUrl,
    migrations.map(({ name }) => name).filter((name) => name < 'Migration00097'),
  );
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  onTestFinished(() => client.end());
  const [user, account, kept, deleted] = Array.from({ length: 4 }, () => crypto.randomUUID());
  await client.query(`insert into users (id, username) values ($1, 'u')`, [user]);
  await client.query(`insert into accounts (id, slug, name, type, owner_user_id) values ($1, 'a', 'A', 'personal', $2)`, [account, user]);
  const runs: string[] = [];
  for (const [thread, hasEvents] of [
    [kept, true],
    [kept, false],
    [deleted, true],
    [deleted, false],
  ] as const) {
    const run = crypto.randomUUID();
    runs.push(run);
    await client.query('insert into threads (account_id, id, deleted_at) values ($1, $2, $3) on conflict do nothing', [
      account,
      thread,
      thread === deleted ? new Date() : null,
    ]);
    await client.query(
      `insert into runs (account_id, id, thread_id, source, status, trace_id, tail_message_number, event_bytes) values ($1, $2, $3, 'api', 'failed', 't', 1, 500)`,
      [account, run, thread],
    );
    if (hasEvents)
      await client.query(
        `insert into run_events (run_id, seq, event_id, type, data, created_at) values ($1, 1, gen_random_uuid(), 'run.started', '{}', now())`,
        [run],
      );
  }
  await migrate(databaseUrl);
  expect((await client.query('select run_id, state from run_event_archives')).rows).toEqual([{ run_id: runs[2], state: 'removing' }]);
  await client.query('select count_event_bytes(array(select id from runs where counted_event_bytes is null))');
  expect((await client.query(`select quota, used::int from quota_usage where quota = 'events'`)).rows).toEqual([
    { quota: 'events', used: 1_000 },
  ]);
});

test('the migration can be undone', async () => {
  const client = new pg.Client({ connectionString: await freshDatabase() });
  await client.connect();
  onTestFinished(() => client.end());
  const { class: Migration } = migrations.find(({ name }) => name === 'Migration00097')!;
  for (const direction of ['down', 'up'] as const) {
    const texts: string[] = [];
    Migration.prototype[direction].call({ addSql: (text: string) => void texts.push(text) } as never);
    for (const text of texts) await client.query(text);
  }
  expect((await client.query(`select to_regclass('runs_uncounted')::text as name`)).rows).toEqual([{ name: 'runs_uncounted' }]);
});
