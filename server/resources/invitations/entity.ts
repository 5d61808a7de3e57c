import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';
import type { EmailKey } from '../../platform/identity/identity.ts';

export const Invitation = defineEntity({
  name: 'Invitation',
  tableName: 'invitations',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary().unique('invitations_id_key'),
    invitedByUserId: p.uuid(),
    email: p.text(),
    role: p.enum(['admin', 'member'] as const),
    tokenHash: p.text().unique('invitations_token_hash_key'),
    expiresAt: timestamptz(),
    acceptedAt: timestamptz().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
    emailKey: p.text().$type<EmailKey>().nullable(),
  },
  indexes: [
    {
      name: 'invitations_list',
      expression: 'create index invitations_list on invitations (account_id, created_at desc, id desc) where (accepted_at is null)',
    },
    {
      name: 'invitations_open',
      expression: 'create index invitations_open on invitations (invited_by_user_id) where (accepted_at is null)',
    },
    {
      name: 'invitations_pending',
      expression: 'create unique index invitations_pending on invitations (account_id, email_key) where (accepted_at is null)',
    },
  ],
});
