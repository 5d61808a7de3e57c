import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { emptyClosedAccounts } from '../../server/jobs/closedAccounts.ts';
import { removeExpiredThreads } from '../../server/jobs/housekeeping.ts';
import { removeOldEvents } from '../../server/jobs/partitions/maintainPartitions.ts';
import { createConcurrencyLimiter } from '../../server/platform/concurrency.ts';
import { firstIdOf } from '../../server/platform/crypto/ids.ts';
import { metricsEvents } from '../../server/platform/telemetry/metricsEvents.ts';
import { archiveRuns } from '../../server/runs/archive/archiveRuns.ts';
import { removeArchives } from '../../server/runs/archive/removeArchives.ts';
import { createEventBroker } from '../../server/runs/follow/eventBroker.ts';
import { runEvents } from '../../server/runs/follow/stream.ts';
import { type Storage, StorageUnavailable } from '../../server/storage/storage.ts';
import { credentials, startS3 } from '../storage/s3Server.ts';
import { openScriptedThread } from '../support/agent/agent.ts';
import { callsTools } from '../support/agent/tools.ts';
import { chat } from '../support/agent/vendor.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { openStream, readAll } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';
import { storageOf } from '../support/resources/files.ts';

const app = await startTestApp({ ARKLOOP_STUB_AGENT_DELTA_COUNT: '12', ARKLOOP_SSE_BATCH_LIMIT: '7' });
const { call, database, sql, url } = app;
const log = pino({ level: 'silent' });
const storage = storageOf(app);
const [alice, chief] = [await app.signUp(), await app.signUp()];
beforeAll(() => app.promote(chief));
afterAll(() => storage.close());

const [inThirtyDays, inFiveMonths] = [30, 153].map((days) => new Date(Date.now() + days * 86_400_000)) as [Date, Date];
const archive = (store: Storage = storage, partBytes?: number) =>
  archiveRuns({ database, storage: store, log }, { days: 1, ...(partBytes && { partBytes }) }, inThirtyDays);
const objects = async () => (await Array.fromAsync(storage.list('run-events/'))).sort();
const stored = async (runId: string) => (await sql('select seq from run_events where run_id = $1', [runId])).length;
const stateOf = async (runId: string) => (await sql('select state from run_event_archives where run_id = $1', [runId]))[0]?.state;
/** Objects are removed once no writer can be storing them, ten minutes after the last claim. */
const elapse = () => sql(`update run_event_archives set claimed_at = claimed_at - interval '11 minutes'`);
const remove = async (at?: Date) => {
  await elapse();
  return removeArchives({ database, storage }, { months: 3 }, at);
};

async function finishedRun(person: Person = alice) {
  const threadId = await openThread(app, person);
  const runId = await startRun(app, person, threadId);
  return { threadId, runId, events: await readAll(url, runId, person.token) };
}

/** What the metrics of the archive count until the test ends. */
function archiveOutcomes(): string[] {
  const outcomes: string[] = [];
  onTestFinished(metricsEvents.runArchived.on((outcome) => outcomes.push(outcome)));
  return outcomes;
}

type Subject = { runId: string; threadId: string; token: string };

/** Every answer that depends on the events of a run, as bytes where it is a stream. */
async function answersOf({ runId, threadId, token }: Subject) {
  const { body: run } = await call('GET', `/v1/runs/${runId}`, { token });
  const last = (await sql('select next_seq - 1 as last from runs where id = $1', [runId]))[0].last as number;
  const answers: Record<string, unknown> = { run };
  const read = async (name: string, options: { after?: number; lastEventId?: number; follow?: boolean }) => {
    const stream = await openStream(url, runId, { token, ...options });
    await stream.ended;
    const { date: _, 'x-trace-id': __, ...headers } = Object.fromEntries(stream.headers);
    answers[name] = [stream.status, headers, stream.text()];
  };
  for (let cut = 0; cut <= last + 1; cut++) {
    await read(`after ${cut}`, { after: cut });
    await read(`Last-Event-ID ${cut}`, { lastEventId: cut, follow: cut % 2 === 0 });
  }
  const details = await call('GET', `/v1/admin/runs/${runId}`, { token: chief.token });
  answers.details = [details.status, details.text, details.headers.get('etag')];
  for (const path of [`/v1/threads/${threadId}/runs`, `/v1/threads/${threadId}/messages`, `/v1/runs`, `/v1/threads/${threadId}`]) {
    const { status, text, headers } = await call('GET', path, { token });
    answers[path] = [status, text, headers.get('etag')];
  }
  answers['repeated input'] = (await call('POST', `/v1/runs/${runId}/input`, { token, body: { content: 'x', input_key: 'k-1' } })).status;
  answers['new input'] = (await call('POST', `/v1/runs/${runId}/input`, { token, body: { content: 'x', input_key: 'k-2' } })).status;
  return answers;
}

