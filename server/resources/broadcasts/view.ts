import type { Broadcast } from '../../../contract/broadcasts.ts';
import type { BroadcastRow } from './queries.ts';

export const viewBroadcast = (row: BroadcastRow): Broadcast => ({
  id: row.id,
  type: row.type,
  title: row.title,
  body: row.body,
  target_type: row.target_type,
  target_id: row.target_id,
  payload: row.payload,
  status: row.status,
  sent_count: row.sent_count,
  created_by: row.created_by,
  created_at: row.created_at,
});
