import { pino } from 'pino';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { followDatabaseClock } from '../../../server/database/connection/clock.ts';
import { emptyClosedAccounts } from '../../../server/jobs/closedAccounts.ts';
import { eraseAccount } from '../../../server/jobs/erasure/eraseAccount.ts';
import { deleteExpiredRows, removeExpiredThreads } from '../../../server/jobs/housekeeping.ts';
import {
  createPartitions,
  removeOldAccessLog,
  removeOldAuditLog,
  removeOldEvents,
} from '../../../server/jobs/partitions/maintainPartitions.ts';
import { removeAttachments } from '../../../server/jobs/removeAttachments.ts';
import { sendMail } from '../../../server/jobs/sendMail.ts';
import { removeOldRevisions } from '../../../server/jobs/sweepWorkspaces.ts';
import { firstIdOf, newId } from '../../../server/platform/crypto/ids.ts';
import { seal } from '../../../server/platform/crypto/seal.ts';
import { resetDatabaseClock } from '../../../server/platform/databaseClock.ts';
import { runHousekeeping } from '../../../server/processes/worker.ts';
import { archiveRuns } from '../../../server/runs/archive/archiveRuns.ts';
import { countEndedRuns, giveBackOldEvents } from '../../../server/runs/archive/eventBytes.ts';
import { removeArchives } from '../../../server/runs/archive/removeArchives.ts';
import { workspaceToolsFactory } from '../../support/agent/workspaceTools.ts';
import { fastWorkerEnv } from '../../support/app/process.ts';
import { type Person, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { erasureCalls } from '../../support/erasure/erasureCalls.ts';
import { readAll } from '../../support/http/events.ts';
import { images, stage } from '../../support/http/forms.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { storageOf } from '../../support/resources/files.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();
const app = await startTestApp({ ...fastWorkerEnv, ARKLOOP_ERASURE_SETTLE_SECONDS: '0' });
const { call, database, sql, config, url } = app;
const storage = storageOf(app);
const lines: { msg: string; level: number }[] = [];
const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
const person = await app.signUp();

/** What a process does whose clock was right at its start. */
const clock = followDatabaseClock(database, log);
await clock.measured;
afterAll(async () => {
  await clock.stop();
  resetDatabaseClock();
  await storage.close();
});

const day = 86_400_000;
const offsets: [name: string, ms: number][] = [
  ['130 days behind', -130 * day],
  ['130 days ahead', 130 * day],
  ['10 minutes ahead', 600_000],
];
const setClock = (offset: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + offset });
afterEach(() => void vi.useRealTimers());
beforeEach(() => void lines.splice(0));

const retention = { auditRetentionDays: 30, runEventsRetentionMonths: 3, notificationRetentionDays: 30, webhookRetentionDays: 30 };
const ago = (interval: string) => `now() - interval '${interval}'`;

/** Rows of a table, one of which is past its retention. `age`: those that are kept and those that are not. */
const expiring: Readonly<Record<string, { insert: (time: string) => string; kept: string; expired: string }>> = {
  audit_logs: {
    insert: (at) => `insert into audit_logs (id, action, target_type, trace_id, created_at)
      values (new_id(), 'sample.clock', 'sample', repeat('0', 32), ${at})`,
    kept: ago('29 days'),
    expired: ago('31 days'),
  },
  notifications: {
    insert: (at) => `insert into notifications (account_id, user_id, type, title, body, payload, created_at)
      values ('${person.accountId}', '${person.id}', 'sample.clock', '', '', '{}', ${at})`,
    kept: ago('29 days'),
    expired: ago('31 days'),
  },
  idempotency_keys: {
    insert: (at) =>
      `insert into idempotency_keys (scope_hash, request_hash, claim_id, claimed_at) values (new_id()::text, '', new_id(), ${at})`,
    kept: ago('23 hours'),
    expired: ago('25 hours'),
  },
  attempt_counts: {
    insert: (at) => `insert into attempt_counts (bucket, count, window_ends) values (new_id()::text, 1, ${at})`,
    kept: `now() + interval '1 hour'`,
    expired: ago('1 minute'),
  },
  workers: {
    insert: (at) => `insert into workers (id, version, capabilities, last_seen_at) values (new_id(), '', '{}', ${at})`,
    kept: ago('1 hour'),
    expired: ago('25 hours'),
  },
  refresh_tokens: {
    insert: (at) => `with opened as (insert into sessions (id, user_id, active_account_id, created_at)
        values (new_id(), '${person.id}', '${person.accountId}', ${ago('2 days')}) returning id)
      insert into refresh_tokens (token_hash, session_id, generation, expires_at) select new_id()::text, id, 1, ${at} from opened`,
    kept: ago('23 hours'),
    expired: ago('25 hours'),
  },
};
const countOf = async (table: string) => (await sql(`select count(*)::int as count from ${table}`))[0].count as number;

