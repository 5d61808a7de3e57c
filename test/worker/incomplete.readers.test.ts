import { expect, test } from 'vitest';
import { openTalk, promptOf } from '../setup/agent.ts';
import { startRun, transcriptOf } from '../setup/conversation.ts';
import { openStream } from '../setup/events.ts';
import { expectCounted } from '../setup/quotas.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld();
type Talk = Awaited<ReturnType<typeof openTalk>>;

/** A conversation whose answer was stopped after `One, `. */
async function openStopped(...script: Parameters<Talk['vendor']['answers']>) {
  const talk = await openTalk(world, { script: [{ steps: [chat.text('One, '), 'stall'] }, ...script] });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(({ type }) => type === 'message.delta');
  await talk.cancel(runId);
  await reader.ended;
  return { ...talk, runId };
}
const post = async ({ token }: Talk, path: string, body: object) => (await world.call('POST', path, { token, body })).body;

test('shares show an incomplete answer as such: a snapshot for good, a live one until it is continued', async () => {
  const talk = await openStopped(chat.answer('two.'));
  const path = `/v1/threads/${talk.threadId}:share`;
  const [snapshot, live] = [await post(talk, path, {}), await post(talk, path, { live_update: true })];
  const shown = async ({ token }: { token: string }) =>
    (await world.call('GET', `/v1/s/${token}`)).body.messages.map((each: any) => `${each.completion} ${each.content}`);
  expect(await shown(snapshot)).toEqual(['complete Hello!', 'stopped One, ']);
  const { run_id } = await post(talk, `/v1/threads/${talk.threadId}:continue`, { run_id: talk.runId });
  await (await talk.follow(run_id)).ended;
  expect(await shown(snapshot)).toEqual(['complete Hello!', 'stopped One, ']);
  expect(await shown(live)).toEqual(['complete Hello!', 'complete One, two.']);
  await expectCounted(world);
});

test('a fork has the incomplete answer and goes on from it, and its origin stays as it was', async () => {
  const talk = await openStopped(chat.answer('two.'), chat.answer('zwei.'));
  const [, last] = (await world.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: talk.token })).body;
  const fork = await post(talk, `/v1/threads/${talk.threadId}:fork`, { message_id: last.id });
  const runId = await startRun(world, talk, fork.id);
  await (await openStream(world.url, runId, { token: talk.token })).ended;
  expect(promptOf(talk, 1).map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
  expect(await transcriptOf(world, talk, fork.id)).toEqual(['user Hello!', 'assistant One, two.']);
  expect(await transcriptOf(world, talk, talk.threadId)).toEqual(['user Hello!', 'stopped One, ']);
});

test('a run is continued from its message when its events are gone', async () => {
  const talk = await openStopped(chat.answer('two.'));
  await world.sql('delete from run_events where run_id = $1', [talk.runId]);
  const { run_id } = await post(talk, `/v1/threads/${talk.threadId}:continue`, { run_id: talk.runId });
  await (await talk.follow(run_id)).ended;
  expect(await transcriptOf(world, talk, talk.threadId)).toEqual(['user Hello!', 'assistant One, two.']);
});

test('a thread that is deleted while its run answers keeps nothing', async () => {
  const talk = await openTalk(world, { script: [{ steps: [chat.text('One, '), 'stall'] }] });
  const runId = await talk.start();
  await (await talk.follow(runId)).until(({ type }) => type === 'message.delta');
  await world.call('DELETE', `/v1/threads/${talk.threadId}`, { token: talk.token });
  const status = async () => (await world.sql('select status from runs where id = $1', [runId]))[0].status;
  await expect.poll(status, { timeout: 10_000 }).toBe('cancelled');
  expect(await world.sql('select content from messages where thread_id = $1', [talk.threadId])).toEqual([]);
  await expectCounted(world);
});