async function steeredRun() {
  const script = [callsTools(['echo', { text: 'Grüße 👋\u2028\r\n"\\' }, 'a'], ['noop', '', 'b']), chat.answer('Done. שלום 👩‍👩‍👧')];
  const talk = await openScriptedThread(app, { persona: { tool_allowlist: ['echo', 'noop'], model: 'vendor^m' }, script });
  const isSteered = Promise.withResolvers<void>();
  talk.vendor.respondWith({ steps: [{ wait: isSteered.promise }, chat.text('One'), chat.stop(), chat.done] }, ...script);
  const runId = await talk.start();
  expect((await talk.input(runId, 'And this', { input_key: 'k-1' })).status).toBe(200);
  isSteered.resolve();
  await (
    await talk.follow(runId)
  ).ended;
  await talk.vendor.close();
  return { runId, threadId: talk.threadId, token: talk.token };
}

async function cancelledRun() {
  const talk = await openScriptedThread(app);
  talk.vendor.respondWith({ steps: [chat.text('Half an answer'), 'stall'] });
  const runId = await talk.start();
  const stream = await talk.follow(runId);
  await stream.until((event) => event.type === 'message.delta');
  await talk.cancel(runId);
  await stream.ended;
  await talk.vendor.close();
  return { runId, threadId: talk.threadId, token: talk.token };
}

test('every answer about a run is the same before and after its events are archived', async () => {
  const finished = await finishedRun();
  const subjects = [{ ...finished, token: alice.token }, await steeredRun(), await cancelledRun()];
  const before = await Promise.all(subjects.map(answersOf));
  // Small parts, so that each run has several.
  expect(await archive(storage, 1_000)).toBeGreaterThanOrEqual(subjects.length);
  const objectsOf = async (runId: string) => (await objects()).filter((key) => key.includes(runId)).length;
  for (const { runId } of subjects) {
    expect([await stored(runId), await stateOf(runId)]).toEqual([0, 'kept']);
    expect(await objectsOf(runId)).toBeGreaterThan(1);
  }
  const after = await Promise.all(subjects.map(answersOf));
  expect(before[1]!['repeated input']).toBe(200);
  expect(before[1]!['new input']).toBe(409);
  expect(after).toEqual(before);
  // Forks copy messages, and a cancelled run continues: its archive proves that it produced output.
  const [, , { runId, threadId, token }] = subjects as [Subject, Subject, Subject];
  const messages = (await call('GET', `/v1/threads/${finished.threadId}/messages`, { token: alice.token })).body;
  const fork = await call('POST', `/v1/threads/${finished.threadId}:fork`, {
    token: alice.token,
    body: { message_id: messages.at(-1).id },
  });
  expect(fork.status).toBe(201);
  await sql(`update messages set visible = false where run_id = $1`, [runId]);
  expect(await call('POST', `/v1/threads/${threadId}:continue`, { token, body: { run_id: runId } })).toMatchObject({ status: 201 });
  await call('DELETE', `/v1/threads/${finished.threadId}`, { token: alice.token });
  await remove();
  expect(await objectsOf(finished.runId)).toBe(0);
});

test('runs that are open, recent or incomplete are not archived', async () => {
  const talk = await openScriptedThread(app);
  talk.vendor.respondWith({ steps: [chat.text('x'), 'stall'] });
  const open = await talk.start();
  await (await talk.follow(open)).until((event) => event.type === 'message.delta');
  const [recent, incomplete] = [await finishedRun(), await finishedRun()];
  await sql('delete from run_events where run_id = $1 and seq = 2', [incomplete.runId]);
  await sql(`update runs set completed_at = now() + interval '30 days' where id = $1`, [recent.runId]);
  await archive();
  for (const runId of [open, recent.runId, incomplete.runId]) expect(await stored(runId)).toBeGreaterThan(0);
  expect(await readAll(url, recent.runId, alice.token)).toEqual(recent.events);
  await talk.cancel(open);
  await talk.vendor.close();
});

