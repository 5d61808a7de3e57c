import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../database/columns.ts';
import type { Usage } from '../models/model.ts';

/**
 * A chat completion. Its content is not stored. While it is `running`, its process renews `expires_at`; a row that has expired was left behind
 * and is ended by a worker with the usage that was stored last.
 */
export const ChatCompletion = defineEntity({
  name: 'ChatCompletion',
  tableName: 'chat_completions',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    createdByUserId: p.uuid(),
    apiKeyId: p.uuid().nullable(),
    status: p.enum(['running', 'completed', 'failed', 'cancelled'] as const).default('running'),
    model: p.text(),
    /** The `RoutePrices` of the call. */
    route: p.json<Record<string, unknown>>(),
    reservedCredits: p.bigint('number').defaultRaw('0'),
    /** The usage so far; null until output has arrived. */
    usage: p.json<Usage>().nullable(),
    costUsd: p.decimal('number').precision(18).scale(6).default(0),
    endUser: p.text().nullable(),
    metadata: p.json<Record<string, string>>().nullable(),
    traceId: p.text(),
    createdAt: timestamptz().defaultRaw('now()'),
    expiresAt: timestamptz(),
    endedAt: timestamptz().nullable(),
  },
  checks: [{ name: 'chat_completions_reserved_check', expression: 'reserved_credits >= 0' }],
  indexes: [
    {
      name: 'chat_completions_running',
      expression: "create index chat_completions_running on chat_completions (account_id, reserved_credits) where (status = 'running')",
    },
    {
      name: 'chat_completions_expiring',
      expression: "create index chat_completions_expiring on chat_completions (expires_at) where (status = 'running')",
    },
    {
      name: 'chat_completions_ended',
      expression: "create index chat_completions_ended on chat_completions (account_id, ended_at) where (status <> 'running')",
    },
    {
      name: 'chat_completions_age',
      expression: "create index chat_completions_age on chat_completions (ended_at) where (status <> 'running')",
    },
    {
      name: 'chat_completions_personal',
      expression:
        'create index chat_completions_personal on chat_completions (created_by_user_id) where ((end_user is not null) or (metadata is not null))',
    },
  ],
});
