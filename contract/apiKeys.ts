import { z } from 'zod';
import { Id, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { permissions } from './shared/permissions.ts';
import { initContract, type Resource } from './shared/route.ts';

export const ApiKey = z
  .object({
    id: Id.meta({ description: 'ID of the key, for revoking it.' }),
    account_id: Id.meta({ description: 'The only account in which the key can act.' }),
    user_id: Id.meta({ description: 'The user who created the key and on whose behalf it acts.' }),
    name: z.string().meta({ description: 'Display name; not unique.' }),
    key_prefix: z.string().meta({ description: 'First 7 characters of the key.' }),
    scopes: z
      .array(z.string())
      .meta({ description: 'The permissions of the key, sorted. `[]` with `inherits_permissions` means those of the creator.' }),
    inherits_permissions: z.boolean().meta({ description: 'Whether the key inherits all permissions of its creator.' }),
    revoked_at: Time.nullable().meta({ description: 'When the key was revoked; null while it is valid.' }),
    last_used_at: Time.nullable().meta({ description: 'When the key was last used, to the minute; null if it never was.' }),
    created_at: Time.meta({ description: 'When the key was created.' }),
  })
  .meta({ id: 'ApiKey', description: 'A long-lived credential of a user in one account. The secret is returned only on creation.' });
export type ApiKey = z.infer<typeof ApiKey>;

export const CreatedApiKey = ApiKey.extend({
  key: z
    .string()
    .regex(/^al_[0-9A-Za-z]{32}$/)
    .meta({ description: 'The secret key. Returned only in this response.' }),
}).meta({ id: 'CreatedApiKey', description: 'A new API key with its secret.' });
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;

export const NewApiKey = z
  .strictObject({
    name: trimmedText(200).meta({ description: 'Display name, 1 to 200 characters, to recognize the key later.' }),
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
  .meta({ id: 'NewApiKey', description: 'An API key to create.' });
export type NewApiKey = z.infer<typeof NewApiKey>;

export const apiKeys = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/api-keys',
    summary: 'Create an API key',
    description:
      'Use a key for servers and scripts that act for you in this account. Store `key` securely: it cannot be retrieved again. A key can only have permissions that you have, and never those of the platform.',
    body: NewApiKey,
    responses: { 201: CreatedApiKey },
    metadata: { auth: 'user', permission: 'data.api_keys.manage', quota: 'api_keys', audit: ['api_key.create', 'api_key'] },
  },
  list: {
    method: 'GET',
    path: '/v1/api-keys',
    summary: 'List API keys, newest first',
    description: 'Admins see the keys of all members of the account, other members their own. Revoked keys stay listed.',
    query: pageQuery(),
    responses: { 200: z.array(ApiKey) },
    metadata: { auth: 'user', permission: 'data.api_keys.manage', pages: 'cursor' },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/api-keys/{id}',
    summary: 'Revoke an API key',
    description: 'Requests with the key are rejected within a second. Admins can revoke the keys of all members of the account.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read: 'data.api_keys.manage', audit: ['api_key.revoke', 'api_key'] },
  },
} as const satisfies Resource);
