import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { startWorker } from '../../server/worker.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { readAll } from '../setup/events.ts';
import { startWorld, testKeys } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const { config, database, databaseUrl, sql } = world;
const lines: string[] = [];
const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
const worker = await startWorker({ config, keys: testKeys, database, databaseUrl, log });
afterAll(() => worker.shutDown());

test('a run that fails for a reason nobody foresaw tells its user nothing of it, and the operator everything', async () => {
  const bob = await world.signUp();
  const threadId = await openThread(world, bob);
  await sql('alter table thread_summaries rename to elsewhere');
  const runId = await startRun(world, bob, threadId);
  const last = (await readAll(world.url, runId, bob.token)).at(-1)!;
  await sql('alter table elsewhere rename to thread_summaries');
  expect(last).toMatchObject({ type: 'run.failed', data: { error_class: 'internal.error', resumable: false } });
  expect(JSON.stringify(last)).not.toContain('thread_summaries');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { run_id: runId, trace_id: last.data.trace_id, err: { message: expect.stringContaining('thread_summaries') } },
  ]);
});

test('a run that fails for a reason that was foreseen is no error of the operator', async () => {
  lines.length = 0;
  const bob = await world.signUp();
  const runId = await startRun(world, bob, await openThread(world, bob), { persona_id: 'nobody' });
  expect((await readAll(world.url, runId, bob.token)).at(-1)).toMatchObject({ data: { error_class: 'persona.not_found' } });
  expect(lines).toEqual([]);
});
