import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { ApiError, type Client, type ClientOptions, createClient, type RunEvent } from '../../client/index.ts';

/** What the agent of a user's next run does. */
export type Planned = { say: string; ask?: string } | { fail: true } | { waitAfter: string };

/** A server that the suite is run against. */
export type Target = {
  baseUrl: string;
  /** Decides what the next runs of whoever is signed in to `client` do. */
  plan(client: Client, ...steps: Planned[]): Promise<void>;
  /** The token in the mail that verifies an address. */
  verificationToken(email: string): Promise<string>;
};

export const password = 'Passw0rd-1';

/** Tools of the suite: clients and people of one server. */
export function at({ baseUrl }: Target) {
  const open = (options: Partial<ClientOptions> = {}): Client => createClient({ baseUrl, retryDelayMs: 5, ...options } as ClientOptions);
  return {
    open,
    /** Somebody new, signed in. */
    async register() {
      const login = `user-${randomBytes(6).toString('hex')}`;
      const client = open();
      const { user_id } = await client.auth.register({ body: { login, password, email: `${login}@example.test` } });
      return { client, login, email: `${login}@example.test`, userId: user_id };
    },
  };
}

/** A thread with a message, and a run of it. */
export async function startRun(client: Client, content = 'Hello there') {
  const thread = await client.threads.create({ body: { title: 'A talk' } });
  await client.messages.create({ params: { thread_id: thread.id }, body: { content } });
  const { run_id } = await client.runs.create({ params: { thread_id: thread.id } });
  return { threadId: thread.id, runId: run_id };
}

/** The events of a stream. */
export async function collect(stream: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** The events of a run up to the first of a type; the stream is left there. */
export async function until(client: Client, runId: string, type: RunEvent['type']): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of client.runs.stream(runId)) {
    events.push(event);
    if (event.type === type) return events;
  }
  throw new Error(`The run ended without ${type}.`);
}

/** What was said, outside of thinking. */
export const said = (events: readonly RunEvent[]) =>
  events.map((event) => (event.type === 'message.delta' && !event.data.channel ? event.data.content : '')).join('');

export const nobody = '00000000-0000-7000-8000-000000000000';
export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What of a refusal is part of the contract. */
export async function refusalOf(call: Promise<unknown>) {
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
/** A refusal as `refusalOf` tells it. */
export const refused = (status: number, code: string, reason?: string, issues: string[][] = []) => ({ status, code, reason, issues });
