import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Subscription = defineEntity({
  name: 'Subscription',
  tableName: 'subscriptions',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary().unique('subscriptions_id_key'),
    planId: p.uuid(),
    status: p.enum(['active', 'cancelled', 'expired'] as const).default('active'),
    currentPeriodStart: timestamptz(),
    currentPeriodEnd: timestamptz(),
    cancelledAt: timestamptz().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [{ name: 'subscriptions_check', expression: 'current_period_end > current_period_start' }],
  indexes: [
    {
      name: 'subscriptions_active',
      expression: "create unique index subscriptions_active on subscriptions (account_id) where (status = 'active')",
    },
    { name: 'subscriptions_list', expression: 'create index subscriptions_list on subscriptions (created_at desc, id desc)' },
    {
      name: 'subscriptions_of_account',
      expression: 'create index subscriptions_of_account on subscriptions (account_id, created_at desc, id desc)',
    },
    { name: 'subscriptions_of_plan', expression: 'create index subscriptions_of_plan on subscriptions (plan_id)' },
  ],
});
