import type { Queryable } from '../../database/sql.ts';
import { addJob } from './queries.ts';

export const sendBroadcastTask = 'broadcast.send';

/** Queues the fan-out in the transaction that creates the broadcast or hands over the rest of it. A broadcast has at most one open job. */
export async function queueBroadcast(tx: Queryable, id: string, traceId: string): Promise<void> {
  const payload = { v: 1, type: sendBroadcastTask, trace_id: traceId, broadcast_id: id };
  await tx.rows(addJob, { task: sendBroadcastTask, payload: JSON.stringify(payload), key: `broadcast:${id}` });
}
