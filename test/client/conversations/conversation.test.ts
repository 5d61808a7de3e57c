import { InfiniteQueryObserver, QueryClient } from '@tanstack/react-query';
import { expect, onTestFinished, test } from 'vitest';
import { prepareSend } from '../../../client/conversation/send.ts';
import { createClient } from '../../../client/index.ts';
import { createMocks } from '../../../client/mocks/index.ts';
import { appendCachedMessage, messagesQuery } from '../../../client/react/queries.ts';
import { createRunStores } from '../../../client/react/runs.ts';

const baseUrl = 'https://api.example.test';

function open() {
  const mocks = createMocks({ baseUrl, stepMs: 0 });
  onTestFinished(() => mocks.reset());
  const { accessToken } = mocks.state.signUp();
  return { mocks, client: createClient({ baseUrl, accessToken, fetch: mocks.fetch, maxRetries: 0, retryDelayMs: 1 }) };
}

test('a run whose stream ended with an error is followed again on request', async () => {
  const { mocks, client } = open();
  const { runId } = await prepareSend(client, undefined, { content: 'Hello' }).attempt(undefined);
  mocks.faults.next({ operation: 'runs.events', status: 503 });
  const run = createRunStores(client, () => undefined).of(runId);
  onTestFinished(run.watch(() => undefined));
  await expect.poll(() => run.current().connection).toBe('closed');
  expect(run.current().error).toMatchObject({ status: 503 });
  run.reconnect();
  expect(run.current()).toMatchObject({ connection: 'connecting', error: undefined });
  await expect.poll(() => run.current().ended).toBe(true);
  expect(run.current()).toMatchObject({ text: 'You said: Hello', error: undefined });
  run.reconnect();
  expect(run.current().connection).toBe('closed');
});

test('a send that is repeated continues with the step that failed, and other options get another key', async () => {
  const { mocks } = open();
  const keys: (string | null)[] = [];
  const watched = createClient({
    baseUrl,
    accessToken: mocks.state.signUp().accessToken,
    maxRetries: 0,
    fetch: (input, init) => {
      const { url, headers } = new Request(input, init);
      if (url.endsWith('/runs')) keys.push(headers.get('idempotency-key'));
      return mocks.fetch(input, init);
    },
  });
  const send = prepareSend(watched, undefined, { content: 'Hello' });
  mocks.faults.next({ operation: 'messages.create', status: 503 });
  await expect(send.attempt(undefined)).rejects.toMatchObject({ status: 503 });
  mocks.faults.next({ operation: 'runs.create', status: 402, reason: 'credits_exhausted' });
  await expect(send.attempt(undefined)).rejects.toMatchObject({ status: 402 });
  mocks.faults.next({ operation: 'runs.create', status: 402, reason: 'credits_exhausted' });
  await expect(send.attempt(undefined)).rejects.toMatchObject({ status: 402 });
  const { threadId } = await send.attempt({ reasoning_mode: 'low' });
  expect(await watched.threads.list()).toHaveLength(1);
  const messages = await watched.messages.list({ params: { thread_id: threadId } });
  expect(messages.filter(({ role }) => role === 'user')).toHaveLength(1);
  expect([keys.length, keys[0] === keys[1], keys[1] === keys[2]]).toEqual([3, true, false]);
});

test('a list of messages that was read before a message was stored does not remove it', async () => {
  const { mocks } = open();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let isHeld = false;
  const client = createClient({
    baseUrl,
    accessToken: mocks.state.signUp().accessToken,
    async fetch(input, init) {
      const { method, url } = new Request(input, init);
      const response = await mocks.fetch(input, init);
      if (method === 'GET' && isHeld && url.includes('/messages')) await released;
      return response;
    },
  });
  const { id } = await client.threads.create({ body: { title: 'Plans' } });
  const create = (content: string) => client.messages.create({ params: { thread_id: id }, body: { content } });
  const queries = new QueryClient();
  const shown: (string[] | undefined)[] = [];
  const list = new InfiniteQueryObserver(queries, messagesQuery(client, id));
  onTestFinished(list.subscribe(({ data }) => shown.push(data?.map(({ content }) => content))));
  await create('One');
  await list.refetch();
  isHeld = true;
  const older = list.refetch();
  await appendCachedMessage(queries, await create('Two'), false);
  release();
  await older;
  await expect.poll(() => list.getCurrentResult().isFetching).toBe(false);
  expect(shown.slice(shown.findIndex((rows) => rows?.includes('Two')))).not.toContainEqual(['One']);
  expect(shown.at(-1)).toEqual(['One', 'Two']);
});
