import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const UsageRecord = defineEntity({
  name: 'UsageRecord',
  tableName: 'usage_records',
  properties: {
    accountId: p.uuid().primary(),
    runId: p.uuid().primary(),
    usageType: p.text().primary(),
    model: p.text().default('unknown'),
    inputTokens: p.bigint('number'),
    outputTokens: p.bigint('number'),
    cacheCreationInputTokens: p.bigint('number'),
    cacheReadInputTokens: p.bigint('number'),
    cachedTokens: p.bigint('number'),
    costUsd: p.decimal('number').precision(18).scale(6),
    recordedAt: timestamptz().defaultRaw('now()'),
    userId: p.uuid().nullable(),
    shortfall: p.bigint('number').defaultRaw('0'),
    estimated: p.boolean().default(false),
  },
  checks: [{ name: 'usage_records_shortfall_check', expression: 'shortfall >= 0' }],
  indexes: [
    { name: 'usage_records_account', expression: 'create index usage_records_account on usage_records (account_id, recorded_at)' },
    { name: 'usage_records_time', expression: 'create index usage_records_time on usage_records using brin (recorded_at)' },
  ],
});
