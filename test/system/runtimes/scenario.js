// Runs unchanged in every runtime: signs in, starts a run, streams it, reads pages, and provokes an error.
import { createClient, isApiError, webhooks } from '@arkloop/client';

export async function scenario({ url, login, password }) {
  const client = createClient({ baseUrl: url });
  await client.auth.login({ body: { login, password } });
  const created = await client.threads.create({ body: { title: 'Plans' } }).withResponse();
  const thread_id = created.data.id;
  await client.messages.create({ params: { thread_id }, body: { content: 'Hello' } });
  const { run_id } = await client.runs.create({ params: { thread_id } });
  const run = client.runs.stream(run_id);
  const types = [];
  for await (const { type } of run) types.push(type);
  const messages = await client.messages.list({ params: { thread_id }, query: { limit: 1 } }).toArray({ limit: 10 });
  const error = await client.threads.get({ params: { thread_id: run_id } }).catch((error) => error);
  const aborted = await client.me.get({}, { signal: AbortSignal.abort(new Error('enough')) }).catch((error) => error.message);
  const forged = await webhooks.unwrap({}, '{}', 'whsec_AAAA').catch((error) => error.reason);
  return {
    status: created.status,
    traced: created.traceId?.length,
    first: types[0],
    last: types.at(-1),
    isText: (await run.finalText()) === messages.find(({ role }) => role === 'assistant')?.content,
    messages: messages.length,
    refused: isApiError(client.threads.get, error) && error.reason === undefined && error.code,
    aborted,
    forged,
  };
}
