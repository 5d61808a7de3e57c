import { expect, test } from 'vitest';
import { dataOf, openScriptedThread, promptOf } from '../support/agent/agent.ts';
import { callsTools } from '../support/agent/tools.ts';
import { chat } from '../support/agent/vendor.ts';
import { setPlatformSettings } from '../support/app/settings.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants } from '../support/checks/invariants.ts';

const app = await startTestApp();
await setPlatformSettings(app, { 'llm.retry.max_attempts': 1 });

const note = (id: string) => callsTools(['timeline_title', { label: id }, id]);
const stalls = { steps: [chat.text('half'), 'stall' as const] };
const busy = chat.failure(503, { message: 'busy' });
type Talk = Awaited<ReturnType<typeof openScriptedThread>>;

/** The messages of a prompt as role and call ids or the first 20 characters. */
const shape = (talk: Talk, at: number) =>
  promptOf(talk, at).map((message) =>
    `${message.role} ${message.tool_calls?.map(({ id }) => id) ?? (/user|assistant/.test(message.role) ? message.content.slice(0, 20) : '')}`.trim(),
  );

/** Starts a run and cancels it during an answer. */
async function cancelled(talk: Talk) {
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until((event) => event.type === 'message.delta' && event.data.content === 'half');
  await talk.cancel(runId);
  await reader.ended;
  return runId;
}

const proceed = async (talk: Talk, runId: string) => {
  const answer = await app.call('POST', `/v1/threads/${talk.threadId}:continue`, { token: talk.token, body: { run_id: runId } });
  expect(answer.status).toBe(201);
  await talk.follow(answer.body.run_id).then(({ ended }) => ended);
  return { runId: answer.body.run_id as string, events: await expectRunInvariants(app, answer.body.run_id, talk.token) };
};

test('the next user message resumes a cancelled run with its finished turns and partial answer', async () => {
  const talk = await openScriptedThread(app, { script: [note('a'), stalls, note('b'), stalls, chat.answer('Done.')] });
  const first = await cancelled(talk);
  await talk.say('Go on');
  const second = await cancelled(talk);
  await talk.say('And on');
  const { events } = await talk.run();
  expect(events[0]).toMatchObject({ data: { resume_from_run_id: second, continuation_source: 'user_followup' } });
  const half = 'assistant half';
  const whole = ['system', 'user Hello!', 'assistant a', 'tool', half, 'user Go on', 'assistant b', 'tool', half, 'user And on'];
  expect([1, 2, 3, 4].map((at) => shape(talk, at))).toEqual([whole.slice(0, 4), whole.slice(0, 6), whole.slice(0, 8), whole]);
  const listed = (await app.call('GET', `/v1/threads/${talk.threadId}/runs`, { token: talk.token })).body;
  expect(listed.map((run: any) => run.resume_from_run_id)).toEqual([second, first, undefined]);
});

test('a failed run can be continued repeatedly, with all finished turns', async () => {
  const talk = await openScriptedThread(app, { script: [note('a'), busy, busy, note('b'), chat.answer('Done.')] });
  const { runId, events } = await talk.run();
  expect(events.at(-1)).toMatchObject({ type: 'run.failed', data: { resumable: true } });
  const again = await proceed(talk, runId);
  expect(again.events.at(-1)).toMatchObject({ type: 'run.failed', data: { resumable: true } });
  expect(again.events[0]).toMatchObject({ data: { source: 'continue', continuation_source: 'explicit' } });
  // The second run finished no turn, so the third one continues the first.
  const third = await proceed(talk, runId);
  expect(third.events.at(-1)?.type).toBe('run.completed');
  expect(dataOf(third.events, 'tool.call').map(({ tool_call_id }) => tool_call_id)).toEqual(['b']);
  expect(shape(talk, 4)).toEqual(['system', 'user Hello!', 'assistant a', 'tool', 'assistant b', 'tool']);
});

test('a resumable run is resumed across later failed runs', async () => {
  const talk = await openScriptedThread(app, { script: [note('a'), busy, busy, chat.answer('Done.')] });
  await talk.run();
  await talk.say('Now?');
  await talk.run();
  await talk.say('And now?');
  expect((await talk.run()).events.at(-1)?.type).toBe('run.completed');
  expect(shape(talk, 3)).toEqual(['system', 'user Hello!', 'assistant a', 'tool', 'user Now?', 'user And now?']);
});

test('a run without a new message continues the last one, and a retry starts over', async () => {
  const talk = await openScriptedThread(app, { script: [note('a'), stalls, chat.answer('One.'), chat.answer('Two.')] });
  await cancelled(talk);
  const { events } = await talk.run();
  expect(events[0]!.data).toMatchObject({ continuation_source: 'none' });
  expect(shape(talk, 2).slice(1)).toEqual(['user Hello!', 'assistant a', 'tool', 'assistant half', 'user Your answer above wa']);
  const { body } = await app.call('POST', `/v1/threads/${talk.threadId}:retry`, { token: talk.token });
  await talk.follow(body.run_id).then(({ ended }) => ended);
  expect(shape(talk, 3)).toEqual(['system', 'user Hello!']);
});
