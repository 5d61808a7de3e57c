import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';
import { sealed } from '../../database/sealedColumns.ts';
import { sealContextOf } from './owner.ts';

export const AsrCredential = defineEntity({
  name: 'AsrCredential',
  tableName: 'asr_credentials',
  properties: {
    id: p.uuid().primary(),
    accountId: p.uuid().nullable(),
    provider: p.enum(['groq', 'openai'] as const),
    name: p.text(),
    keyPrefix: p.text(),
    apiKeySealed: sealed(['id', 'account_id'], sealContextOf),
    baseUrl: p.text().nullable(),
    model: p.text(),
    isDefault: p.boolean().default(false),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    {
      name: 'asr_credentials_default',
      expression: 'create unique index asr_credentials_default on asr_credentials (account_id) nulls not distinct where is_default',
    },
    {
      name: 'asr_credentials_name',
      expression: 'create unique index asr_credentials_name on asr_credentials (account_id, lower(name)) nulls not distinct',
    },
  ],
});
