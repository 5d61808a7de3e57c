import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { ApiError, type Client, type ClientOptions, createClient, type RunEvent } from '../../../client/index.ts';

/** The planned behavior of a user's next run. */
export type PlannedRun =
  | { say: string; ask?: string; inputTokens?: number; outputTokens?: number }
  | { fail: true }
  | { waitAfter: string };

/** A server that the suite runs against. */
export type Target = {
  baseUrl: string;
  /** Plans the next runs of the user who is signed in to `client`. */
  plan(client: Client, ...steps: PlannedRun[]): Promise<void>;
  /** Returns the token of the mail that verifies an address. */
  verificationToken(email: string): Promise<string>;
  /** Opens the client of a new platform administrator. */
  openAdmin(): Promise<Client>;
};

export const password = 'Passw0rd-1';

/** Creates clients and users of one server. */
export function clientsOf({ baseUrl }: Target) {
  const open = (options: Partial<ClientOptions> = {}): Client => createClient({ baseUrl, retryDelayMs: 5, ...options } as ClientOptions);
  return {
    open,
    /** Registers a user. The client is signed in. */
    async register() {
      const login = `user-${randomBytes(6).toString('hex')}`;
      const client = open();
      const { user_id } = await client.auth.register({ body: { login, password, email: `${login}@example.test` } });
      return { client, login, email: `${login}@example.test`, userId: user_id };
    },
  };
}

/** Creates a thread with a message and starts a run. */
export async function startRun(client: Client, content = 'Hello there') {
  const thread = await client.threads.create({ body: { title: 'A talk' } });
  await client.messages.create({ params: { thread_id: thread.id }, body: { content } });
  const { run_id } = await client.runs.create({ params: { thread_id: thread.id } });
  return { threadId: thread.id, runId: run_id };
}

export async function collect(stream: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** Returns the events of a run up to the first of a type, then closes the stream. */
export async function readUntil(client: Client, runId: string, type: RunEvent['type']): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of client.runs.stream(runId)) {
    events.push(event);
    if (event.type === type) return events;
  }
  throw new Error(`The run ended without ${type}.`);
}

/** The text of the answer, without reasoning. */
export const answerText = (events: readonly RunEvent[]) =>
  events.map((event) => (event.type === 'message.delta' && !event.data.channel ? event.data.content : '')).join('');

export const unknownId = '00000000-0000-7000-8000-000000000000';
export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Repeats `read` until `isDone` accepts its result. */
export async function until<T>(read: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const value = await read();
    if (isDone(value)) return value;
    if (Date.now() > end) throw new Error(`This did not change in time: ${JSON.stringify(value)}`);
    await wait(20);
  }
}

/** Returns the parts of an API error that belong to the contract. Throws if the call succeeds. */
export async function errorOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error('The call was not refused.', { cause: error });
  expect(error.traceId).toMatch(/^[0-9a-f]{32}$/);
  return {
    status: error.status,
    code: error.code,
    reason: error.reason,
    issues: error.issues.map(({ location, path }) => [location, path]),
  };
}
/** An expected error, in the form that `errorOf` returns. */
export const apiError = (status: number, code: string, reason?: string, issues: string[][] = []) => ({ status, code, reason, issues });
