import { Chat } from '@ai-sdk/react';
import { expect, onTestFinished, test } from 'vitest';
import { ArkloopChatTransport, type ArkloopMessage, toUIMessages } from '../../../client/ai-sdk/index.ts';
import { ApiError, createClient } from '../../../client/index.ts';
import { ask, callTool, createMocks, fail, say, type Script, think, untilCancelled } from '../../../client/mocks/index.ts';

const baseUrl = 'https://api.example.test';

/** A chat of a new user on a mock, whose runs follow these scripts. `reopen` is the same chat after a reload of the page. */
async function openChat(...scripts: Script[]) {
  const mocks = createMocks({ baseUrl, stepMs: 0 });
  onTestFinished(() => mocks.reset());
  mocks.plan(...scripts);
  const { accessToken } = mocks.state.signUp();
  const client = createClient({ baseUrl, accessToken, fetch: mocks.fetch, maxRetries: 0, retryDelayMs: 1 });
  const { id } = await client.threads.create({ body: { title: 'Talk' } });
  const params = { thread_id: id };
  const openedThreads: string[] = [];
  const open = (chatId: string, messages: ArkloopMessage[] = []) => {
    const transport = new ArkloopChatTransport({ client, onThread: (threadId) => void openedThreads.push(threadId) });
    return { chat: new Chat<ArkloopMessage>({ id: chatId, messages, transport }), transport };
  };
  const stored = async () => [...(await client.messages.list({ params }))].map(({ role, content }) => `${role}: ${content.trim()}`);
  const reopen = async () => open(id, toUIMessages(await client.messages.list({ params })));
  const statuses = async () => [...(await client.runs.listInThread({ params }))].map(({ status }) => status);
  return { mocks, client, params, open, reopen, stored, statuses, openedThreads, ...open(id) };
}

/** The parts of the last message, shortened. */
const partsOf = (chat: Chat<ArkloopMessage>) =>
  chat.lastMessage?.parts.flatMap((part): unknown[] => {
    if (part.type === 'text' || part.type === 'reasoning') return [[part.type, part.text, part.state]];
    if (part.type === 'dynamic-tool') return [[part.toolName, part.state, part.input]];
    return part.type === 'step-start' ? [] : [part.type];
  });

test('reasoning, a tool call and text become parts of one message with the id of its run', async () => {
  const { chat, client, params } = await openChat(async function* (talk) {
    yield* think('Let me see.');
    yield* callTool(talk, 'web_search', { query: 'tides' }, { results: [] });
    yield { type: 'todo.updated', data: { todos: [{ id: '1', content: 'Look', status: 'completed' }] } };
    yield* say('High at noon.');
  });
  await chat.sendMessage({ text: 'When?' });
  expect(chat.status).toBe('ready');
  expect(partsOf(chat)).toEqual([
    ['reasoning', 'Let me see.', 'done'],
    ['web_search', 'output-available', { query: 'tides' }],
    'data-todos',
    ['text', 'High at noon.', 'done'],
  ]);
  const [, answer] = await client.messages.list({ params });
  expect(chat.lastMessage).toMatchObject({ id: answer!.run_id, metadata: { messageId: answer!.id, completion: 'complete' } });
});

test('text of an attempt that is repeated disappears, and executed calls stay', async () => {
  const { chat } = await openChat(async function* (talk) {
    yield* callTool(talk, 'web_search', {}, {});
    yield* say('A wrong start');
    yield {
      type: 'run.llm.retry',
      data: { attempt: 1, max_attempts: 3, delay_ms: 0, error_class: 'provider.upstream_error', discard_from_seq: 4 },
    };
    yield* say('The answer.');
  });
  await chat.sendMessage({ text: 'Go' });
  expect(chat.error).toBe(undefined);
  expect(partsOf(chat)).toEqual([
    ['web_search', 'output-available', {}],
    ['text', 'The answer.', 'done'],
  ]);
});

test('images of an answer become parts when it has ended, as they are after a reload, without those of a discarded attempt', async () => {
  const image = (key: string) => ({
    type: 'message.image' as const,
    data: { role: 'assistant' as const, attachment: { key, filename: `${key}.png`, mime_type: 'image/png', size: 9 } },
  });
  const { chat } = await openChat(async function* () {
    yield image('void');
    yield {
      type: 'run.llm.retry',
      data: { attempt: 1, max_attempts: 3, delay_ms: 0, error_class: 'provider.upstream_error', discard_from_seq: 1 },
    };
    yield image('kept');
    yield* say('A tide table.');
  });
  await chat.sendMessage({ text: 'Draw' });
  expect(partsOf(chat)).toEqual([['text', 'A tide table.', 'done'], 'data-attachment']);
  expect(chat.lastMessage?.parts.at(-1)).toMatchObject({ data: { key: 'kept', filename: 'kept.png', mime_type: 'image/png', size: 9 } });
});

test('stop cancels the run, and the next message waits until it has ended', async () => {
  const { chat, stored, statuses } = await openChat(
    async function* (talk) {
      yield* say('Working on it');
      await untilCancelled(talk);
    },
    function* () {
      yield* say('Yes.');
    },
  );
  const sent = chat.sendMessage({ text: 'Go' });
  await expect.poll(() => partsOf(chat)).toEqual([['text', 'Working on it', 'streaming']]);
  await chat.stop();
  await sent;
  expect(chat.status).toBe('ready');
  await chat.sendMessage({ text: 'Still there?' });
  expect(await statuses()).toEqual(['completed', 'cancelled']);
  expect(await stored()).toEqual(['user: Go', 'assistant: Working on it', 'user: Still there?', 'assistant: Yes.']);
});

