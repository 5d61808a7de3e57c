import { randomUUID } from 'node:crypto';
import { insertAnswer, insertTurnHistory } from '../../../server/resources/messages/runQueries.ts';
import type { Person, TestApp } from '../app/testApp.ts';

/** Writes answers to threads as a worker does, without a worker. */
export function transcriptWriter(app: Pick<TestApp, 'call' | 'database' | 'sql'>) {
  const { call, database, sql } = app;
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
    /** Inserts the answer of a finished run, preceded by its tool messages. */
    async answer({ accountId }: Person, threadId: string, text: string, tools: string[] = []) {
      const [id, runId] = [randomUUID(), randomUUID()];
      if (tools.length > 0) {
        const kept = tools.map((_, at) => JSON.stringify({ kind: 'tool', tool_call_id: `call-${at}`, tool_name: 'echo', is_error: false }));
        await database.run(insertTurnHistory, {
          accountId,
          threadId,
          runId,
          completion: 'complete',
          count: tools.length,
          ids: tools.map(() => randomUUID()),
          contents: tools,
          contentJsons: kept,
        });
      }
      await database.run(insertAnswer, { accountId, threadId, id, content: text, contentJson: null, runId, completion: 'complete' });
      return { id, runId };
    },
    /** Retries the last answer and completes the new run without one. */
    async retry(person: Person, threadId: string) {
      await post(`/v1/threads/${threadId}:retry`, person, {});
      await sql(`update runs set status = 'completed', completed_at = now() where thread_id = $1`, [threadId]);
    },
    list: async ({ token }: Pick<Person, 'token'>, threadId: string, headers: Record<string, string> = {}): Promise<any[]> =>
      (await call('GET', `/v1/threads/${threadId}/messages?limit=200`, { token, headers })).body,
    /** All messages of a thread in order, including hidden ones. */
    rows: (threadId: string) =>
      sql(
        'select id, number, role, content, content_json, run_id, visible, created_at from messages where thread_id = $1 order by number',
        [threadId],
      ),
  };
}
