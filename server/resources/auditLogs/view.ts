import type { AuditEntry } from '../../../contract/auditLogs.ts';
import type { EntryRow } from './queries.ts';

export const viewEntry = ({ before_state: before, after_state: after, ...row }: EntryRow): AuditEntry => ({
  id: row.id,
  account_id: row.account_id,
  actor_user_id: row.actor_user_id,
  action: row.action,
  target_type: row.target_type,
  target_id: row.target_id,
  trace_id: row.trace_id,
  metadata: row.metadata,
  ip_address: row.ip_address,
  user_agent: row.user_agent?.slice(0, 512) ?? null,
  created_at: row.created_at,
  ...(before !== undefined && { before_state: before }),
  ...(after !== undefined && { after_state: after }),
});
