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
    {
      name: 'usage_records_export',
      expression: 'create index usage_records_export on usage_records (account_id, recorded_at, run_id, usage_type)',
    },
    {
      name: 'usage_records_export_all',
      expression: 'create index usage_records_export_all on usage_records (recorded_at, run_id, usage_type)',
    },
  ],
});

const sums = {
  inputTokens: p.bigint('number'),
  outputTokens: p.bigint('number'),
  cacheCreationInputTokens: p.bigint('number'),
  cacheReadInputTokens: p.bigint('number'),
  cachedTokens: p.bigint('number'),
  costUsd: p.decimal('number').precision(24).scale(6),
  recordCount: p.bigint('number'),
};

/** Sums of usage records, kept by triggers on `usage_records`. The zero UUID stands for no user. Hours and months are those of UTC. */
export const UsageRollup = defineEntity({
  name: 'UsageRollup',
  tableName: 'usage_rollups',
  properties: {
    accountId: p.uuid().primary(),
    userId: p.uuid().primary(),
    grain: p.enum(['hour', 'month'] as const).primary(),
    startsAt: timestamptz().primary(),
    model: p.text().primary(),
    ...sums,
  },
  indexes: [
    {
      name: 'usage_rollups_account',
      expression: 'create index usage_rollups_account on usage_rollups (account_id, grain, starts_at)',
    },
  ],
});

/** The sums of all accounts. Each is the sum of several rows, so that runs of different accounts seldom wait for each other when they end. */
export const PlatformUsageRollup = defineEntity({
  name: 'PlatformUsageRollup',
  tableName: 'platform_usage_rollups',
  properties: {
    grain: p.enum(['hour', 'month'] as const).primary(),
    startsAt: timestamptz().primary(),
    model: p.text().primary(),
    shard: p.smallint().primary(),
    ...sums,
  },
});
