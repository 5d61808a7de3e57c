import { randomUUID } from 'node:crypto';
import { post } from '../../../client/conformance/samples/fixtures.ts';
import type { SampleContext } from './context.ts';

/** A thread without title. */
export const emptyThreadOf = async (maker: SampleContext): Promise<string> => (await post(maker, '/v1/threads')).id;

/** A thread with a message. Tops up the credits of the account, because one sample sets the balance to zero. */
export async function threadOf(maker: SampleContext): Promise<string> {
  await maker.app.sql('update credit_balances set balance = greatest(balance, 1000) where account_id = $1', [maker.by.accountId]);
  const id = await emptyThreadOf(maker);
  await post(maker, `/v1/threads/${id}/messages`, { content: 'Hello!' });
  return id;
}

export const runOf = async (maker: SampleContext): Promise<string> =>
  (await post(maker, `/v1/threads/${await threadOf(maker)}/runs`)).run_id;

/** A run that failed while it streamed its answer. */
export async function failedRun(maker: SampleContext, threadId: string): Promise<string> {
  const { run_id: id } = await post(maker, `/v1/threads/${threadId}/runs`);
  const { sql } = maker.app;
  await sql(`insert into run_events (run_id, seq, event_id, type, data, created_at) values ($1, 2, $2, 'message.delta', '{}', now())`, [
    id,
    randomUUID(),
  ]);
  await sql(`update runs set status = 'failed', failed_at = now(), next_seq = 3 where id = $1`, [id]);
  return id;
}
