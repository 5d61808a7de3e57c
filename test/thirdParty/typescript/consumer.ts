// What somebody writes who has nothing but the document: openapi-typescript made `api`, openapi-fetch speaks it.

import type { components, paths } from 'api';
import createClient, { type Middleware } from 'openapi-fetch';

type RunEvent = components['schemas']['RunEvent'];
type Problem = components['schemas']['Problem'];

const [baseUrl] = process.argv.slice(2);
if (baseUrl === undefined) throw new Error('usage: consumer.ts <base URL>');
const api = createClient<paths>({ baseUrl });

function must<Data>({ data, error, response }: { data?: Data; error?: Problem; response: Response }): NonNullable<Data> {
  if (data === undefined || data === null) throw new Error(`${response.url}: ${response.status} ${error?.details.reason ?? error?.error}`);
  return data;
}

const login = `third-${crypto.randomUUID().slice(0, 8)}`;
const registered = must(await api.POST('/v1/auth/register', { body: { login, email: `${login}@example.test`, password: 'Passw0rd-1' } }));

const signed: Middleware = {
  onRequest({ request }) {
    request.headers.set('authorization', `Bearer ${registered.access_token}`);
    return request;
  },
};
api.use(signed);

const thread = must(await api.POST('/v1/threads', { body: { title: 'From elsewhere' } }));
const inThread = { path: { thread_id: thread.id } };
must(await api.POST('/v1/threads/{thread_id}/messages', { params: inThread, body: { content: 'Hello!' } }));
const header = { 'Idempotency-Key': crypto.randomUUID() };
const run = must(await api.POST('/v1/threads/{thread_id}/runs', { params: { ...inThread, header }, body: {} }));

const stream = must(
  await api.GET('/v1/runs/{run_id}/events', { params: { path: { run_id: run.run_id } }, parseAs: 'stream' }),
) as ReadableStream<Uint8Array<ArrayBuffer>>;
const events: RunEvent[] = [];
let buffer = '';
for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
  buffer += chunk;
  const lines = buffer.split('\n');
  buffer = lines.pop() ?? '';
  for (const line of lines) if (line.startsWith('data: ')) events.push(JSON.parse(line.slice(6)) as RunEvent);
}
const last = events.at(-1);
if (last?.type !== 'run.completed') throw new Error(`the last event is ${last?.type}`);
const said = events.flatMap((event) =>
  event.type === 'message.delta' && event.data.role === 'assistant' ? [event.data.content_delta] : [],
);

const messages = must(await api.GET('/v1/threads/{thread_id}/messages', { params: { ...inThread, query: { limit: 10 } } }));
const { data: threads, response } = await api.GET('/v1/threads', { params: { query: { limit: 1 } } });
const { error } = await api.GET('/v1/threads/{thread_id}', { params: { path: { thread_id: crypto.randomUUID() } } });

console.log(
  JSON.stringify({
    events: events.length,
    said: said.join(''),
    roles: messages.map(({ role }) => role),
    threads: threads?.length,
    traced: response.headers.get('x-trace-id')?.length,
    refused: error?.error,
  }),
);
