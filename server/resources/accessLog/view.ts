import type { AccessLogEntry, AccessLogPage } from '../../../contract/accessLog.ts';
import type { AccessLogRow } from './queries.ts';

const viewEntry = (row: AccessLogRow): AccessLogEntry => ({
  id: row.id,
  timestamp: row.timestamp,
  trace_id: row.trace_id,
  method: row.method,
  path: row.path,
  status_code: row.status_code,
  duration_ms: row.duration_ms,
  client_ip: row.client_ip,
  country: row.country,
  city: row.city,
  user_agent: row.user_agent,
  ua_type: row.ua_type,
  risk_score: row.risk_score,
  identity_type: row.identity_type,
  account_id: row.account_id,
  user_id: row.user_id,
  service_key_id: row.service_key_id,
  username: row.username,
});

export const viewPage = ({ rows, more }: { rows: AccessLogRow[]; more: boolean }): AccessLogPage => ({
  data: rows.map(viewEntry),
  has_more: more,
  next_before: more ? rows.at(-1)!.id : null,
});
