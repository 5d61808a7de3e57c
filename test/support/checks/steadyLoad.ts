import { createClient, type RunEvent } from '../../../client/index.ts';
import type { Person } from '../app/testApp.ts';

/** A finished conversation: its run, and the events that the client received. */
type Conversation = { person: Person; threadId: string; runId: string; events: RunEvent[] };

/** Continuous conversations through the published client, with its default retries and no other error handling. */
export type SteadyLoad = {
  /** Number of responses by status, including those that were retried. 0 counts broken connections. */
  statuses: Map<number, number>;
  /** Resolves with all conversations once the current ones have ended. Rejects with the first failed call. */
  stop(): Promise<Conversation[]>;
};

/** Each person has one conversation at a time. */
export function startLoad(baseUrl: string, people: readonly Person[]): SteadyLoad {
  const statuses = new Map<number, number>();
  const talks: Conversation[] = [];
  let over = false;
  const note = (status: number) => void statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const counted: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init).catch((error: unknown) => {
      note(0);
      throw error;
    });
    note(answer.status);
    return answer;
  };
  const working = Promise.all(
    people.map(async (person) => {
      const client = createClient({ baseUrl, accessToken: person.token, fetch: counted });
      while (!over) talks.push(await talk(client, person));
    }),
  );
  // Awaited in `stop`. This prevents an unhandled rejection before that.
  working.catch(() => undefined);
  return {
    statuses,
    async stop() {
      over = true;
      await working;
      return talks;
    },
  };
}

async function talk(client: ReturnType<typeof createClient>, person: Person): Promise<Conversation> {
  const { id: thread_id } = await client.threads.create({ body: { title: 'A talk' } });
  const params = { thread_id };
  await client.messages.create({ params, body: { content: 'Hello!' } });
  const { run_id } = await client.runs.create({ params });
  const events: RunEvent[] = [];
  for await (const event of client.runs.stream(run_id)) events.push(event);
  await client.threads.get({ params });
  return { person, threadId: thread_id, runId: run_id, events };
}
