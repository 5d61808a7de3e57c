import type { CreatedInvitation, Invitation } from '../../../contract/invitations.ts';
import type { InvitationRow } from './queries.ts';

export const viewInvitation = (row: InvitationRow): Invitation => ({
  id: row.id,
  account_id: row.account_id,
  invited_by_user_id: row.invited_by_user_id,
  email: row.email,
  role: row.role,
  expires_at: row.expires_at,
  accepted_at: row.accepted_at,
  created_at: row.created_at,
});

/** The only response that contains the token. */
export const viewCreatedInvitation = ({ token, ...row }: InvitationRow & { token: string }): CreatedInvitation => ({
  ...viewInvitation(row),
  token,
});