async function endedRun(owner: Person = person) {
  const threadId = await openThread(app, owner);
  const runId = await startRun(app, owner, threadId);
  await readAll(url, runId, owner.token);
  return runId;
}
const eventsOf = async (runId: string) => (await sql('select seq from run_events where run_id = $1', [runId])).length;

/** Every job that deletes. A line of the access log and a run exist, which are new. */
async function deleteAll() {
  await createPartitions({ database, log });
  await removeOldEvents({ database, log, months: 3, dropEmpty: true });
  await removeOldAuditLog({ database, log, days: 30 });
  await removeOldAccessLog({ database, log, days: 7 });
  await removeExpiredThreads(database);
  await deleteExpiredRows(database, retention);
  await emptyClosedAccounts(database);
  await archiveRuns({ database, storage, log }, { days: 1 });
  await countEndedRuns(database);
  await giveBackOldEvents(database, 3);
  await removeArchives({ database, storage }, { months: 3 });
  await removeAttachments({ database, storage });
  await removeOldRevisions({ database, storage, log });
}

describe.each(offsets)('with the clock of the process %s', (_, offset) => {
  test('every job deletes what is past its retention by the clock of the database, and nothing else', async () => {
    const run = await endedRun();
    const events = await eventsOf(run);
    const line = newId();
    await sql(`insert into access_log values ($1, now(), '', '', '/clock', 200, 0, '', '', '', '', 'tool', 0, 'anonymous', '', '')`, [
      line,
    ]);
    await stage(app, person, { filename: 'a.png', type: 'image/png', content: images.png });
    const attachments = await countOf('attachments');
    const tools = await workspaceToolsFactory(app)();
    for (const content of ['one', 'two', 'three', 'four']) await tools.use('write', { path: 'a', content });
    await sql(`update workspaces set leftovers_since = now() - interval '2 hours'`);
    const objects = async () => (await Array.fromAsync(storage.list('workspaces/'))).length;
    const stored = await objects();
    const before: Record<string, number> = {};
    for (const [table, { insert, kept, expired }] of Object.entries(expiring)) {
      await sql(insert(kept));
      before[table] = await countOf(table);
      await sql(insert(expired));
    }
    setClock(offset);
    await deleteAll();
    expect([await eventsOf(run), await sql('select from access_log where id = $1', [line])]).toEqual([events, [{}]]);
    expect([await countOf('attachments'), await objects()]).toEqual([attachments, stored]);
    for (const table of Object.keys(expiring)) expect([table, await countOf(table)]).toEqual([table, before[table]]);
    const partitions = await sql(`select from pg_class where relname = 'run_events_' || to_char(now() at time zone 'UTC', 'YYYY_MM')`);
    expect(partitions).toHaveLength(1);
  });

  test('housekeeping and erasures do nothing, and say so once', async () => {
    const { insert, expired } = expiring.idempotency_keys!;
    await sql(insert(expired));
    const owner = await app.signUp();
    const { id: accountId, slug } = await workspaceCalls(app).openWorkspace(owner);
    const { id } = await erasureCalls(app).request(owner, accountId, slug);
    await sql('update erasures set due_at = now() where id = $1', [id]);
    const before = await countOf('idempotency_keys');
    const deps = { config, keys: testKeys, database, storage, log, stopping: new AbortController().signal };
    const housekeep = () => runHousekeeping({ ...deps, runNotifier: { notify: () => undefined } as any }, deps.stopping);
    const erase = () => eraseAccount(deps as any, { v: 1, trace_id: '0'.repeat(32), account_id: accountId, erasure_id: id });
    setClock(offset);
    await housekeep();
    await housekeep();
    await erase();
    expect(await countOf('idempotency_keys')).toBe(before);
    expect(await sql('select state from erasures where id = $1', [id])).toEqual([{ state: 'scheduled' }]);
    expect(lines.filter(({ msg }) => msg.includes('differ by more than a minute'))).toEqual([expect.objectContaining({ level: 50 })]);
    vi.useRealTimers();
    await housekeep();
    expect(await countOf('idempotency_keys')).toBeLessThan(before);
    expect(lines.map(({ msg }) => msg)).toContain('the clocks of this process and of the database agree again');
  });

  test('access ends when it expires by the clock of the database, and ids have its time', async () => {
    const expiresIn = async (seconds: number) => {
      const { body } = await call('POST', '/v1/api-keys', {
        token: person.token,
        body: { name: 'key', scopes: ['data.threads.read'], expires_at: new Date(Date.now() + 3_600_000).toISOString() },
      });
      await sql("update api_keys set expires_at = now() + $2 * interval '1 second' where id = $1", [body.id, seconds]);
      return body.key as string;
    };
    const [ended, open] = [await expiresIn(-1), await expiresIn(3_600)];
    const status = async (token: string) => (await call('GET', '/v1/threads', { token })).status;
    setClock(offset);
    expect([await status(ended), await status(open), await status(person.token)]).toEqual([401, 200, 200]);
    const signedIn = await call('POST', '/v1/auth/login', { body: { login: person.login, password: person.password } });
    expect(await status(signedIn.body.access_token)).toBe(200);
    const id = newId();
    vi.useRealTimers();
    expect([await status(signedIn.body.access_token), Math.abs(Date.parse((await timeOf(id)) as string) - Date.now()) < 60_000]).toEqual([
      200,
      true,
    ]);
  });

  test('a mail is dropped after its time by the clock of the database', async () => {
    const sent: unknown[] = [];
    const mailer = { send: async (mail: unknown) => void sent.push(mail) };
    const mail = { kind: 'test', to: 'a@b.test', locale: null, data: {} };
    const sealed = seal(testKeys.encryptionKeys, JSON.stringify(mail), 'email.send').toString('base64');
    const until = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
    const jobs = [until(60), until(-60)].map((each) => ({ v: 1, trace_id: '0'.repeat(32), until: each, sealed }));
    setClock(offset);
    for (const job of jobs) await sendMail(mailer as any, testKeys, job, log);
    expect(sent).toHaveLength(1);
    expect(lines.map(({ msg }) => msg)).toEqual(['a mail was sent', 'a mail was dropped: it could not be sent in time']);
  });
});

