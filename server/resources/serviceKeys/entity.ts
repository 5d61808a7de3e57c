import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const ServiceKey = defineEntity({
  name: 'ServiceKey',
  tableName: 'service_keys',
  properties: {
    id: p.uuid().primary(),
    /** Who received the current secret. */
    userId: p.uuid(),
    name: p.text(),
    keyPrefix: p.text(),
    keyHash: p.text().unique('service_keys_key_hash_key'),
    /** The secret before the last rotation, accepted until `previousExpiresAt`, and who received it. */
    previousKeyHash: p.text().nullable().unique('service_keys_previous_key_hash_key'),
    previousUserId: p.uuid().nullable(),
    previousExpiresAt: timestamptz().nullable(),
    scopes: p.array<string>().columnType('text[]'),
    /** Networks in CIDR notation; null for all addresses. */
    allowedAddresses: p.array<string>().columnType('text[]').nullable(),
    requestsPerMinute: p.integer(),
    expiresAt: timestamptz().nullable(),
    /** The expiry of which all platform admins were notified. */
    expiryAnnouncedFor: timestamptz().nullable(),
    lastUsedAt: timestamptz().nullable(),
    revokedAt: timestamptz().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    {
      name: 'service_keys_expiring',
      expression:
        'create index service_keys_expiring on service_keys (expires_at) where ((revoked_at is null) and (expiry_announced_for is distinct from expires_at))',
    },
    { name: 'service_keys_list', expression: 'create index service_keys_list on service_keys (created_at desc, id desc)' },
  ],
});
