import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, test } from 'vitest';
import { bindValues } from '../../../server/database/statement.ts';
import { selectAttachmentReference } from '../../../server/resources/shares/queries.ts';
import { transcriptWriter } from '../../support/agent/transcript.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently } from '../../support/checks/race.ts';
import { images, stage } from '../../support/http/forms.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await sharedTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' });
const { call, sql, signUp } = app;
const { open, say, answer, retry, list } = transcriptWriter(app);
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

test('a snapshot does not change with new or replaced messages, and a live share does', async () => {
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

/** Edits a message and cancels the run that the edit starts. */
async function edit(threadId: string, messageId: string, body: object) {
  const answered = await call('PATCH', `/v1/threads/${threadId}/messages/${messageId}`, { token: me.token, body });
  await sql(`update runs set status = 'cancelled', cancelled_at = now() where thread_id = $1`, [threadId]);
  return answered.status;
}

test('an edit during the removal of a snapshot succeeds', async () => {
  const thread = await conversation();
  const { id } = (await share(thread)).body;
  const [question] = await list(me, thread);
  const client = new pg.Client({ connectionString: app.databaseUrl });
  await client.connect();
  await client.query('begin');
  await client.query('delete from thread_shares where id = $1', [id]);
  const edited = edit(thread, question.id, { content: 'Edited' });
  await eventually(
    async () => (await sql(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length > 0,
    'the edit waits for the removal',
  );
  await client.query('commit');
  await client.end();
  expect(await edited).toBe(201);
});

test('a snapshot keeps the texts of its messages after edits', async () => {
  const thread = await open(me);
  const { key } = (await stage(app, me, { filename: 'a.png', content: images.png })).body;
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
  // Versions from before the share was created are not kept.
  const kept = await sql('select content from thread_share_messages where share_id = any($1) order by content', [
    [first.id, second.id, live.id],
  ]);
  expect(kept.map(({ content }) => content)).toEqual(['first\n\n[image: a.png]', 'second']);
  await remove(thread, first.id);
  expect(await sql('select 1 from thread_share_messages where share_id = $1', [first.id])).toEqual([]);
});

test('messages are read only for files of the thread, whoever asks for others', async () => {
  const thread = await open(me);
  const { key } = (await stage(app, me, { filename: 'a.png', content: images.png })).body;
  const image = { type: 'image', attachment: { key, filename: 'a.png', mime_type: 'image/png', size: 1 } };
  const posted = await call('POST', `/v1/threads/${thread}/messages`, { token: me.token, body: { content_json: { parts: [image] } } });
  const kept: string = posted.body.content_json.parts[0].attachment.key;
  const { id } = (await share(thread)).body;
  const shown = { accountId: me.accountId, threadId: thread, shareId: id, isLive: false, lastMessageNumber: 1, hiddenMessageNumbers: [] };
  type Plan = { 'Relation Name'?: string; 'Actual Loops': number; Plans?: Plan[] };
  const readsOf = (plan: Plan): number =>
    (plan['Relation Name'] === 'messages' ? plan['Actual Loops'] : 0) + (plan.Plans ?? []).reduce((sum, each) => sum + readsOf(each), 0);
  const reads = async (attachmentId: string) => {
    const values = bindValues(selectAttachmentReference, { ...shown, attachmentId, key: kept.replace(/[^/]{36}(?=\/a)/, attachmentId) });
    const [row] = await sql(`explain (analyze, format json) ${selectAttachmentReference.text}`, values);
    return readsOf(row['QUERY PLAN'][0].Plan);
  };
  expect([await reads(randomUUID()), await reads(kept.split('/')[2]!)]).toEqual([0, 1]);
});

test('a snapshot created during an edit has the state before or after it', async () => {
  for (let round = 0; round < 8; round++) {
    const thread = await conversation();
    const [{ id }] = await list(me, thread);
    const [made] = await Promise.all([concurrently(4, () => share(thread)), edit(thread, id, { content: 'Edited' })]);
    for (const { body } of made) expect([[hello, 'one'], ['Edited']]).toContainEqual(await texts(body.token));
  }
});

test('a snapshot read while it is deleted never has later texts', async () => {
  for (let round = 0; round < 10; round++) {
    const thread = await conversation();
    const [{ id: message }] = await list(me, thread);
    const { id, token } = (await share(thread)).body;
    await edit(thread, message, { content: 'Edited' });
    const [answers] = await Promise.all([concurrently(10, () => view(token)), remove(thread, id)]);
    for (const { status, text } of answers) expect([status, text.includes('Edited')]).toEqual([expect.toBeOneOf([200, 404]), false]);
  }
});

test('a snapshot created while messages arrive has a prefix of them', async () => {
  const thread = await open(me);
  const [made] = await Promise.all([concurrently(10, () => share(thread)), concurrently(20, (at) => say(me, thread, String(at)))]);
  const all = (await list(me, thread)).map(({ content }) => content);
  for (const { body } of made) {
    const shown = await texts(body.token);
    expect([shown, shown.length]).toEqual([all.slice(0, shown.length), body.snapshot_turn_count]);
  }
});
