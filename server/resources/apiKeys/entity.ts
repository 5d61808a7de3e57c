import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const ApiKey = defineEntity({
  name: 'ApiKey',
  tableName: 'api_keys',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    userId: p.uuid(),
    name: p.text(),
    keyPrefix: p.text(),
    keyHash: p.text().unique('api_keys_key_hash_key'),
    scopes: p.array<string>().columnType('text[]'),
    inheritsPermissions: p.boolean(),
    lastUsedAt: timestamptz().nullable(),
    revokedAt: timestamptz().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [{ name: 'api_keys_list', expression: 'create index api_keys_list on api_keys (account_id, created_at desc, id desc)' }],
});
