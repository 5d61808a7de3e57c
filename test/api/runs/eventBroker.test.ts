import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createConcurrencyLimiter } from '../../../server/platform/concurrency.ts';
import { createEventBroker } from '../../../server/runs/follow/eventBroker.ts';
import { runEvents } from '../../../server/runs/follow/stream.ts';
import { recordStatements } from '../../support/app/recordStatements.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { openStream } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp({}, { worker: false });
const alice = await app.signUp();
const createBroker = (batch: number, database = app.database) =>
  createEventBroker({
    database,
    storage: undefined,
    heartbeatMs: 15_000,
    batch,
    openStreams: createConcurrencyLimiter(0),
    log: pino({ level: 'silent' }),
  });

const append = (runId: string, from: number, count: number, last: boolean) =>
  app.sql(
    `insert into run_events (run_id, seq, event_id, type, data, created_at)
     select $1, n, gen_random_uuid(), case when $4 and n = $2 + $3 - 1 then 'run.completed' else 'message.delta' end, '{}', now()
     from generate_series($2::int, $2 + $3 - 1) n returning *`,
    [runId, from, count, last],
  );

const seqsOf = async (chunks: AsyncIterable<Buffer>) => {
  const seqs: number[] = [];
  for await (const chunk of chunks) for (const [, seq] of chunk.toString().matchAll(/^id: (\d+)$/gm)) seqs.push(Number(seq));
  return seqs;
};

test('for any interleaving of events, notifications and readers, each reader gets every event after its start once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          count: fc.integer({ min: 1, max: 40 }),
          wakes: fc.integer({ min: 0, max: 2 }),
          isPublished: fc.boolean(),
          joins: fc.array(fc.nat({ max: 60 }), { maxLength: 3 }),
        }),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
      fc.integer({ min: 1, max: 30 }),
      async (steps, batch) => {
        const broker = createBroker(batch);
        const runId = randomUUID();
        const total = steps.reduce((sum, { count }) => sum + count, 0);
        const readers: { after: number; seqs: Promise<number[]> }[] = [];
        const join = (after: number) =>
          readers.push({ after, seqs: seqsOf(runEvents(broker, { runId, after, follow: true, signal: AbortSignal.timeout(60_000) })) });
        join(0);
        let next = 1;
        for (const [at, { count, wakes, isPublished, joins }] of steps.entries()) {
          for (const after of joins) join(Math.min(after, total - 1));
          const events = await append(runId, next, count, at === steps.length - 1);
          if (isPublished) broker.publish(runId, events);
          next += count;
          // The last notification is always sent: otherwise the reader waits for the fallback poll.
          for (let n = 0; n < wakes + Number(at === steps.length - 1); n++) broker.notify(runId);
        }
        for (const { after, seqs } of readers) expect(await seqs).toEqual(Array.from({ length: total - after }, (_, at) => after + at + 1));
        expect(broker.size).toBe(0);
        broker.close();
      },
    ),
    { numRuns: 25 },
  );
});

test('events that are published with their content are not read from the database', async () => {
  const broker = createBroker(500);
  const runId = randomUUID();
  const first = await append(runId, 1, 1, false);
  const reader = runEvents(broker, { runId, after: 0, follow: true, signal: AbortSignal.timeout(60_000) })[Symbol.asyncIterator]();
  const next = async () => (await reader.next()).value?.toString();
  expect(await next()).toContain(`"event_id":"${first[0].event_id}"`);
  const { texts, stop } = recordStatements(app.database);
  for (const [seq, isLast] of [
    [2, false],
    [3, true],
  ] as const) {
    const chunk = next();
    broker.publish(runId, await append(runId, seq, 1, isLast));
    expect(await chunk).toContain(`id: ${seq}\n`);
  }
  stop();
  expect(texts.filter((text) => text.includes('from "run_events"'))).toHaveLength(0);
  broker.close();
});

test('readers that start at different events at the same time do not end early', async () => {
  const broker = createBroker(7);
  const runId = randomUUID();
  await append(runId, 1, 50, true);
  const starts = [0, 30, 10, 49, 44, 50];
  const readers = starts.map((after) => seqsOf(runEvents(broker, { runId, after, follow: false, signal: AbortSignal.timeout(60_000) })));
  expect((await Promise.all(readers)).map((seqs) => seqs.length)).toEqual(starts.map((after) => 50 - after));
  broker.close();
});

test('a reader of a run that has ended gets its last events while a read that began before the end goes', async () => {
  const runId = randomUUID();
  const began = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  let reads = 0;
  const rows: typeof app.database.rows = async (statement, ...values) => {
    const isHeld = ++reads === 2;
    const found = await app.database.rows(statement, ...values);
    if (isHeld) began.resolve();
    if (isHeld) await held.promise;
    return found;
  };
  const broker = createBroker(500, { ...app.database, rows });
  const follow = (isEnded: boolean) => runEvents(broker, { runId, after: 0, follow: true, isEnded, signal: AbortSignal.timeout(60_000) });
  await append(runId, 1, 5, false);
  const early = follow(false);
  await early.next();
  const rest = seqsOf(early);
  broker.notify(runId);
  await began.promise;
  await append(runId, 6, 5, true);
  const late = follow(true);
  expect((await late.next()).value!.toString().match(/^id: /gm)).toHaveLength(5);
  const last = seqsOf(late);
  held.resolve();
  broker.notify(runId);
  expect(await last).toEqual([6, 7, 8, 9, 10]);
  expect(await rest).toEqual([6, 7, 8, 9, 10]);
  broker.close();
});

test('500 readers of one run share one query per batch of events', async () => {
  const broker = createBroker(500);
  const runId = randomUUID();
  const { texts, stop } = recordStatements(app.database);
  const readers = Array.from({ length: 500 }, () =>
    seqsOf(runEvents(broker, { runId, after: 0, follow: true, signal: AbortSignal.timeout(60_000) })),
  );
  await append(runId, 1, 10, false);
  broker.notify(runId);
  await new Promise((done) => setTimeout(done, 200));
  texts.length = 0;
  for (let batch = 1; batch <= 5; batch++) {
    await append(runId, 1 + batch * 10, 10, batch === 5);
    broker.notify(runId);
    await new Promise((done) => setTimeout(done, 100));
  }
  for (const seqs of await Promise.all(readers)) expect(seqs).toHaveLength(60);
  stop();
  const reads = texts.filter((text) => text.includes('from "run_events"')).length;
  // One query per batch, and at most one of the fallback poll for lost notifications.
  expect(reads).toBeGreaterThanOrEqual(5);
  expect(reads).toBeLessThanOrEqual(6);
  broker.close();
});

test('1,000 connections opened and closed leave no timers or database connections behind', async () => {
  const runId = await startRun(app, alice, await openThread(app, alice));
  const backends = async () => (await app.sql('select count(*)::int as n from pg_stat_activity where datname = current_database()'))[0].n;
  const before = await backends();
  for (let round = 0; round < 20; round++)
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const stream = await openStream(app.url, runId, { token: alice.token });
        await stream.until(({ type }) => type === 'run.started');
        stream.close();
        await stream.ended;
      }),
    );
  await new Promise((done) => setTimeout(done, 300));
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBeLessThan(100);
  expect(await backends()).toBeLessThanOrEqual(Math.max(before, 10));
});