test('a writer that fails at any step loses nothing, and the next one completes its work', async () => {
  const failing = (step: 'put' | 'after put' | 'get'): Storage => ({
    ...storage,
    put: async (...all) => {
      if (step === 'put') throw new Error('no');
      await storage.put(...all);
      if (step === 'after put') throw new Error('no');
    },
    get: async (key) => {
      if (step === 'get') throw new Error('no');
      return storage.get(key);
    },
  });
  for (const step of ['put', 'after put', 'get'] as const) {
    const { runId, events } = await finishedRun();
    await archive(failing(step));
    expect([await stored(runId), await stateOf(runId)]).toEqual([events.length, 'writing']);
    expect(await readAll(url, runId, alice.token)).toEqual(events);
    // The claim of a writer that may still be alive is respected.
    await archive();
    expect(await stateOf(runId)).toBe('writing');
    await elapse();
    await archive();
    expect([await stored(runId), await stateOf(runId)]).toEqual([0, 'kept']);
    expect(await readAll(url, runId, alice.token)).toEqual(events);
  }
});

test('a writer that was suspended while another one archived the run does not damage its parts', async () => {
  const { runId, threadId } = await finishedRun();
  // More events than a writer reads at once.
  await sql(`update run_events set seq = seq + 1000 where run_id = $1 and type = 'run.completed'`, [runId]);
  await sql(
    `insert into run_events (run_id, seq, event_id, type, data, created_at)
     select $1, n, gen_random_uuid(), 'message.delta', json_build_object('content', md5(n::text)), now()
     from generate_series((select next_seq - 1 from runs where id = $1), (select next_seq + 998 from runs where id = $1)) n`,
    [runId],
  );
  await sql('update runs set next_seq = next_seq + 1000 where id = $1', [runId]);
  const events = await readAll(url, runId, alice.token);
  let isSuspended = false;
  const suspending: Storage = {
    ...storage,
    put: async (...all) => {
      if (!isSuspended && all[0].includes(runId)) {
        isSuspended = true;
        await elapse();
        await archive(storage, 50_000);
        expect(await stateOf(runId)).toBe('kept');
      }
      await storage.put(...all);
    },
  };
  await archive(suspending, 50_000);
  expect(isSuspended).toBe(true);
  expect(await readAll(url, runId, alice.token)).toEqual(events);
  expect([await stored(runId), await stateOf(runId)]).toEqual([0, 'kept']);
  await call('DELETE', `/v1/threads/${threadId}`, { token: alice.token });
});

test('a stored object that does not read back as it was written is not trusted', async () => {
  const { runId, events } = await finishedRun();
  const lossy: Storage = { ...storage, put: (key, bytes, type) => storage.put(key, bytes.subarray(0, -20), type) };
  const outcomes = archiveOutcomes();
  await archive(lossy);
  expect([await stored(runId), await stateOf(runId)]).toEqual([events.length, 'writing']);
  expect(outcomes).toContain('failed');
  expect(outcomes).not.toContain('archived');
});

