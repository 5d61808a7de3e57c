import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Message } from '../../../contract/messages.ts';
import { transcriptWriter } from '../../support/agent/transcript.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { openThread } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();
const { sql, call, signUp } = app;
const alice = await signUp();
const { token } = alice;

const newThread = async (): Promise<string> => (await call('POST', '/v1/threads', { token })).body.id;
const thread = await newThread();
const send = (body: unknown, id = thread) => call('POST', `/v1/threads/${id}/messages`, { token, body });
const list = async (id: string, query = '') => (await call('GET', `/v1/threads/${id}/messages${query}`, { token })).body as Message[];
const texts = (rows: Message[]) => rows.map(({ content }) => content);

test('a message belongs to the caller and is listed', async () => {
  const id = await newThread();
  const sent = await send({ content: 'hi' }, id);
  const expected = {
    id: expect.any(String),
    account_id: alice.accountId,
    thread_id: id,
    created_by_user_id: alice.id,
    role: 'user',
    content: 'hi',
    completion: 'complete',
    created_at: expect.stringMatching(/\.\d{3}Z$/),
  };
  expect([sent.status, sent.body]).toEqual([201, expected]);
  expect(await list(id)).toEqual([sent.body]);
});

test('content is not blank and has at most 20,000 characters', async () => {
  for (const body of [{}, { content: '' }, { content: ' \n\t ' }, { content: null }, { content: 7 }, { content: 'x'.repeat(20_001) }])
    expect([body, issuesOf(await send(body))]).toEqual([body, [400, [['body', '/content']]]]);
  for (const most of ['x'.repeat(20_000), '👍'.repeat(20_000)]) expect((await send({ content: most })).body.content).toBe(most);
  expect((await send({ content: '👍'.repeat(20_001) })).status).toBe(400);
  expect(statusAndReason(await call('POST', `/v1/threads/${thread}/messages`, { token, raw: '{"content":' }))).toEqual([
    422,
    'malformed_json',
  ]);
  expect(statusAndReason(await call('POST', `/v1/threads/${thread}/messages`, { token }))).toEqual([422, 'empty_body']);
  expect(
    (await call('POST', `/v1/threads/${thread}/messages`, { token, raw: JSON.stringify({ content: 'x'.repeat(2 ** 20) }) })).status,
  ).toBe(413);
});

test('text parts are merged, blank ones are dropped, and content_json takes precedence over content', async () => {
  const parts = (...all: string[]) => ({ parts: all.map((text) => ({ type: 'text', text })) });
  const sent = await send({ content: 'ignored', content_json: parts('one', '  ', ' two ', '\n') });
  expect([sent.body.content, sent.body.content_json]).toEqual(['one\n\n two ', parts('one\n\n two ')]);
  expect(await list(thread, '?limit=1')).toEqual([sent.body]);
  for (const bad of [
    parts(),
    parts('', ' '),
    { parts: [{ type: 'sound', text: 'x' }] },
    { parts: [{ type: 'text' }] },
    {},
    [],
    parts('x'.repeat(10_000), 'x'.repeat(10_001)),
  ]) {
    const { status, body } = await send({ content: 'x', content_json: bad });
    expect([status, body.details.issues[0].path.startsWith('/content_json')]).toEqual([400, true]);
  }
  expect((await send({ content_json: parts('x'.repeat(9_999), 'x'.repeat(9_999)) })).status).toBe(201);
});

test('the newest 50 messages are listed oldest first, and the next page has the older ones', async () => {
  const id = await newThread();
  for (let at = 1; at <= 60; at++) await send({ content: `m${at}` }, id);
  const named = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `m${from + at}`);
  const first = await call('GET', `/v1/threads/${id}/messages`, { token });
  expect(texts(first.body)).toEqual(named(11, 60));
  const link = /^<(.+)>; rel="next"$/.exec(first.headers.get('link')!)![1]!;
  const second = await call('GET', link, { token });
  expect([texts(second.body), second.headers.get('link'), second.headers.get('x-next-cursor')]).toEqual([named(1, 10), null, null]);
  expect(texts(await list(id, '?order=desc&limit=3'))).toEqual(['m60', 'm59', 'm58']);
  expect(texts(await list(id, '?limit=200'))).toEqual(named(1, 60));
  const cursor = first.headers.get('x-next-cursor');
  for (const wrong of [`/v1/threads/${thread}/messages?before=${cursor}`, `/v1/threads?before=${cursor}`])
    expect(issuesOf(await call('GET', wrong, { token }))).toEqual([400, [['query', 'before']]]);
  expect(issuesOf(await call('GET', `/v1/threads/${id}/messages?order=up`, { token }))).toEqual([400, [['query', 'order']]]);
});

