import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, name, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

/** A long-lived credential of a user in one account; its secret is never shown again. */
export const ApiKey = z
  .object({
    id: Id,
    account_id: Id,
    user_id: Id,
    name: z.string(),
    key_prefix: z.string().meta({ description: 'The first 7 characters of the key.' }),
    scopes: z.array(z.string()),
    inherits_permissions: z.boolean().meta({ description: 'Whether the key has all permissions of its creator.' }),
    revoked_at: Time.nullable(),
    last_used_at: Time.nullable(),
    created_at: Time,
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

export const CreatedApiKey = ApiKey.extend({
  key: z
    .string()
    .regex(/^al_[0-9A-Za-z]{32}$/)
    .meta({ description: 'The secret; shown only here.' }),
}).meta({ id: 'CreatedApiKey' });
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;

export const NewApiKey = z
  .strictObject({
    name: name(200),
    scopes: z
      .array(z.string().trim())
      .max(64)
      .nullish()
      .meta({ description: 'Left out or null: all that you may do at the time of a call.' }),
  })
  .meta({ id: 'NewApiKey' });
export type NewApiKey = z.infer<typeof NewApiKey>;

/** Keys for servers and scripts. */
export const apiKeys = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/api-keys',
    summary: 'Create a key',
    body: NewApiKey,
    responses: { 201: CreatedApiKey },
    metadata: { auth: 'user', permission: 'data.api_keys.manage', quota: 'api_keys', audit: ['api_key.create', 'api_key'] },
  },
  list: {
    method: 'GET',
    path: '/v1/api-keys',
    summary: 'List keys, newest first',
    query: pageQuery(),
    responses: { 200: z.array(ApiKey) },
    metadata: { auth: 'user', permission: 'data.api_keys.manage', pages: 'cursor' },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/api-keys/{id}',
    summary: 'Revoke a key',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read: 'data.api_keys.manage', audit: ['api_key.revoke', 'api_key'] },
  },
} as const satisfies Resource);