test('several workers archive each run once while threads are deleted, and readers meanwhile miss nothing', async () => {
  const all = await Promise.all(Array.from({ length: 9 }, () => finishedRun()));
  const [runs, deleted] = [all.slice(0, 5), all.slice(5)];
  let done = false;
  const reading = (async () => {
    while (!done) for (const { runId, events } of runs.slice(0, 4)) expect(await readAll(url, runId, alice.token)).toEqual(events);
  })();
  const deleting = deleted.map(({ threadId }) => call('DELETE', `/v1/threads/${threadId}`, { token: alice.token }));
  const counts = await Promise.all([archive(), archive(), archive()]);
  expect((await Promise.all(deleting)).map(({ status }) => status)).toEqual(deleted.map(() => 204));
  done = true;
  await reading;
  expect(counts.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(runs.length);
  for (const { runId, events } of runs) {
    expect([await stored(runId), await stateOf(runId)]).toEqual([0, 'kept']);
    expect(await readAll(url, runId, alice.token)).toEqual(events);
  }
  await remove();
  await archive();
  for (const { runId } of deleted) expect([await stored(runId), await stateOf(runId)]).toEqual([0, 'removed']);
  expect((await objects()).filter((key) => deleted.some(({ runId }) => key.includes(runId)))).toEqual([]);
});

test('a reader that is in the middle of a run when it is archived, or stays for days without reading, gets every event', async () => {
  const broker = createEventBroker({
    ...{ database, storage, log },
    heartbeatMs: 15_000,
    batch: 5,
    openStreams: createConcurrencyLimiter(0),
  });
  onTestFinished(() => broker.close());
  const { runId, events } = await finishedRun();
  const follow = (after: number, isEnded: boolean) =>
    runEvents(broker, { runId, after, follow: true, isEnded, signal: AbortSignal.timeout(60_000) });
  const seqsIn = (bytes: Buffer) => [...bytes.toString().matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq));
  const [ended, open] = [follow(0, true), follow(0, false)];
  const seen = { ended: seqsIn((await ended.next()).value!), open: seqsIn((await open.next()).value!) };
  await archive();
  expect(await stored(runId)).toBe(0);
  const realNow = performance.now.bind(performance);
  const now = vi.spyOn(performance, 'now').mockImplementation(() => realNow() + 61_000);
  for await (const bytes of ended) seen.ended.push(...seqsIn(bytes));
  for await (const bytes of open) seen.open.push(...seqsIn(bytes));
  now.mockRestore();
  const all = events.map(({ seq }) => seq);
  expect(seen).toEqual({ ended: all, open: all });
});

test('a deleted thread takes its archived events along, its counts stay until the retention period ends', async () => {
  const [archived, later] = [await finishedRun(), await finishedRun()];
  const details = async () => (await call('GET', `/v1/admin/runs/${archived.runId}`, { token: chief.token })).body.events_stats;
  await sql(`update runs set completed_at = now() + interval '60 days' where id = $1`, [later.runId]);
  await archive();
  const before = await details();
  for (const { threadId } of [archived, later]) await call('DELETE', `/v1/threads/${threadId}`, { token: alice.token });
  expect(await stateOf(archived.runId)).toBe('removing');
  expect(await details()).toEqual(before);
  await remove();
  expect(await stateOf(archived.runId)).toBe('removed');
  expect((await objects()).filter((key) => key.includes(archived.runId))).toEqual([]);
  expect(await details()).toEqual(before);
  // Events of a deleted thread are not archived but deleted.
  await sql(`update runs set completed_at = now() where id = $1`, [later.runId]);
  await archive();
  expect([await stored(later.runId), await stateOf(later.runId)]).toEqual([0, 'removed']);
  expect((await objects()).filter((key) => key.includes(later.runId))).toEqual([]);
});

test('a closed account and an expired private thread take their archived events along', async () => {
  const bob = await app.signUp();
  const closed = await finishedRun(bob);
  const { body: thread } = await call('POST', '/v1/threads', { token: alice.token, body: { is_private: true, title: 'Secret' } });
  await call('POST', `/v1/threads/${thread.id}/messages`, { token: alice.token, body: { content: 'Hush' } });
  const expired = await startRun(app, alice, thread.id);
  await readAll(url, expired, alice.token);
  await archive();
  expect([await stateOf(closed.runId), await stateOf(expired)]).toEqual(['kept', 'kept']);
  await sql('update accounts set deleted_at = now() where id = $1', [bob.accountId]);
  await sql(`update threads set expires_at = now() - interval '1 minute' where id = $1`, [thread.id]);
  await emptyClosedAccounts(database);
  await removeExpiredThreads(database);
  await remove();
  // The run of the closed account is still in its statistics, that of the private thread is gone.
  expect([await stateOf(closed.runId), await stateOf(expired)]).toEqual(['removed', undefined]);
  expect((await objects()).filter((key) => key.includes(closed.runId) || key.includes(expired))).toEqual([]);
});

test('a thread that is deleted while its events are written leaves no object', async () => {
  const { runId, threadId } = await finishedRun();
  const slow: Storage = {
    ...storage,
    put: async (...all) => {
      if (all[0].includes(runId)) await call('DELETE', `/v1/threads/${threadId}`, { token: alice.token });
      await storage.put(...all);
    },
  };
  await archive(slow);
  expect((await objects()).filter((key) => key.includes(runId))).toEqual([]);
  await remove();
  await archive();
  expect([await stored(runId), await stateOf(runId)]).toEqual([0, 'removed']);
});