/** The time in a UUID version 7. */
const timeOf = async (id: string) =>
  (await sql(`select to_timestamp(('x' || left(replace($1::text, '-', ''), 12))::bit(48)::bigint / 1000.0) as at`, [id]))[0].at as string;

test('events in the default partition are deleted only if they are old by the clock of the database', async () => {
  const [old, wrong] = [new Date(Date.now() - 200 * day), new Date(Date.now() - 201 * day)].map(firstIdOf) as [string, string];
  for (const [id, at] of [
    [old, old],
    [wrong, undefined],
  ] as const)
    await sql(
      `insert into run_events (run_id, seq, event_id, type, data, created_at)
       values ($1, 1, gen_random_uuid(), 'run.started', '{}', coalesce($2, now()))`,
      [id, at && (await timeOf(at))],
    );
  await removeOldEvents({ database, log, months: 3 });
  expect([await eventsOf(old), await eventsOf(wrong)]).toEqual([0, 1]);
});

test('an erasure includes partitions that a wrong clock of the database has detached, and the right clock attaches them again', async () => {
  const owner = await app.signUp();
  const { id: accountId, slug } = await workspaceCalls(app).openWorkspace(owner);
  const headers = inAccount(accountId);
  const token = (await sessionCalls(call).refresh(owner.cookie, headers)).body.access_token as string;
  await workspaceCalls(app).endow(accountId);
  const [erased, kept] = [await endedRun({ ...owner, token, accountId }), await endedRun()];
  const events = await eventsOf(kept);
  const inHalfAYear = new Date(Date.now() + 180 * day);
  await removeOldEvents({ database, log, months: 3 }, inHalfAYear);
  await removeOldAuditLog({ database, log, days: 30 }, inHalfAYear);
  const month = new Date().toISOString().slice(0, 7).replace('-', '_');
  const rows = async (table: string, condition: string) => (await sql(`select from ${table} where ${condition}`)).length;
  expect([await eventsOf(kept), await rows(`run_events_${month}`, `run_id = '${kept}'`)]).toEqual([0, events]);
  expect(await rows(`audit_logs_${month}`, `account_id = '${accountId}'`)).toBeGreaterThan(0);
  const { request, makeDue, completed } = erasureCalls(app);
  const { id } = await request(owner, accountId, slug);
  await makeDue(id);
  await completed(owner, id);
  expect(await rows(`run_events_${month}`, `run_id = '${erased}'`)).toBe(0);
  expect(await rows(`audit_logs_${month}`, `account_id = '${accountId}'`)).toBe(0);
  await removeOldEvents({ database, log, months: 3 });
  await removeOldAuditLog({ database, log, days: 30 });
  expect([await eventsOf(erased), await eventsOf(kept)]).toEqual([0, events]);
  const attached = await sql(`select inhparent::regclass::text as table from pg_inherits where inhrelid = any ($1::text[]::regclass[])`, [
    [`run_events_${month}`, `audit_logs_${month}`],
  ]);
  expect(attached).toHaveLength(2);
});
