import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { permissions } from './shared/permissions.ts';
import type { Resource } from './shared/route.ts';

/** A long-lived credential of a user in one account. The secret is returned only on creation. */
export const ApiKey = z
  .object({
    id: Id,
    account_id: Id,
    user_id: Id,
    name: z.string(),
    key_prefix: z.string().meta({ description: 'First 7 characters of the key.' }),
    scopes: z.array(z.string()),
    inherits_permissions: z.boolean().meta({ description: 'Whether the key inherits all permissions of its creator.' }),
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
    .meta({ description: 'The secret key. Returned only in this response.' }),
}).meta({ id: 'CreatedApiKey' });
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;

export const NewApiKey = z
  .strictObject({
    name: trimmedText(200),
    scopes: z
      .array(
        z
          .string()
          .trim()
          .meta({ pattern: `^\\s*(?:${permissions.map((each) => each.replaceAll('.', '[.]')).join('|')})\\s*$` }),
      )
      .max(64)
      .nullish()
      .meta({ description: 'If omitted or null, the key has the permissions that you have at the time of each call.' }),
  })
  .meta({ id: 'NewApiKey' });
export type NewApiKey = z.infer<typeof NewApiKey>;

export const apiKeys = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/api-keys',
    summary: 'Create an API key',
    body: NewApiKey,
    responses: { 201: CreatedApiKey },
    metadata: { auth: 'user', permission: 'data.api_keys.manage', quota: 'api_keys', audit: ['api_key.create', 'api_key'] },
  },
  list: {
    method: 'GET',
    path: '/v1/api-keys',
    summary: 'List API keys, newest first',
    query: pageQuery(),
    responses: { 200: z.array(ApiKey) },
    metadata: { auth: 'user', permission: 'data.api_keys.manage', pages: 'cursor' },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/api-keys/{id}',
    summary: 'Revoke an API key',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read: 'data.api_keys.manage', audit: ['api_key.revoke', 'api_key'] },
  },
} as const satisfies Resource);
