// Type checks of the core and the entries without schemas in a strict project.

import {
  ApiError,
  type Client,
  createClient,
  isApiError,
  type Message,
  type RunEvent,
  type Thread,
  type WebhookEvent,
  webhooks,
} from '@arkloop/client';
import {
  ArkloopProvider,
  type RunPart,
  useConversation,
  type UsedRun,
  useMessages,
  useRun,
  useSend,
  useThread,
} from '@arkloop/client/react';
import { completes, says, scriptRun, signTestWebhook, testWebhookSecret } from '@arkloop/client/testing';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => {};

const client: Client = createClient({ baseUrl: 'http://localhost:19000' });

export async function core() {
  const thread = await client.threads.create({ body: { title: 'Plans' } });
  same<typeof thread, Thread>(true);
  for await (const message of client.messages.list({ params: { thread_id: thread.id } })) same<typeof message, Message>(true);
  // @ts-expect-error a thread has no such field
  void thread.nothing;
  // @ts-expect-error a misspelt field
  await client.threads.create({ body: { titel: 'x' } });
  for await (const event of client.runs.stream('x', { onConnection: (state) => state satisfies 'open' | 'reconnecting' })) {
    if (event.type === 'tool.result') same<typeof event.data.duration_ms, number>(true);
  }
  try {
    await client.runs.create({ params: { thread_id: thread.id } });
  } catch (error) {
    if (isApiError(client.runs.create, error) && error.status === 402) same<typeof error.code, 'billing.insufficient_credits'>(true);
    if (error instanceof ApiError) error.retryAfterMs satisfies number | undefined;
  }
}

export async function testing(event: WebhookEvent) {
  const secret = testWebhookSecret();
  const { headers, body } = await signTestWebhook(event, secret);
  same<Awaited<ReturnType<typeof webhooks.unwrap>>, WebhookEvent>(true);
  await webhooks.unwrap(headers, body, secret);
  const events = scriptRun([says('Hello'), completes()]);
  same<typeof events, RunEvent[]>(true);
}

export function useEverything(threadId: string, runId: string | undefined) {
  const thread = useThread(threadId);
  same<typeof thread.data, Thread | undefined>(true);
  const messages = useMessages(threadId);
  same<typeof messages.data, Message[] | undefined>(true);
  const run = useRun(runId);
  same<typeof run, UsedRun>(true);
  same<typeof run.parts, readonly RunPart[]>(true);
  const send = useSend(threadId);
  send.mutate({ content: 'Hello', run: { model: 'x' } }, { onSuccess: ({ runId }) => same<typeof runId, string>(true) });
  const { sendError } = useConversation(threadId);
  if (sendError instanceof ApiError && sendError.status === 402) same<typeof sendError.code, 'billing.insufficient_credits'>(true);
  return ArkloopProvider({ client, children: run.text });
}