test('a question ends the stream, the next message answers it, and a reload finds the question that is open', async () => {
  const { chat, reopen, stored } = await openChat(async function* (talk) {
    const colour = yield* ask(talk, 'Which colour?');
    const size = yield* ask(talk, 'Which size?');
    yield* say(`${colour}, ${size}`);
  });
  await chat.sendMessage({ text: 'Order it' });
  expect([chat.status, partsOf(chat)]).toEqual(['ready', [['text', 'Which colour?', 'done'], 'data-question']]);
  await chat.sendMessage({ text: 'blue' });
  expect([chat.status, partsOf(chat)]).toEqual(['ready', [['text', 'Which size?', 'done'], 'data-question']]);

  const { chat: again } = await reopen();
  await again.resumeStream();
  expect(again.status).toBe('ready');
  expect(partsOf(again)).toEqual([
    ['text', 'Which colour?', 'done'],
    'data-question',
    'data-input',
    ['text', 'Which size?', 'done'],
    'data-question',
  ]);
  await again.sendMessage({ text: 'L' });
  expect(partsOf(again)).toEqual([['text', 'blue, L', 'done']]);
  expect(await stored()).toEqual(['user: Order it', 'assistant: blue, L']);
});

test('a reconnect that is left before its first part does not stop the run', async () => {
  const { client, params, transport, statuses } = await openChat(async function* (talk) {
    yield* say('Working');
    await untilCancelled(talk);
  });
  expect(await transport.reconnectToStream({ chatId: params.thread_id })).toBe(null);
  await client.messages.create({ params, body: { content: 'Go' } });
  await client.runs.create({ params });
  const left = new AbortController();
  await transport.reconnectToStream({ chatId: params.thread_id, abortSignal: left.signal });
  left.abort();
  const stream = await transport.reconnectToStream({ chatId: params.thread_id });
  await stream!.getReader().read();
  expect(await statuses()).toEqual(['running']);
  await transport.stop(params.thread_id);
  expect(await statuses()).toEqual(['cancelled']);
});

test('an answer that is stored between reading the messages and the reconnect is shown', async () => {
  const ended = Promise.withResolvers<void>();
  const { chat, reopen, client, params } = await openChat(async function* () {
    yield* say('High ');
    await ended.promise;
    yield* say('at noon.');
  });
  const sent = chat.sendMessage({ text: 'When?' });
  await expect.poll(() => partsOf(chat)).toEqual([['text', 'High ', 'streaming']]);
  const { chat: reloaded } = await reopen();
  ended.resolve();
  await sent;
  await reloaded.resumeStream();
  expect(partsOf(reloaded)).toEqual([['text', 'High at noon.', 'done']]);
  const { chat: later } = await reopen();
  await later.resumeStream();
  expect(later.messages.map(({ id }) => id)).toEqual((await client.messages.list({ params })).map(({ id, run_id }) => run_id ?? id));
});

test('a failed run is an error, and a message that was not sent is stored once', async () => {
  const failing: Script = function* () {
    yield* fail('provider.upstream_error', 'The model is away.');
  };
  const { chat, mocks, stored } = await openChat(failing, function* () {
    yield* say('Back.');
  });
  await chat.sendMessage({ text: 'One' });
  expect([chat.status, chat.error?.message]).toEqual(['error', 'The model is away.']);
  mocks.faults.next({ operation: 'runs.retry', status: 402, reason: 'credits_exhausted' });
  await chat.regenerate();
  expect(chat.error).toBeInstanceOf(ApiError);
  await chat.regenerate();
  expect(chat.error).toBe(undefined);
  mocks.faults.next({ operation: 'runs.create', status: 402, reason: 'credits_exhausted' });
  await chat.sendMessage({ text: 'Two' });
  expect(chat.error).toMatchObject({ status: 402 });
  mocks.faults.next({ operation: 'runs.create', status: 409, reason: 'thread_busy' });
  await chat.regenerate();
  expect(chat.error).toMatchObject({ status: 409 });
  await chat.regenerate();
  expect(await stored()).toEqual(['user: One', 'assistant: Back.', 'user: Two', 'assistant: You said: Two']);
});

test('earlier messages are edited and answered again, and later ones are hidden', async () => {
  const { chat, stored } = await openChat();
  await chat.sendMessage({ text: 'One' });
  await chat.sendMessage({ text: 'Two' });
  await chat.regenerate({ messageId: chat.messages[1]!.id });
  expect(await stored()).toEqual(['user: One', 'assistant: You said: One']);
  await chat.sendMessage({ text: 'Three', messageId: chat.messages[0]!.id });
  expect(await stored()).toEqual(['user: Three', 'assistant: You said: Three']);
  expect(chat.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
});

test('a new chat creates a thread, and its files are uploaded', async () => {
  const { open, client, openedThreads } = await openChat();
  const { chat, transport } = open('new');
  const url = 'data:text/plain;base64,SGVsbG8=';
  await chat.sendMessage({ text: 'Read it', files: [{ type: 'file', mediaType: 'text/plain', filename: 'a.txt', url }] });
  expect(chat.error).toBe(undefined);
  expect(openedThreads).toEqual([transport.threadOf('new')]);
  const messages = await client.messages.list({ params: { thread_id: openedThreads[0]! } });
  expect(messages[0]!.content_json?.parts.map(({ type }) => type)).toEqual(['file', 'text']);
  expect(toUIMessages(messages)[0]!.parts.map(({ type }) => type)).toEqual(['data-attachment', 'text']);
});
