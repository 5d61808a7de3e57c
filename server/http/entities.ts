import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../database/columns.ts';
import { sealed } from '../database/sealedColumns.ts';

export const AttemptCount = defineEntity({
  name: 'AttemptCount',
  tableName: 'attempt_counts',
  properties: {
    bucket: p.text().primary(),
    count: p.integer(),
    windowEnds: timestamptz(),
  },
  indexes: [{ name: 'attempt_counts_ended', expression: 'create index attempt_counts_ended on attempt_counts (window_ends)' }],
});

export const IdempotencyKey = defineEntity({
  name: 'IdempotencyKey',
  tableName: 'idempotency_keys',
  properties: {
    scopeHash: p.text().primary(),
    requestHash: p.text(),
    claimId: p.uuid(),
    claimedAt: timestamptz().defaultRaw('now()'),
    status: p.integer().nullable(),
    headers: p.json<{ [name: string]: string }>().nullable(),
    bodySealed: sealed(['scope_hash'], (row: { scope_hash: string }) => row.scope_hash).nullable(),
  },
  indexes: [{ name: 'idempotency_keys_age', expression: 'create index idempotency_keys_age on idempotency_keys (claimed_at)' }],
});
