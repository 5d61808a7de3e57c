import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const User = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    id: p.uuid().primary(),
    status: p.enum(['active', 'suspended', 'deleted'] as const).default('active'),
    username: p.text(),
    email: p.text().nullable(),
    emailVerifiedAt: timestamptz().nullable(),
    locale: p.text().nullable(),
    timezone: p.text().nullable(),
    isPlatformAdmin: p.boolean().default(false),
    tokensInvalidBefore: timestamptz().defaultRaw("'1970-01-01 00:00:00+00'::timestamp with time zone"),
    lastLoginAt: timestamptz().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
    emailProvenAt: timestamptz().nullable(),
    emailKey: p.text().nullable(),
    emailSkeleton: p.text().nullable(),
    secondFactorAt: timestamptz().nullable(),
  },
  indexes: [
    { name: 'users_email_key', expression: "create unique index users_email_key on users (email_key) where (status <> 'deleted')" },
    {
      name: 'users_email_skeleton',
      expression: "create unique index users_email_skeleton on users (email_skeleton) where (status <> 'deleted')",
    },
    { name: 'users_mailbox', expression: 'create index users_mailbox on users (mailbox_of(email_key)) where (email_key is not null)' },
    { name: 'users_platform_admins', expression: 'create index users_platform_admins on users (id) where is_platform_admin' },
    { name: 'users_list', expression: "create index users_list on users (created_at desc, id desc) where (status <> 'deleted')" },
  ],
});
