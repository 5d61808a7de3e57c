// A Node.js program: signs in, starts a run, streams its answer, lists the messages.
import { createClient, isApiError, type Message, type RunEvent, type Thread } from '@arkloop/client';

declare const process: { argv: string[] };

const [baseUrl = '', login = '', password = ''] = process.argv.slice(2);
const client = createClient({ baseUrl });
await client.auth.login({ body: { login, password } });

const thread: Thread = await client.threads.create({ body: { title: 'Plans' } });
const params = { thread_id: thread.id };
await client.messages.create({ params, body: { content: 'Hello' } });
const { run_id } = await client.runs.create({ params });

const types: RunEvent['type'][] = [];
let text = '';
for await (const event of client.runs.stream(run_id)) {
  types.push(event.type);
  if (event.type === 'message.delta') text += event.data.content;
}

const messages: Message[] = [];
for await (const message of client.messages.list({ params, query: { limit: 1 } })) messages.push(message);

const refusal = await client.threads.get({ params: { thread_id: run_id } }).then(
  () => undefined,
  (error: unknown) => (isApiError(client.threads.get, error) ? error.code : undefined),
);

console.log(JSON.stringify({ types, text, messages: messages.map(({ role, content }) => ({ role, content })), refusal }));
