import type { UserSession } from '../../../contract/sessions.ts';
import { deviceName } from './device.ts';
import type { SessionRow } from './queries.ts';

export const viewSession = (row: SessionRow, currentId: string | undefined): UserSession => ({
  id: row.id,
  is_current: row.id === currentId,
  account_id: row.active_account_id,
  method: row.method,
  device: deviceName(row.user_agent),
  user_agent: row.user_agent,
  ip_address: row.ip,
  created_at: row.created_at,
  last_used_at: row.last_used_at,
  expires_at: row.expires_at,
});
