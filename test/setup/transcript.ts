import { randomUUID } from 'node:crypto';
import { insertAnswer, insertTrail } from '../../server/resources/messages/queries.ts';
import type { Person, World } from './world.ts';

/** Conversations whose answers are written as a worker writes them, without one. */
export function transcripts(world: Pick<World, 'call' | 'database' | 'sql'>) {
  const { call, database, sql } = world;
  const post = async (path: string, { token }: Pick<Person, 'token'>, body: object, headers: Record<string, string> = {}) => {
    const answer = await call('POST', path, { token, body, headers });
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  return {
    open: async (person: Person, body: object = {}): Promise<string> =>
      (await post('/v1/threads', person, { title: 'A talk', ...body })).id,
    say: async (person: Person, threadId: string, content = 'Well?'): Promise<string> =>
      (await post(`/v1/threads/${threadId}/messages`, person, { content })).id,
    /** The answer of a run that has ended, and before it what the run did with tools. */
    async answer({ accountId }: Person, threadId: string, text: string, tools: string[] = []) {
      const [id, runId] = [randomUUID(), randomUUID()];
      if (tools.length > 0) {
        const kept = tools.map((_, at) => JSON.stringify({ kind: 'tool', tool_call_id: `call-${at}`, tool_name: 'echo', is_error: false }));
        await database.run(insertTrail, [accountId, threadId, runId, tools.length, tools.map(() => randomUUID()), tools, kept, 'complete']);
      }
      await database.run(insertAnswer, [accountId, threadId, id, text, runId, 'complete']);
      return { id, runId };
    },
    /** Ask for another answer, which does not come. */
    async retry(person: Person, threadId: string) {
      await post(`/v1/threads/${threadId}:retry`, person, {});
      await sql(`update runs set status = 'completed', completed_at = now() where thread_id = $1`, [threadId]);
    },
    list: async ({ token }: Pick<Person, 'token'>, threadId: string, headers: Record<string, string> = {}): Promise<any[]> =>
      (await call('GET', `/v1/threads/${threadId}/messages?limit=200`, { token, headers })).body,
    /** All rows of a thread in order, the hidden ones too. */
    rows: (threadId: string) =>
      sql(
        'select id, number, role, content, content_json, run_id, visible, created_at from messages where thread_id = $1 order by number',
        [threadId],
      ),
  };
}
