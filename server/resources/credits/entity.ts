import { defineEntity, p } from '@mikro-orm/core';
import type { CreditCause } from '../../../contract/credits.ts';
import { timestamptz } from '../../database/columns.ts';

export const CreditBalance = defineEntity({
  name: 'CreditBalance',
  tableName: 'credit_balances',
  properties: {
    accountId: p.uuid().primary(),
    balance: p.bigint('number'),
  },
  checks: [
    { name: 'credit_balances_balance_check', expression: 'balance >= 0' },
    { name: 'credit_balances_exact', expression: "balance <= '9007199254740991'::bigint" },
  ],
});

/** Balances that have fallen below their threshold, until their admins are told. */
export const CreditAlert = defineEntity({
  name: 'CreditAlert',
  tableName: 'credit_alerts',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    balance: p.bigint('number'),
    threshold: p.bigint('number'),
    createdAt: timestamptz().defaultRaw('now()'),
  },
});

export const CreditOperation = defineEntity({
  name: 'CreditOperation',
  tableName: 'credit_operations',
  properties: {
    id: p.uuid().primary(),
    operation: p.enum(['bulk_adjust', 'reset_all'] as const),
    amount: p.bigint('number').nullable(),
    note: p.text().nullable(),
    state: p.enum(['running', 'completed'] as const).default('running'),
    total: p.integer(),
    done: p.integer().default(0),
    affected: p.integer().default(0),
    failed: p.integer().default(0),
    lastAccountId: p.uuid().defaultRaw("'00000000-0000-0000-0000-000000000000'::uuid"),
    traceId: p.text(),
    createdBy: p.uuid(),
    createdAt: timestamptz().defaultRaw('now()'),
    movedAt: timestamptz().defaultRaw('now()'),
    completedAt: timestamptz().nullable(),
  },
  checks: [{ name: 'credit_operations_check', expression: "(operation = 'bulk_adjust') = (amount IS NOT NULL)" }],
  indexes: [
    {
      name: 'credit_operations_running',
      expression: "create unique index credit_operations_running on credit_operations (state) where (state = 'running')",
    },
  ],
});

export const CreditTransaction = defineEntity({
  name: 'CreditTransaction',
  tableName: 'credit_transactions',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    type: p.text().$type<'credit' | 'debit'>(),
    amount: p.bigint('number'),
    referenceType: p.text().$type<CreditCause>(),
    referenceId: p.uuid().nullable(),
    metadata: p.json<Record<string, unknown>>().defaultRaw("'{}'::jsonb"),
    createdAt: timestamptz().defaultRaw('now()'),
    note: p.text().nullable(),
    userId: p.uuid().nullable(),
  },
  checks: [
    {
      name: 'credit_transactions_cause',
      expression:
        "reference_type in ('initial_grant', 'monthly_grant', 'admin_adjust', 'admin_bulk_adjust', 'admin_reset', 'redemption_code', 'referral', 'run', 'sandbox', 'chat_completion')",
    },
    { name: 'credit_transactions_sign', expression: "((type = 'credit') AND (amount > 0)) OR ((type = 'debit') AND (amount < 0))" },
  ],
  indexes: [
    {
      name: 'credit_transactions_list',
      expression: 'create index credit_transactions_list on credit_transactions (account_id, created_at desc, id desc)',
    },
    {
      name: 'credit_transactions_once',
      expression:
        "create unique index credit_transactions_once on credit_transactions (account_id, reference_type, reference_id) where (reference_type in ('initial_grant', 'admin_bulk_adjust', 'admin_reset', 'run'))",
    },
    {
      name: 'credit_transactions_completion',
      expression:
        "create unique index credit_transactions_completion on credit_transactions (account_id, reference_id) where (reference_type = 'chat_completion')",
    },
    {
      name: 'credit_transactions_redemption',
      expression:
        "create unique index credit_transactions_redemption on credit_transactions (reference_id, user_id) where (reference_type = 'redemption_code')",
    },
    {
      name: 'credit_transactions_referral',
      expression:
        "create unique index credit_transactions_referral on credit_transactions (reference_id, ((metadata ->> 'role'))) where (reference_type = 'referral')",
    },
    {
      name: 'credit_transactions_window',
      expression:
        "create unique index credit_transactions_window on credit_transactions (account_id, reference_id, ((metadata ->> 'window_start'))) where (reference_type = 'monthly_grant')",
    },
  ],
});
