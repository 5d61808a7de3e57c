import { expect, test } from 'vitest';
import { images, stage } from '../setup/forms.ts';
import { atOnce } from '../setup/race.ts';
import { transcripts } from '../setup/transcript.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { call, sql, signUp } = world;
const { open, say, answer, retry, list } = transcripts(world);
const me = await signUp();

const share = (threadId: string, body: object = {}) => call('POST', `/v1/threads/${threadId}:share`, { token: me.token, body });
const remove = (threadId: string, id: string) => call('DELETE', `/v1/threads/${threadId}:share?id=${id}`, { token: me.token });
const view = (token: string) => call('GET', `/v1/s/${token}`);
const texts = async (token: string) => (await view(token)).body.messages.map(({ content }: { content: string }) => content);

const hello = 'مرحبا 👩‍👩‍👧‍👦 e\u0301';

async function conversation() {
  const thread = await open(me);
  await say(me, thread, hello);
  await answer(me, thread, 'one', ['called']);
  return thread;
}

test('a snapshot stays as it was after new messages and another answer; a live share follows', async () => {
  const thread = await conversation();
  await retry(me, thread);
  await answer(me, thread, 'one again');
  const [fixed, live] = [(await share(thread)).body.token, (await share(thread, { live_update: true })).body.token];
  const before = await texts(fixed);
  expect(before).toEqual([hello, 'one again']);
  await say(me, thread, 'More');
  expect([await texts(fixed), await texts(live)]).toEqual([before, [...before, 'More']]);
  await answer(me, thread, 'two');
  await retry(me, thread);
  expect([await texts(fixed), await texts(live)]).toEqual([before, [...before, 'More']]);
  const [question] = await list(me, thread);
  await call('PATCH', `/v1/threads/${thread}/messages/${question.id}`, { token: me.token, body: { content: 'Edited' } });
  expect([await texts(fixed), await texts(live)]).toEqual([before, ['Edited']]);
});

/** Edit a message of a thread; the run that answers it ends at once. */
async function edit(threadId: string, messageId: string, body: object) {
  const answered = await call('PATCH', `/v1/threads/${threadId}/messages/${messageId}`, { token: me.token, body });
  await sql(`update runs set status = 'cancelled', cancelled_at = now() where thread_id = $1`, [threadId]);
  return answered.status;
}

test('a snapshot says what its messages said, however often they are edited', async () => {
  const thread = await open(me);
  const { key } = (await stage(world, me, { filename: 'a.png', content: images.png })).body;
  const image = { type: 'image', attachment: { key, filename: 'a.png', mime_type: 'image/png', size: 1 } };
  const parts = [{ type: 'text', text: 'first' }, image];
  const post = (body: object) => call('POST', `/v1/threads/${thread}/messages`, { token: me.token, body });
  const message = (await post({ content_json: { parts } })).body.id;
  const first = (await share(thread)).body;
  expect(await edit(thread, message, { content_json: { parts: [{ type: 'text', text: 'second' }] } })).toBe(201);
  const [second, live] = [(await share(thread)).body, (await share(thread, { live_update: true })).body];
  expect(await edit(thread, message, { content: 'third' })).toBe(201);
  const shown = async ({ token }: { token: string }) => (await view(token)).body.messages;
  const [old] = await shown(first);
  expect(old).toMatchObject({
    id: message,
    content: 'first\n\n[image: a.png]',
    content_json: { parts: [{ text: 'first' }, { type: 'image' }] },
  });
  expect([await texts(second.token), await texts(live.token)]).toEqual([['second'], ['third']]);
  const published = old.content_json.parts[1].attachment.key;
  const get = ({ token }: { token: string }) =>
    call('GET', `/v1/attachments/${published}?share_token=${token}`).then(({ status }) => status);
  expect([await get(first), await get(second), await get(live)]).toEqual([200, 404, 404]);
  // What was edited before it was shared is nobody's business.
  const kept = await sql('select content from thread_share_messages where share_id = any($1) order by content', [
    [first.id, second.id, live.id],
  ]);
  expect(kept.map(({ content }) => content)).toEqual(['first\n\n[image: a.png]', 'second']);
  await remove(thread, first.id);
  expect(await sql('select 1 from thread_share_messages where share_id = $1', [first.id])).toEqual([]);
});

test('a snapshot made while a message is edited is of before or of after', async () => {
  for (let round = 0; round < 8; round++) {
    const thread = await conversation();
    const [{ id }] = await list(me, thread);
    const [made] = await Promise.all([atOnce(4, () => share(thread)), edit(thread, id, { content: 'Edited' })]);
    for (const { body } of made) expect([[hello, 'one'], ['Edited']]).toContainEqual(await texts(body.token));
  }
});

test('a snapshot that is deleted while it is read never shows what came after it', async () => {
  for (let round = 0; round < 10; round++) {
    const thread = await conversation();
    const [{ id: message }] = await list(me, thread);
    const { id, token } = (await share(thread)).body;
    await edit(thread, message, { content: 'Edited' });
    const [answers] = await Promise.all([atOnce(10, () => view(token)), remove(thread, id)]);
    for (const { status, text } of answers) expect([status, text.includes('Edited')]).toEqual([expect.toBeOneOf([200, 404]), false]);
  }
});

test('of messages that come while a thread is shared a snapshot has a beginning', async () => {
  const thread = await open(me);
  const [made] = await Promise.all([atOnce(10, () => share(thread)), atOnce(20, (at) => say(me, thread, String(at)))]);
  const all = (await list(me, thread)).map(({ content }) => content);
  for (const { body } of made) {
    const shown = await texts(body.token);
    expect([shown, shown.length]).toEqual([all.slice(0, shown.length), body.snapshot_turn_count]);
  }
});
