import type { Referral, ReferralNode } from '../../../contract/referrals.ts';
import type { ReferralNodeRow, ReferralRow } from './queries.ts';

export const viewReferral = (row: ReferralRow): Referral => ({
  id: row.id,
  inviter_user_id: row.inviter_user_id,
  invitee_user_id: row.invitee_user_id,
  invite_code_id: row.invite_code_id,
  credited: row.credited,
  created_at: row.created_at,
  inviter_login: row.inviter_login,
  invitee_login: row.invitee_login,
});

export const viewReferralNode = (row: ReferralNodeRow): ReferralNode => ({
  user_id: row.user_id,
  login: row.login,
  inviter_id: row.inviter_id,
  depth: row.depth,
  created_at: row.created_at,
});
