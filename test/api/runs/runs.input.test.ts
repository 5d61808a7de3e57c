import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dataOf, openScriptedThread, promptOf } from '../../support/agent/agent.ts';
import { addToolServer, askUserArgs, callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { types } from '../../support/http/events.ts';
import { projectCalls } from '../../support/resources/projects.ts';

const app = await startTestApp({ ARKLOOP_WORKER_CONCURRENCY: '2', ARKLOOP_WORKER_MAX_CONCURRENCY: '2' });
const askScript = (args: object = askUserArgs()) => [callsTools(['ask_user', args, 'q1']), chat.answer('Thanks.')];
const isWaiting = ({ type }: { type: string }) => type === 'run.waiting_for_input';

/** A run that waits for an answer of its user. */
async function openQuestion(script = askScript()) {
  const talk = await openScriptedThread(app, { script });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(isWaiting);
  return { ...talk, runId, reader };
}

test('input during a tool call is in the next model request, once', async () => {
  const person = await app.signUp();
  const isSteered = Promise.withResolvers<void>();
  await addToolServer(app, person, isSteered.promise);
  const script = [callsTools(['mcp__tools__slow', { ms: 0 }]), callsTools(['timeline_title', { label: 'x' }]), chat.answer('Fine.')];
  const talk = await openScriptedThread(app, { person, script });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(({ type }) => type === 'tool.call');
  expect(await talk.input(runId, 'Be quick')).toMatchObject({ status: 200 });
  isSteered.resolve();
  await reader.ended;
  const events = await expectRunInvariants(app, runId, talk.token);
  expect(dataOf(events, 'run.steering_injected')).toMatchObject([{ content: 'Be quick' }]);
  expect(dataOf(events, 'run.input_provided')[0]).not.toHaveProperty('request_id');
  const said = [0, 1, 2].map((at) => promptOf(talk, at).filter(({ content }) => content === 'Be quick').length);
  expect(said).toEqual([0, 1, 1]);
  const { body: messages } = await app.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: talk.token });
  expect(messages.map(({ role }: { role: string }) => role)).toEqual(['user', 'assistant']);
});

test('input during the final answer adds one more turn', async () => {
  const isSteered = Promise.withResolvers<void>();
  const script = [{ steps: [chat.text('Early.'), { wait: isSteered.promise }, chat.stop(), chat.done] }, chat.answer('Late.')];
  const talk = await openScriptedThread(app, { script });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(({ type }) => type === 'message.delta');
  expect(await talk.input(runId, 'One more thing')).toMatchObject({ status: 200 });
  isSteered.resolve();
  await reader.ended;
  const events = await expectRunInvariants(app, runId, talk.token);
  expect(dataOf(events, 'llm.turn.completed')).toHaveLength(2);
  expect(promptOf(talk, 1).slice(-2)).toMatchObject([
    { role: 'assistant', content: 'Early.' },
    { role: 'user', content: 'One more thing' },
  ]);
  const { body: messages } = await app.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: talk.token });
  expect(messages.map(({ content }: { content: string }) => content)).toEqual(['Hello!', 'Late.']);
});

test('input with a used input_key is accepted and ignored, also after the run has ended', async () => {
  const { runId, reader, token, input } = await openQuestion();
  const sent = await Promise.all(Array.from({ length: 20 }, () => input(runId, 'blue', { input_key: 'k' })));
  expect(sent.map(({ status }) => status)).toEqual(sent.map(() => 200));
  await reader.ended;
  expect(dataOf(await expectRunInvariants(app, runId, token), 'run.input_provided')).toMatchObject([{ content: 'blue', input_key: 'k' }]);
  expect(await input(runId, 'blue', { input_key: 'k' })).toMatchObject({ status: 200 });
  expect(await input(runId, 'blue', { input_key: 'other' })).toMatchObject({
    status: 409,
    body: { details: { reason: 'run_not_active' } },
  });
});

test('of ten parallel answers the first is the answer, and each other one is injected once before the next turn', async () => {
  const { runId, reader, token, input, vendor } = await openQuestion();
  vendor.respondWith(chat.answer('And so on.'));
  const texts = Array.from({ length: 10 }, (_, at) => `answer ${at}`);
  expect((await Promise.all(texts.map((text) => input(runId, text)))).map(({ status }) => status)).toEqual(texts.map(() => 200));
  await reader.ended;
  const events = await expectRunInvariants(app, runId, token);
  const answers = dataOf(events, 'tool.result').map(({ result }) => result!.user_response);
  const steered = dataOf(events, 'run.steering_injected').map(({ content }) => content);
  expect(answers).toHaveLength(1);
  expect([...answers, ...steered].toSorted()).toEqual(texts);
  expect(dataOf(events, 'run.input_provided').map(({ content }) => content)).toEqual([...answers, ...steered]);
});

