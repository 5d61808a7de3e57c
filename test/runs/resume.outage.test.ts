import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../server/database/sql.ts';
import { startWorker } from '../../server/processes/worker.ts';
import { leaseRun } from '../../server/runs/lease/lease.ts';
import { fastWorkerEnv } from '../support/app/process.ts';
import { startTestApp, testKeys } from '../support/app/testApp.ts';
import { expectRunInvariants } from '../support/checks/invariants.ts';
import { readAll, types } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';

const app = await startTestApp(fastWorkerEnv, { worker: false });
const { config, databaseUrl } = app;

/** A database that is not available for the first `failures` statements that replay a run. */
let failures = 0;
const rows = (async (given: { text: string }, ...values: unknown[]) => {
  if (/'run\.recovered'/.test(given.text) && failures-- > 0) throw new Error('timeout exceeded when trying to connect');
  return (app.database.rows as (...args: unknown[]) => Promise<unknown>)(given, ...values);
}) as Database['rows'];
test('a run whose events cannot be read for a moment when it is resumed is retried, and does not fail', async () => {
  const bob = await app.signUp();
  failures = 1;
  const threadId = await openThread(app, bob);
  const runId = await startRun(app, bob, threadId);
  // A worker that died after its first events.
  const dead = (await leaseRun(app.database, runId, 1))!;
  await dead.append([{ type: 'message.delta', data: { role: 'assistant', content: 'a', content_delta: 'a' } }]);
  const log = pino({ level: 'silent' });
  const worker = await startWorker({ config, keys: testKeys, database: { ...app.database, rows }, databaseUrl, log });
  onTestFinished(worker.shutDown);
  const events = await readAll(app.url, runId, bob.token);
  expect(failures).toBeLessThanOrEqual(0);
  expect(types(events)).toContain('run.recovered');
  expect(events.at(-1)?.type).toBe('run.completed');
  await expectRunInvariants(app, runId, bob.token);
});