test('a missing or damaged object is an error, never an empty stream', async () => {
  const { runId } = await finishedRun();
  await archive();
  const [key] = (await objects()).filter((each) => each.includes(runId));
  const bytes = Buffer.concat(await Array.fromAsync((await storage.get(key!))!.chunks));
  const statusOf = async () => {
    const { status, body } = await call('GET', `/v1/runs/${runId}/events`, { token: alice.token });
    return [status, body?.error];
  };
  onTestFinished(() => storage.put(key!, bytes, 'application/gzip'));
  for (const wrong of [bytes.subarray(0, -1), Buffer.concat([bytes, bytes]), Buffer.from(bytes).fill(1, 30, 40), Buffer.alloc(0)]) {
    await storage.put(key!, wrong, 'application/gzip');
    expect(await statusOf()).toEqual([500, 'internal_error']);
  }
  await storage.delete(key!);
  expect(await statusOf()).toEqual([500, 'internal_error']);
});

test('archived events expire with those of the database, and an expired run streams nothing and closes', async () => {
  const [archived, kept] = [await finishedRun(), await finishedRun()];
  await archive();
  await remove(inThirtyDays);
  expect(await stateOf(archived.runId)).toBe('kept');
  await remove(inFiveMonths);
  expect(await objects()).toEqual([]);
  expect(await sql('select run_id from run_event_archives')).toEqual([]);
  await sql('delete from run_events where run_id = $1', [kept.runId]);
  for (const { runId } of [archived, kept]) {
    const stream = await openStream(url, runId, { token: alice.token });
    await stream.ended;
    expect([stream.status, stream.text()]).toEqual([200, ': ping\n\n']);
  }
});

test('partitions of earlier months are dropped once their events are archived', async () => {
  const names = async () =>
    (
      await sql(
        `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where inhparent = 'run_events'::regclass`,
      )
    ).map(({ name }) => name as string);
  const month = `run_events_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;
  const later = new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + 1, 15));
  const upkeep = () => removeOldEvents({ database, months: 3, dropEmpty: true, log }, later);
  const { runId, events } = await finishedRun();
  await upkeep();
  expect(await names()).toContain(month);
  await sql('delete from run_events where run_id <> $1', [runId]);
  await archiveRuns({ database, storage, log }, { days: 1 }, later);
  await upkeep();
  expect(await names()).not.toContain(month);
  expect(await readAll(url, runId, alice.token)).toEqual(events);
  // A run of that time that goes on appends to the default partition.
  const late = firstIdOf(new Date());
  await sql(`insert into run_events (run_id, seq, event_id, type, data, created_at) values ($1, 1, $2, 'run.started', '{}', now())`, [
    late,
    randomUUID(),
  ]);
  expect(await sql('select tableoid::regclass::text as name from run_events where run_id = $1', [late])).toEqual([
    { name: 'run_events_default' },
  ]);
});

test('events are archived in a bucket; while it is away, they are 503', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'arkloop-s3-'));
  const server = await startS3(folder, 'events');
  const other = await startTestApp({
    ...{ ARKLOOP_STORAGE_BACKEND: 's3', ARKLOOP_S3_ENDPOINT: server.endpoint, ARKLOOP_S3_BUCKET: 'events' },
    ...{ ARKLOOP_S3_ACCESS_KEY: credentials.accessKey, ARKLOOP_S3_SECRET_KEY: credentials.secretKey },
  });
  const bucket = storageOf(other);
  const bob = await other.signUp();
  const threadId = await openThread(other, bob);
  const runId = await startRun(other, bob, threadId);
  const events = await readAll(other.url, runId, bob.token);
  const deps = { database: other.database, storage: bucket, log };
  const outcomes = archiveOutcomes();
  expect(await archiveRuns(deps, { days: 1 }, inThirtyDays)).toBe(1);
  expect(await readAll(other.url, runId, bob.token)).toEqual(events);
  const later = await startRun(other, bob, threadId);
  await readAll(other.url, later, bob.token);
  await server.close();
  await expect(archiveRuns(deps, { days: 1 }, inThirtyDays)).rejects.toThrow(StorageUnavailable);
  expect(outcomes).toEqual(['archived', 'interrupted']);
  expect(await other.call('GET', `/v1/runs/${runId}/events`, { token: bob.token })).toMatchObject({
    status: 503,
    body: { details: { reason: 'dependency_unavailable' } },
  });
  await bucket.close();
  await rm(folder, { recursive: true, force: true });
});
