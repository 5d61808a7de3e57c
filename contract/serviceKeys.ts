import { z } from 'zod';
import { ApiKeyRotation, keyLifetime, keyName, keySecret } from './apiKeys.ts';
import { changes, Id } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { Cidr } from './shared/ipAddresses.ts';
import { pageQuery } from './shared/pagination.ts';
import { servicePermissions } from './shared/permissions.ts';
import { initContract, type Resource } from './shared/route.ts';

const Scope = z
  .enum(servicePermissions)
  .meta({ id: 'ServiceKeyScope', description: 'A permission of the platform that a service key can have.' });

export const ServiceKey = z
  .object({
    id: Id.meta({ description: 'ID of the key.' }),
    user_id: Id.meta({ description: 'The platform admin who received the current secret, by creating or rotating the key.' }),
    name: z.string().meta({ description: 'Display name; not unique.' }),
    key_prefix: z.string().meta({ description: 'First 8 characters of the key.' }),
    scopes: z.array(z.string()).meta({ description: 'The permissions of the key, sorted. They cannot be changed.' }),
    allowed_addresses: z
      .array(Cidr)
      .nullable()
      .meta({ description: 'Networks from which the key is accepted, without host bits; null for all addresses.' }),
    requests_per_minute: z.int().meta({ description: 'Requests that the key may make in a minute.' }),
    is_active: z.boolean().meta({
      description:
        'Whether the current secret is accepted: the key is neither revoked nor expired, and its user is still an active platform admin.',
    }),
    ...keyLifetime,
  })
  .meta({
    id: 'ServiceKey',
    description:
      'A long-lived credential of a program that administers the platform. The secret is returned only on creation and rotation.',
  });
export type ServiceKey = z.infer<typeof ServiceKey>;

export const CreatedServiceKey = ServiceKey.extend({
  key: keySecret('als_'),
}).meta({ id: 'CreatedServiceKey', description: 'A service key with its new secret.' });
export type CreatedServiceKey = z.infer<typeof CreatedServiceKey>;

const expiry = 'A time in the future; null for a key that does not expire.';
const addresses = z.array(Cidr).min(1).max(100);
const rate = z.int().min(1).max(10_000);

export const NewServiceKey = z
  .strictObject({
    name: keyName,
    scopes: z.array(Scope).min(1).max(servicePermissions.length).meta({ description: 'The permissions of the key.' }),
    allowed_addresses: addresses
      .nullish()
      .meta({ description: 'Networks from which the key is accepted. Null or omitted for all addresses.' }),
    requests_per_minute: rate.default(600).meta({ description: 'Requests that the key may make in a minute.' }),
    expires_at: Instant.nullish().meta({ description: expiry }),
  })
  .meta({ id: 'NewServiceKey', description: 'A service key to create.' });
export type NewServiceKey = z.infer<typeof NewServiceKey>;

export const ServiceKeyChanges = changes({
  name: NewServiceKey.shape.name.optional(),
  allowed_addresses: addresses.nullish().meta({ description: 'Networks from which the key is accepted. Null for all addresses.' }),
  requests_per_minute: rate.optional().meta({ description: 'Requests that the key may make in a minute.' }),
  expires_at: Instant.nullish().meta({ description: expiry }),
}).meta({ id: 'ServiceKeyChanges', description: 'Properties of a service key to change. Its permissions cannot be changed.' });
export type ServiceKeyChanges = z.infer<typeof ServiceKeyChanges>;

/** Credentials of programs. No operation of this resource accepts one, so that a key cannot create another. */
export const serviceKeys = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/admin/service-keys',
    summary: 'Create a service key',
    description:
      'Use a key for programs that administer the platform, such as a billing system. It acts on behalf of no account and can call only the operations of its scopes. Store `key` securely: it cannot be retrieved again.',
    body: NewServiceKey,
    responses: { 201: CreatedServiceKey },
    metadata: { auth: 'platform', audit: ['service_key.create', 'service_key'] },
  },
  list: {
    method: 'GET',
    path: '/v1/admin/service-keys',
    summary: 'List service keys, newest first',
    description: 'Returns the keys of all platform admins. Revoked keys stay listed.',
    query: pageQuery(),
    responses: { 200: z.array(ServiceKey) },
    metadata: { auth: 'platform', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/service-keys/{service_key_id}',
    summary: 'Retrieve a service key',
    description: 'Never contains the secret.',
    responses: { 200: ServiceKey },
    metadata: { auth: 'platform' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/admin/service-keys/{service_key_id}',
    summary: 'Change the name, addresses, rate or expiry of a service key',
    description:
      'Applies to the next request with the key, within a second in all processes. A new expiry also makes an expired key valid again; a revoked one stays revoked.',
    body: ServiceKeyChanges,
    responses: { 200: ServiceKey },
    metadata: { auth: 'platform', audit: ['service_key.update', 'service_key'] },
  },
  rotate: {
    method: 'POST',
    path: '/v1/admin/service-keys/{service_key_id}/rotate',
    summary: 'Replace the secret of a service key',
    description:
      'Returns a new secret once and makes you the user of the key. The current one is accepted for the overlap, so that programs can be changed one after another. While an earlier secret is still accepted, only a rotation without overlap is possible; it rejects all earlier secrets.',
    body: ApiKeyRotation,
    responses: { 200: CreatedServiceKey },
    metadata: { auth: 'platform', audit: ['service_key.rotate', 'service_key'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/admin/service-keys/{service_key_id}',
    summary: 'Revoke a service key',
    description: 'Requests with the key are rejected within a second. A revoked key stays listed and cannot be made valid again.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['service_key.revoke', 'service_key'] },
  },
} as const satisfies Resource);