test('a hundred parallel messages are numbered without gaps', async () => {
  const id = await newThread();
  const sent = await Promise.all(Array.from({ length: 100 }, (_, at) => send({ content: `m${at}` }, id)));
  expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([201]));
  const rows = await sql('select number, id from messages where thread_id = $1 order by number', [id]);
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
  const listed = await list(id, '?limit=200');
  expect(listed.map((message) => message.id)).toEqual(rows.map((row) => row.id));
  expect(texts(listed).sort()).toEqual(sent.map(({ body }) => body.content).sort());
});

test('text in any script is stored byte for byte', async () => {
  for (const text of [
    '‏שלום עולם',
    'مرحبا بالعالم',
    '👩‍👩‍👧‍👦🏳️‍🌈',
    'e\u0301\u0323',
    '\u202eabc\u202c',
    'a\r\n\tb',
    ' edge ',
    '\u2028',
    '𝔘𝔫𝔦',
    '\ufeff.',
  ].filter((each) => each.trim())) {
    const { status, body } = await send({ content: text });
    expect([status, Buffer.from(body.content).equals(Buffer.from(text))]).toEqual([201, true]);
    expect(Buffer.from((await list(thread, '?limit=1'))[0]!.content).equals(Buffer.from(text))).toBe(true);
  }
});

test('hidden messages and tool messages are not listed', async () => {
  const id = await openThread(app, alice, 'shown');
  for (const content of ['hidden', 'of a tool']) await send({ content }, id);
  await sql(`update messages set visible = false where thread_id = $1 and content = 'hidden'`, [id]);
  await sql(`update messages set role = 'tool' where thread_id = $1 and content = 'of a tool'`, [id]);
  expect(texts(await list(id))).toEqual(['shown']);
});

test('a deleted thread and a thread of another account return 404', async () => {
  const bob = await signUp();
  const [foreign, deleted] = [await openThread(app, bob), await newThread()];
  await call('DELETE', `/v1/threads/${deleted}`, { token });
  const answers = [];
  for (const id of [foreign, deleted, randomUUID()])
    for (const answer of [await send({ content: 'hi' }, id), await call('GET', `/v1/threads/${id}/messages`, { token })])
      answers.push([answer.status, { ...answer.body, trace_id: '' }]);
  expect(new Set(answers.map((each) => JSON.stringify(each))).size).toBe(1);
  expect(answers[0]![0]).toBe(404);
  expect(await sql('select count(*)::int from messages where thread_id = $1', [foreign])).toEqual([{ count: 1 }]);
});

test('a foreign key keeps a message in a thread of its account', async () => {
  const bob = await signUp();
  const insert = sql(`insert into messages (account_id, thread_id, number, id, role, content) values ($1, $2, 900, $3, 'user', 'x')`, [
    bob.accountId,
    thread,
    randomUUID(),
  ]);
  await expect(insert).rejects.toThrow(/foreign key/);
});

test('a page ends before 2 MB, and the next one goes on', async () => {
  const id = await newThread();
  const { answer } = transcriptWriter(app);
  for (let at = 0; at < 5; at++) await answer(alice, id, `${at} `.padEnd(900_000, 'x'));
  const counts: number[] = [];
  const shown: number[] = [];
  for (let before: string | null = ''; before !== null;) {
    const { body, headers } = await call('GET', `/v1/threads/${id}/messages?order=desc${before && `&before=${before}`}`, { token });
    counts.push(body.length);
    shown.push(...(body as Message[]).map(({ content }) => Number.parseInt(content, 10)));
    before = headers.get('x-next-cursor');
  }
  expect([counts, shown]).toEqual([
    [2, 2, 1],
    [4, 3, 2, 1, 0],
  ]);
});
