import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Referral = defineEntity({
  name: 'Referral',
  tableName: 'referrals',
  properties: {
    id: p.uuid().primary(),
    inviterUserId: p.uuid(),
    inviteeUserId: p.uuid().unique('referrals_invitee_user_id_key'),
    inviteCodeId: p.uuid(),
    credited: p.boolean().default(false),
    createdAt: timestamptz().defaultRaw('now()'),
    rewardedAt: timestamptz().nullable().defaultRaw('now()'),
    mailboxHash: p.text().nullable(),
  },
  checks: [{ name: 'referrals_two_people', expression: 'inviter_user_id <> invitee_user_id' }],
  indexes: [
    { name: 'referrals_code', expression: 'create index referrals_code on referrals (invite_code_id)' },
    { name: 'referrals_inviter', expression: 'create index referrals_inviter on referrals (inviter_user_id, created_at desc, id desc)' },
    { name: 'referrals_mailbox', expression: 'create unique index referrals_mailbox on referrals (mailbox_hash)' },
    { name: 'referrals_rewarded', expression: 'create index referrals_rewarded on referrals (inviter_user_id, rewarded_at)' },
    { name: 'referrals_list', expression: 'create index referrals_list on referrals (created_at desc, id desc)' },
  ],
});