test('input is limited to 32,768 bytes of UTF-8, or unlimited if the limit is 0', async () => {
  const { runId, reader, input } = await openQuestion();
  const refused = await input(runId, `${'é'.repeat(16_384)}x`);
  expect(refused).toMatchObject({ status: 400, body: { details: { reason: 'content_too_large' } } });
  expect(await input(runId, ' \n ')).toMatchObject({ status: 400 });
  await setPlatformSettings(app, { 'limit.max_input_content_bytes': 0 });
  expect(await input(runId, 'é'.repeat(20_000), { input_key: 'unlimited' })).toMatchObject({ status: 200 });
  await reader.ended;
  await setPlatformSettings(app, { 'limit.max_input_content_bytes': 32_768 });
  const other = await openQuestion();
  expect(await other.input(other.runId, 'é'.repeat(16_384))).toMatchObject({ status: 200 });
  await other.reader.ended;
});

test('input to an ended run is rejected, and to a foreign run returns 404', async () => {
  const talk = await openScriptedThread(app, { script: [chat.answer('Done.')] });
  const { runId } = await talk.run();
  expect(await talk.input(runId, 'more')).toMatchObject({ status: 409, body: { details: { reason: 'run_not_active' } } });
  const stranger = await app.signUp();
  expect(await app.call('POST', `/v1/runs/${runId}/input`, { token: stranger.token, body: { content: 'x' } })).toMatchObject({
    status: 404,
  });
});

test('a member who reads a run through a shared project cannot send input', async () => {
  const [owner, reader] = [await app.signUp(), await app.signUp()];
  await app.joinAccount(reader, owner);
  const talk = await openScriptedThread(app, { person: owner, script: askScript() });
  const { body: project } = await projectCalls(app, owner).create(owner, { visibility: 'shared' });
  expect(await app.call('PATCH', `/v1/threads/${talk.threadId}`, { token: owner.token, body: { project_id: project.id } })).toMatchObject({
    status: 200,
  });
  const runId = await talk.start();
  const headers = { 'x-account-id': owner.accountId };
  expect(await app.call('GET', `/v1/runs/${runId}`, { token: reader.token, headers })).toMatchObject({ status: 200 });
  const sent = await app.call('POST', `/v1/runs/${runId}/input`, { token: reader.token, headers, body: { content: 'x' } });
  expect(sent).toMatchObject({ status: 403 });
  await talk.cancel(runId);
});

test('cancelling ends the wait at once, and a later answer is rejected', async () => {
  const { runId, reader, token, input, cancel } = await openQuestion();
  const began = Date.now();
  expect(await cancel(runId)).toMatchObject({ status: 200 });
  expect(await input(runId, 'too late')).toMatchObject({ status: 409 });
  await reader.ended;
  expect(Date.now() - began).toTakeLessThan(1_000);
  const events = await expectRunInvariants(app, runId, token);
  expect(types(events).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  expect(await input(runId, 'later still')).toMatchObject({ status: 409 });
});

test('an answer that races with the timeout has exactly one outcome, and the run continues', async () => {
  await setPlatformSettings(app, { 'limit.paused_input_timeout_ms': 500 });
  const outcomes = new Set<string>();
  const lane = async (at: number) => {
    // Each lane approaches the timeout from one side of it: how long the answer takes depends on the machine.
    let delay = 460;
    for (let round = 0; round < 5; round++) {
      const talk = await openScriptedThread(app, { script: [...askScript(), chat.answer('Noted.')] });
      const runId = await talk.start();
      const reader = await talk.follow(runId);
      await reader.until(isWaiting);
      await sleep(delay);
      await talk.input(runId, 'now');
      await reader.ended;
      const events = await expectRunInvariants(app, runId, talk.token);
      const [resumed, ...more] = dataOf(events, 'run.resumed');
      expect(more).toEqual([]);
      outcomes.add(resumed!.reason);
      const answered = dataOf(events, 'tool.result')[0]!.result!.user_response === 'now';
      expect(answered).toBe(resumed!.reason === 'user_input_received');
      delay = Math.max(0, delay + (answered ? 30 : -30) * (at + 1));
      expect(dataOf(events, 'run.steering_injected').length).toBeLessThanOrEqual(answered ? 0 : 1);
    }
  };
  await Promise.all([0, 1, 2, 3].map(lane));
  expect(outcomes.size).toBe(2);
  await setPlatformSettings(app, { 'limit.paused_input_timeout_ms': 300_000 });
});
