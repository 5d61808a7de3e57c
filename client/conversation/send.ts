import type { AnyCall } from '../core/call.ts';
import type { ApiErrorOf, ConnectionError } from '../core/errors.ts';
import { newKey } from '../core/request.ts';
import type { Message, NewMessage, NewRun } from '../generated/types.ts';
import type { Client } from '../index.ts';

/** The message, and options of the run that answers it. */
export type Sending = NewMessage & { run?: NewRun | undefined };

export type Sent = { threadId: string; runId: string; message: Message };

type ErrorOf<Operation> = Operation extends AnyCall<infer Errors> ? ApiErrorOf<Errors> : never;

/** Why a message was not sent: an `ApiError`, narrowed by its `status`, or a `ConnectionError` after all retries. */
export type SendError = ErrorOf<Client['threads']['create'] | Client['messages']['create'] | Client['runs']['create']> | ConnectionError;

/** Sends one message and starts the run that answers it. `attempt` may be repeated after an error: it continues with the step that failed. */
export type PendingSend = {
  /** Undefined until the thread exists. */
  readonly threadId: string | undefined;
  /** Set once the message is stored. */
  readonly message: Message | undefined;
  /** Whether it sends this message, so that it can be repeated instead of sending the message a second time. */
  sends(message: NewMessage): boolean;
  attempt(run: NewRun | undefined, options?: AttemptOptions): Promise<Sent>;
};

type AttemptOptions = { signal?: AbortSignal | undefined; onStored?: ((message: Message) => void) | undefined };

/** Each step keeps its idempotency key, so a repeated step whose response was lost is not executed twice. */
export function prepareSend(client: Client, thread: string | undefined, body: NewMessage): PendingSend {
  const keys = { thread: newKey(), message: newKey() };
  /** By the options of the run: a key belongs to one body. */
  const runKeys = new Map<string | undefined, string>();
  let threadId = thread;
  let message: Message | undefined;
  return {
    get threadId() {
      return threadId;
    },
    get message() {
      return message;
    },
    sends: (other) => JSON.stringify(other) === JSON.stringify(body),
    async attempt(run, { signal, onStored } = {}) {
      const thread_id = (threadId ??= (await client.threads.create({}, { idempotencyKey: keys.thread, signal })).id);
      if (!message) {
        message = await client.messages.create({ params: { thread_id }, body }, { idempotencyKey: keys.message, signal });
        onStored?.(message);
      }
      const options = JSON.stringify(run);
      const idempotencyKey = runKeys.get(options) ?? newKey();
      runKeys.set(options, idempotencyKey);
      const { run_id } = await client.runs.create({ params: { thread_id }, body: run }, { idempotencyKey, signal });
      return { threadId: thread_id, runId: run_id, message };
    },
  };
}
