import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { startWorker } from '../../server/processes/worker.ts';
import { startTestApp, testKeys } from '../support/app/testApp.ts';
import { readAll } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';

const app = await startTestApp({}, { worker: false });
const { config, database, databaseUrl, sql } = app;
const lines: string[] = [];
const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
const worker = await startWorker({ config, keys: testKeys, database, databaseUrl, log });
afterAll(() => worker.shutDown());

test('an unexpected error is logged in full, and the user gets only internal.error', async () => {
  const bob = await app.signUp();
  const threadId = await openThread(app, bob);
  await sql('alter table thread_summaries rename to elsewhere');
  const runId = await startRun(app, bob, threadId);
  const last = (await readAll(app.url, runId, bob.token)).at(-1)!;
  await sql('alter table elsewhere rename to thread_summaries');
  expect(last).toMatchObject({ type: 'run.failed', data: { error_class: 'internal.error', resumable: false } });
  expect(JSON.stringify(last)).not.toContain('thread_summaries');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { run_id: runId, trace_id: last.data.trace_id, err: { message: expect.stringContaining('thread_summaries') } },
  ]);
});

test('an expected run failure is not logged as an error', async () => {
  lines.length = 0;
  const bob = await app.signUp();
  const runId = await startRun(app, bob, await openThread(app, bob), { persona_id: 'nobody' });
  expect((await readAll(app.url, runId, bob.token)).at(-1)).toMatchObject({ data: { error_class: 'persona.not_found' } });
  expect(lines).toEqual([]);
});
