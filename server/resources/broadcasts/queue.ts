import type { Sql } from '../../kernel/sql.ts';
import { addJob } from './queries.ts';

/** The name of the job that sends a broadcast. */
export const sendBroadcastTask = 'broadcast.send';

/** Queue the fan-out of a broadcast, in the transaction that makes or leaves it. It has one open job at most. */
export async function queueBroadcast(tx: Sql, id: string, traceId: string): Promise<void> {
  const payload = { v: 1, type: sendBroadcastTask, trace_id: traceId, broadcast_id: id };
  await tx.rows(addJob, [sendBroadcastTask, JSON.stringify(payload), `broadcast:${id}`]);
}
