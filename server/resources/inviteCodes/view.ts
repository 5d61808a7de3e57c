import type { OwnedInviteCode } from '../../../contract/inviteCodes.ts';
import type { InviteCode } from '../../../contract/me.ts';
import type { OwnedCodeRow } from './adminQueries.ts';
import type { InviteCodeRow } from './queries.ts';

export const viewInviteCode = (row: InviteCodeRow): InviteCode => ({
  id: row.id,
  user_id: row.user_id,
  code: row.code,
  max_uses: row.max_uses,
  use_count: row.use_count,
  is_active: row.is_active,
  created_at: row.created_at,
});

export const viewOwnedInviteCode = (row: OwnedCodeRow): OwnedInviteCode => ({
  ...viewInviteCode(row),
  user_login: row.user_login,
  user_email: row.user_email,
});
