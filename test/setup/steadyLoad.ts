import { createClient, type RunEvent } from '../../client/index.ts';
import type { Person } from './world.ts';

/** A talk that somebody had: its run, and the events of it that reached him. */
export type Talk = { person: Person; threadId: string; runId: string; events: RunEvent[] };

/** Talks that go on until told otherwise, through the client as it comes: with its own retries, and nothing else that forgives. */
export type SteadyLoad = {
  /** Statuses that were answered, those that were retried included, and how often; 0 is a connection that broke. */
  statuses: Map<number, number>;
  /** Resolves with all talks once those under way are over. Rejects with the first call that failed. */
  stop(): Promise<Talk[]>;
};

/** Everybody talks, one talk after the other. */
export function startLoad(baseUrl: string, people: readonly Person[]): SteadyLoad {
  const statuses = new Map<number, number>();
  const talks: Talk[] = [];
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
  // Awaited at the end; a failure before that is no rejection that nobody handles.
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

async function talk(client: ReturnType<typeof createClient>, person: Person): Promise<Talk> {
  const { id: thread_id } = await client.threads.create({ body: { title: 'A talk' } });
  const params = { thread_id };
  await client.messages.create({ params, body: { content: 'Hello!' } });
  const { run_id } = await client.runs.create({ params });
  const events: RunEvent[] = [];
  for await (const event of client.runs.stream(run_id)) events.push(event);
  await client.threads.get({ params });
  return { person, threadId: thread_id, runId: run_id, events };
}
