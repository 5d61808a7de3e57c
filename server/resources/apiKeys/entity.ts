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
    /** The secret before the last rotation, accepted until `previousExpiresAt`. */
    previousKeyHash: p.text().nullable().unique('api_keys_previous_key_hash_key'),
    previousExpiresAt: timestamptz().nullable(),
    scopes: p.array<string>().columnType('text[]'),
    inheritsPermissions: p.boolean(),
    expiresAt: timestamptz().nullable(),
    /** Null for all models. */
    models: p.array<string>().columnType('text[]').nullable(),
    // Limits; null for none. Days and months are those of UTC.
    creditsPerDay: p.bigint('number').nullable(),
    creditsPerMonth: p.bigint('number').nullable(),
    creditsTotal: p.bigint('number').nullable(),
    requestsPerMinute: p.bigint('number').nullable(),
    requestsPerDay: p.bigint('number').nullable(),
    requestsPerMonth: p.bigint('number').nullable(),
    requestsTotal: p.bigint('number').nullable(),
    /** The expiry of which the user was notified. */
    expiryAnnouncedFor: timestamptz().nullable(),
    lastUsedAt: timestamptz().nullable(),
    revokedAt: timestamptz().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    {
      name: 'api_keys_expiring',
      expression:
        'create index api_keys_expiring on api_keys (expires_at) where ((revoked_at is null) and (expiry_announced_for is distinct from expires_at))',
    },
    { name: 'api_keys_list', expression: 'create index api_keys_list on api_keys (account_id, created_at desc, id desc)' },
  ],
});

/** What a key has used on a day (UTC). `minuteRequests` are the requests of `minute`, the last one that was counted. */
export const ApiKeyUsage = defineEntity({
  name: 'ApiKeyUsage',
  tableName: 'api_key_usage',
  properties: {
    accountId: p.uuid().primary(),
    apiKeyId: p.uuid().primary(),
    day: p.date().primary(),
    credits: p.bigint('number').defaultRaw('0'),
    requests: p.bigint('number').defaultRaw('0'),
    minute: timestamptz().nullable(),
    minuteRequests: p.bigint('number').defaultRaw('0'),
  },
});
