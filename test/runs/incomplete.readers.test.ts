import { expect, test } from 'vitest';
import { openScriptedThread, promptOf } from '../support/agent/agent.ts';
import { chat } from '../support/agent/vendor.ts';
import { expectWithin } from '../support/app/expectWithin.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { openStream } from '../support/http/events.ts';
import { startRun, transcriptOf } from '../support/resources/conversation.ts';
import { expectQuotaCounters } from '../support/resources/quotas.ts';

const app = await startTestApp();
type Talk = Awaited<ReturnType<typeof openScriptedThread>>;

/** A conversation with an answer cancelled after `One, `. */
async function openStopped(...script: Parameters<Talk['vendor']['respondWith']>) {
  const talk = await openScriptedThread(app, { script: [{ steps: [chat.text('One, '), 'stall'] }, ...script] });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(({ type }) => type === 'message.delta');
  await talk.cancel(runId);
  await reader.ended;
  return { ...talk, runId };
}
const post = async ({ token }: Talk, path: string, body: object) => (await app.call('POST', path, { token, body })).body;

test('shares mark an incomplete answer: a snapshot permanently, a live share until it is continued', async () => {
  const talk = await openStopped(chat.answer('two.'));
  const path = `/v1/threads/${talk.threadId}:share`;
  const [snapshot, live] = [await post(talk, path, {}), await post(talk, path, { live_update: true })];
  const shown = async ({ token }: { token: string }) =>
    (await app.call('GET', `/v1/s/${token}`)).body.messages.map((each: any) => `${each.completion} ${each.content}`);
  expect(await shown(snapshot)).toEqual(['complete Hello!', 'stopped One, ']);
  const { run_id } = await post(talk, `/v1/threads/${talk.threadId}:continue`, { run_id: talk.runId });
  await talk.follow(run_id).then(({ ended }) => ended);
  expect(await shown(snapshot)).toEqual(['complete Hello!', 'stopped One, ']);
  expect(await shown(live)).toEqual(['complete Hello!', 'complete One, two.']);
  await expectQuotaCounters(app);
});

test('a fork copies and continues the incomplete answer, and the original is unchanged', async () => {
  const talk = await openStopped(chat.answer('two.'), chat.answer('zwei.'));
  const [, last] = (await app.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: talk.token })).body;
  const fork = await post(talk, `/v1/threads/${talk.threadId}:fork`, { message_id: last.id });
  const runId = await startRun(app, talk, fork.id);
  await openStream(app.url, runId, { token: talk.token }).then(({ ended }) => ended);
  expect(promptOf(talk, 1).map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
  expect(await transcriptOf(app, talk, fork.id)).toEqual(['user Hello!', 'assistant One, two.']);
  expect(await transcriptOf(app, talk, talk.threadId)).toEqual(['user Hello!', 'stopped One, ']);
});

test('a run without stored events is continued from its message', async () => {
  const talk = await openStopped(chat.answer('two.'));
  await app.sql('delete from run_events where run_id = $1', [talk.runId]);
  const { run_id } = await post(talk, `/v1/threads/${talk.threadId}:continue`, { run_id: talk.runId });
  await talk.follow(run_id).then(({ ended }) => ended);
  expect(await transcriptOf(app, talk, talk.threadId)).toEqual(['user Hello!', 'assistant One, two.']);
});

test('a thread deleted during a run keeps no messages', async () => {
  const talk = await openScriptedThread(app, { script: [{ steps: [chat.text('One, '), 'stall'] }] });
  const runId = await talk.start();
  await (await talk.follow(runId)).until(({ type }) => type === 'message.delta');
  await app.call('DELETE', `/v1/threads/${talk.threadId}`, { token: talk.token });
  const status = async () => (await app.sql('select status from runs where id = $1', [runId]))[0].status;
  await expectWithin(10_000, status, 'cancelled');
  expect(await app.sql('select content from messages where thread_id = $1', [talk.threadId])).toEqual([]);
  await expectQuotaCounters(app);
});
