import { pino } from 'pino';
import { expect, test } from 'vitest';
import { queue } from '../../../../server/jobs/queue.ts';
import { createPostgresPublisher } from '../../../../server/pubsub/postgresChannel.ts';
import { createRunNotifier } from '../../../../server/pubsub/runNotifier.ts';
import { reapRuns } from '../../../../server/runs/lease/reaper.ts';
import { openScriptedThread } from '../../../support/agent/agent.ts';
import { addScriptedModel } from '../../../support/agent/scriptedModel.ts';
import { addToolServer, callsTools } from '../../../support/agent/tools.ts';
import { chat } from '../../../support/agent/vendor.ts';
import { fastWorkerEnv, testKeysEnv, workerOfFile } from '../../../support/app/process.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { expectRunInvariants } from '../../../support/checks/invariants.ts';
import { openStream, types } from '../../../support/http/events.ts';
import { openThread, startRun, transcriptOf } from '../../../support/resources/conversation.ts';

// Long enough for a busy machine: a worker that loses its lease causes another model call.
const lease = { ...fastWorkerEnv, ARKLOOP_WORKER_LEASE_SECONDS: '5' };
const app = await startTestApp({ ...lease, ARKLOOP_RUN_TIMEOUT_MINUTES: '1' }, { worker: false });
const worker = workerOfFile({ ...lease, ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl });
type Talk = Pick<Awaited<ReturnType<typeof openScriptedThread>>, 'token' | 'threadId'>;
type Asked = { role: string; content: string; tool_calls?: { id: string }[] };

const half = (text: string) => ({ steps: [chat.text(text), 'stall' as const] });
const transcript = (talk: Talk) => transcriptOf(app, talk, talk.threadId);
const messageRows = (runId: string) =>
  app.sql(`select completion, visible from messages where run_id = $1 and role = 'assistant'`, [runId]);
const proceed = async (talk: Talk, run_id: string): Promise<string> =>
  (await app.call('POST', `/v1/threads/${talk.threadId}:continue`, { token: talk.token, body: { run_id } })).body.run_id;

/** Follows a run until a delta equals `text`, then kills the worker. */
async function killedAfter(talk: Talk, runId: string, text: string) {
  await worker.start();
  const reader = await openStream(app.url, runId, { token: talk.token });
  await reader.until((event) => event.type === 'message.delta' && event.data.content === text);
  await worker.end();
  return reader;
}

test('a run that another worker takes over stores one message, and its tool calls are in the prompt of the next run', async () => {
  const person = await app.signUp();
  await addToolServer(app, person);
  const prompts: Asked[][] = [];
  let isFirst = true;
  await addScriptedModel(app, person, (messages: Asked[]) => {
    prompts.push(messages);
    const last = messages.at(-1)!;
    if (last.content === 'Sure?') return chat.answer('Yes.');
    if (last.role === 'user') return { steps: [chat.text('I count. '), ...callsTools(['mcp__tools__count', {}, 'a']).steps!] };
    return isFirst ? half('It is ') : chat.answer('One.');
  });
  const talk = { ...person, threadId: await openThread(app, person) };
  const runId = await startRun(app, person, talk.threadId);
  const reader = await killedAfter(talk, runId, 'It is ');
  isFirst = false;
  expect(await transcript(talk)).toEqual(['user Hello!']);
  await worker.start();
  await reader.ended;
  await expectRunInvariants(app, runId, talk.token);
  expect(await messageRows(runId)).toEqual([{ completion: 'complete', visible: true }]);
  await app.call('POST', `/v1/threads/${talk.threadId}/messages`, { token: talk.token, body: { content: 'Sure?' } });
  const next = await startRun(app, person, talk.threadId);
  await openStream(app.url, next, { token: talk.token }).then(({ ended }) => ended);
  await expectRunInvariants(app, next, talk.token);
  const names = prompts.at(-1)!.map(({ role, content, tool_calls }) => tool_calls?.[0]?.id ?? (role === 'assistant' ? content : role));
  expect(names).toEqual(['system', 'user', 'a', 'tool', 'One.', 'user']);
});

test('a continued answer survives the death of the worker of either run', async () => {
  const talk = await openScriptedThread(app, { script: [half('One, '), half('two, '), chat.answer('three.')] });
  const first = await talk.start();
  await worker.start();
  const reader = await talk.follow(first);
  await reader.until(({ type }) => type === 'message.delta');
  await talk.cancel(first);
  await reader.ended;
  const second = await proceed(talk, first);
  const other = await killedAfter(talk, second, 'two, ');
  await worker.start();
  await other.ended;
  await expectRunInvariants(app, second, talk.token);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant One, three.']);
});

test('a run that exceeds its attempts keeps its partial answer', async () => {
  const talk = await openScriptedThread(app, { script: [half('Half ')] });
  const runId = await talk.start();
  const reader = await killedAfter(talk, runId, 'Half ');
  await app.sql('update runs set attempt = 25 where id = $1', [runId]);
  await worker.start();
  await reader.ended;
  expect((await expectRunInvariants(app, runId, talk.token)).at(-1)).toMatchObject({ error_class: 'worker.timeout' });
  expect(await transcript(talk)).toEqual(['user Hello!', 'failed Half ']);
});

test('a run that is reaped keeps its partial answer and can be continued', async () => {
  const talk = await openScriptedThread(app, { script: [half('Half '), chat.answer('whole.')] });
  const runId = await talk.start();
  await killedAfter(talk, runId, 'Half ');
  await app.sql(`update runs set last_activity_at = now() - interval '2 minutes' where id = $1`, [runId]);
  const { config, database } = app;
  const deps = {
    config,
    database,
    queue,
    runNotifier: createRunNotifier(createPostgresPublisher(database), () => undefined),
    log: pino({ level: 'silent' }),
  };
  const counts = await Promise.all([reapRuns(deps), reapRuns(deps)]);
  expect(counts.toSorted()).toEqual([0, 1]);
  await expectRunInvariants(app, runId, talk.token);
  expect(await transcript(talk)).toEqual(['user Hello!', 'failed Half ']);
  await worker.start();
  const next = await proceed(talk, runId);
  await talk.follow(next).then(({ ended }) => ended);
  await expectRunInvariants(app, next, talk.token);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Half whole.']);
});

test('a run that is cancelled while its worker is dead keeps its partial answer once', async () => {
  const talk = await openScriptedThread(app, { script: [half('Half ')] });
  const runId = await talk.start();
  const reader = await killedAfter(talk, runId, 'Half ');
  await talk.cancel(runId);
  await worker.start();
  await reader.ended;
  expect(types(await expectRunInvariants(app, runId, talk.token)).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  expect(await messageRows(runId)).toEqual([{ completion: 'stopped', visible: true }]);
  expect(await transcript(talk)).toEqual(['user Hello!', 'stopped Half ']);
});
