import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createBell } from '../../server/jobs/bell.ts';
import { queue } from '../../server/jobs/queue.ts';
import { reapRuns } from '../../server/jobs/reaper.ts';
import { openTalk } from '../setup/agent.ts';
import { addBrain } from '../setup/brain.ts';
import { openThread, startRun, transcriptOf } from '../setup/conversation.ts';
import { openStream, types } from '../setup/events.ts';
import { expectSound } from '../setup/invariants.ts';
import { quickWorker, type Running, sameKeys, startProcess } from '../setup/process.ts';
import { addTools, asks } from '../setup/tools.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

// Long enough for a busy machine: a worker that loses its lease asks the model once more.
const lease = { ...quickWorker, ARKLOOP_WORKER_LEASE_SECONDS: '5' };
const world = await startWorld({ ...lease, ARKLOOP_RUN_TIMEOUT_MINUTES: '1' }, { worker: false });
const startWorker = () => startProcess('worker', { ...lease, ...sameKeys, ARKLOOP_DATABASE_URL: world.databaseUrl });
const kill = async (worker: Running) => {
  worker.kill('SIGKILL');
  await worker.exited;
};
type Talk = Pick<Awaited<ReturnType<typeof openTalk>>, 'token' | 'threadId'>;
type Asked = { role: string; content: string; tool_calls?: { id: string }[] };

const half = (text: string) => ({ steps: [chat.text(text), 'stall' as const] });
const transcript = (talk: Talk) => transcriptOf(world, talk, talk.threadId);
const messageRows = (runId: string) =>
  world.sql(`select completion, visible from messages where run_id = $1 and role = 'assistant'`, [runId]);
const proceed = async (talk: Talk, run_id: string): Promise<string> =>
  (await world.call('POST', `/v1/threads/${talk.threadId}:continue`, { token: talk.token, body: { run_id } })).body.run_id;

/** Follows a run until it has said a text, and kills the worker that executes it. */
async function killedAfter(talk: Talk, runId: string, text: string, worker: Running) {
  const reader = await openStream(world.url, runId, { token: talk.token });
  await reader.until((event) => event.type === 'message.delta' && event.data.content === text);
  await kill(worker);
  return reader;
}

test('a run that another worker takes over leaves one message, and its tools are in the prompt of the next run', async () => {
  const person = await world.signUp();
  await addTools(world, person);
  const prompts: Asked[][] = [];
  let isFirst = true;
  await addBrain(world, person, (messages: Asked[]) => {
    prompts.push(messages);
    const last = messages.at(-1)!;
    if (last.content === 'Sure?') return chat.answer('Yes.');
    if (last.role === 'user') return { steps: [chat.text('I count. '), ...asks(['mcp__tools__count', {}, 'a']).steps!] };
    return isFirst ? half('It is ') : chat.answer('One.');
  });
  const talk = { ...person, threadId: await openThread(world, person) };
  const runId = await startRun(world, person, talk.threadId);
  const reader = await killedAfter(talk, runId, 'It is ', await startWorker());
  isFirst = false;
  expect(await transcript(talk)).toEqual(['user Hello!']);
  const heir = await startWorker();
  await reader.ended;
  await expectSound(world, runId, talk.token);
  expect(await messageRows(runId)).toEqual([{ completion: 'complete', visible: true }]);
  await world.call('POST', `/v1/threads/${talk.threadId}/messages`, { token: talk.token, body: { content: 'Sure?' } });
  const next = await startRun(world, person, talk.threadId);
  await (await openStream(world.url, next, { token: talk.token })).ended;
  await expectSound(world, next, talk.token);
  const names = prompts.at(-1)!.map(({ role, content, tool_calls }) => tool_calls?.[0]?.id ?? (role === 'assistant' ? content : role));
  expect(names).toEqual(['system', 'user', 'a', 'tool', 'One.', 'user']);
  await kill(heir);
}, 120_000);

test('an answer that is continued survives the worker of either run', async () => {
  const talk = await openTalk(world, { script: [half('One, '), half('two, '), chat.answer('three.')] });
  const first = await talk.start();
  const worker = await startWorker();
  const reader = await talk.follow(first);
  await reader.until(({ type }) => type === 'message.delta');
  await talk.cancel(first);
  await reader.ended;
  const second = await proceed(talk, first);
  const other = await killedAfter(talk, second, 'two, ', worker);
  const heir = await startWorker();
  await other.ended;
  await expectSound(world, second, talk.token);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant One, three.']);
  await kill(heir);
}, 120_000);

test('a run that was begun too often keeps what it answered', async () => {
  const talk = await openTalk(world, { script: [half('Half ')] });
  const runId = await talk.start();
  const reader = await killedAfter(talk, runId, 'Half ', await startWorker());
  await world.sql('update runs set attempt = 25 where id = $1', [runId]);
  const heir = await startWorker();
  await reader.ended;
  expect((await expectSound(world, runId, talk.token)).at(-1)).toMatchObject({ error_class: 'worker.timeout' });
  expect(await transcript(talk)).toEqual(['user Hello!', 'failed Half ']);
  await kill(heir);
}, 120_000);

test('a run that no worker takes over keeps what it answered when it is reaped, and is continued', async () => {
  const talk = await openTalk(world, { script: [half('Half '), chat.answer('whole.')] });
  const runId = await talk.start();
  await killedAfter(talk, runId, 'Half ', await startWorker());
  await world.sql(`update runs set last_activity_at = now() - interval '2 minutes' where id = $1`, [runId]);
  const { config, database } = world;
  const deps = { config, database, queue, bell: createBell(database, () => undefined), log: pino({ level: 'silent' }) };
  const counts = await Promise.all([reapRuns(deps), reapRuns(deps)]);
  expect(counts.toSorted()).toEqual([0, 1]);
  await expectSound(world, runId, talk.token);
  expect(await transcript(talk)).toEqual(['user Hello!', 'failed Half ']);
  const worker = await startWorker();
  const next = await proceed(talk, runId);
  await (await talk.follow(next)).ended;
  await expectSound(world, next, talk.token);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Half whole.']);
  await kill(worker);
}, 120_000);

test('a run that is canceled while its worker is dead keeps what it answered, once', async () => {
  const talk = await openTalk(world, { script: [half('Half ')] });
  const runId = await talk.start();
  const reader = await killedAfter(talk, runId, 'Half ', await startWorker());
  await talk.cancel(runId);
  const heir = await startWorker();
  await reader.ended;
  expect(types(await expectSound(world, runId, talk.token)).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  expect(await messageRows(runId)).toEqual([{ completion: 'stopped', visible: true }]);
  expect(await transcript(talk)).toEqual(['user Hello!', 'stopped Half ']);
  await kill(heir);
}, 120_000);
