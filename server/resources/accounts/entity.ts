import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Account = defineEntity({
  name: 'Account',
  tableName: 'accounts',
  properties: {
    id: p.uuid().primary(),
    slug: p.text().unique('accounts_slug_key'),
    name: p.text(),
    type: p.enum(['personal', 'workspace'] as const),
    status: p.enum(['active', 'suspended'] as const).default('active'),
    ownerUserId: p.uuid(),
    timezone: p.text().nullable(),
    secondFactorRequiredFrom: timestamptz().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
    deletedAt: timestamptz().nullable(),
    lowCreditThreshold: p.bigint('number').nullable(),
  },
  checks: [{ name: 'accounts_low_credit_threshold_check', expression: 'low_credit_threshold >= 0' }],
  indexes: [
    { name: 'accounts_closed', expression: 'create index accounts_closed on accounts (id) where (deleted_at is not null)' },
    { name: 'accounts_list', expression: 'create index accounts_list on accounts (created_at desc, id desc) where (deleted_at is null)' },
    {
      name: 'accounts_personal',
      expression: "create unique index accounts_personal on accounts (owner_user_id) where (type = 'personal')",
    },
  ],
});

export const Membership = defineEntity({
  name: 'Membership',
  tableName: 'memberships',
  properties: {
    accountId: p.uuid().primary(),
    userId: p.uuid().primary(),
    role: p.text(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [{ name: 'memberships_user', expression: 'create index memberships_user on memberships (user_id)' }],
});
