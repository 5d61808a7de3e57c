import { z } from 'zod';
import { changes, Id, Time, trimmedText } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { pageQuery } from './shared/pagination.ts';
import { permissions } from './shared/permissions.ts';
import { initContract, type Resource } from './shared/route.ts';

const maxLimit = 1_000_000_000_000;
const limit = (max = maxLimit) => z.int().min(1).max(max).nullable();

const limits = {
  credits_per_day: limit().meta({ description: 'Credits of a day (UTC). Null means no limit.' }),
  credits_per_month: limit().meta({ description: 'Credits of a month (UTC). Null means no limit.' }),
  credits_total: limit().meta({ description: 'Credits of all time. Null means no limit.' }),
  requests_per_minute: limit(1_000_000).meta({ description: 'Requests of a minute. Null means no limit.' }),
  requests_per_day: limit().meta({ description: 'Requests of a day (UTC). Null means no limit.' }),
  requests_per_month: limit().meta({ description: 'Requests of a month (UTC). Null means no limit.' }),
  requests_total: limit().meta({ description: 'Requests of all time. Null means no limit.' }),
};

export const ApiKeyLimits = z.object(limits).meta({
  id: 'ApiKeyLimits',
  description: 'What a key may use. Credits include those that its open runs and chat completions have reserved.',
});
export type ApiKeyLimits = z.infer<typeof ApiKeyLimits>;

export const ApiKeyLimitChanges = z
  .strictObject(limits)
  .partial()
  .meta({ id: 'ApiKeyLimitChanges', description: 'Limits of a key to set. Null means no limit.' });

/** Or null for all. */
const Models = z.array(trimmedText(200)).min(1).max(100);

/** The last fields of a key of any kind. */
export const keyLifetime = {
  expires_at: Time.nullable().meta({ description: 'The key is rejected from this instant on; null means that it does not expire.' }),
  previous_secret_expires_at: Time.nullable().meta({
    description: 'Until then, the secret before the last rotation is accepted as well; null if it is not.',
  }),
  revoked_at: Time.nullable().meta({ description: 'When the key was revoked; null while it is not.' }),
  last_used_at: Time.nullable().meta({ description: 'When the key was last used, to the minute; null if it never was.' }),
  created_at: Time.meta({ description: 'When the key was created.' }),
};

export const keyName = trimmedText(200).meta({ description: 'Display name, 1 to 200 characters, to recognize the key later.' });

/** The secret of a new or rotated key. */
export const keySecret = (prefix: 'al_' | 'als_') =>
  z
    .string()
    .regex(new RegExp(`^${prefix}[0-9A-Za-z]{32}$`))
    .meta({ description: 'The secret key. Returned only in this response.' });

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
    limits: ApiKeyLimits.meta({ description: 'What the key may use.' }),
    models: z
      .array(z.string())
      .nullable()
      .meta({ description: 'The models that the key may use, sorted; null for all that the account can use.' }),
    ...keyLifetime,
  })
  .meta({
    id: 'ApiKey',
    description: 'A long-lived credential of a user in one account. The secret is returned only on creation and rotation.',
  });
export type ApiKey = z.infer<typeof ApiKey>;

export const CreatedApiKey = ApiKey.extend({
  key: keySecret('al_'),
}).meta({ id: 'CreatedApiKey', description: 'An API key with its new secret.' });
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;

export const NewApiKey = z
  .strictObject({
    name: keyName,
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
    expires_at: Instant.nullish().meta({ description: 'A time in the future; null or omitted for a key that does not expire.' }),
    limits: ApiKeyLimitChanges.optional().meta({ description: 'What the key may use. Omitted limits are null.' }),
    models: Models.nullish().meta({ description: 'Names of models, or `provider^model`. Null or omitted for all models.' }),
  })
  .meta({ id: 'NewApiKey', description: 'An API key to create.' });
export type NewApiKey = z.infer<typeof NewApiKey>;

export const ApiKeyChanges = changes({
  name: NewApiKey.shape.name.optional(),
  expires_at: Instant.nullish().meta({ description: 'A time in the future; null for a key that does not expire.' }),
  limits: ApiKeyLimitChanges.optional().meta({ description: 'Limits to change. Omitted limits keep their value.' }),
  models: Models.nullish().meta({ description: 'Names of models, or `provider^model`. Null for all models.' }),
}).meta({ id: 'ApiKeyChanges', description: 'Properties of a key to change. Its permissions and its account cannot be changed.' });
export type ApiKeyChanges = z.infer<typeof ApiKeyChanges>;

const maxOverlapSeconds = 30 * 86_400;

export const ApiKeyRotation = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(maxOverlapSeconds)
      .meta({ description: 'How long the current secret is accepted beside the new one, up to 30 days. 0 rejects it at once.' }),
  })
  .meta({ id: 'ApiKeyRotation', description: 'A rotation of the secret of a key.' });
export type ApiKeyRotation = z.infer<typeof ApiKeyRotation>;

const used = {
  credits: z.int().min(0).meta({ description: 'Credits charged for runs and chat completions that ended in this time.' }),
  requests: z.int().min(0).meta({ description: 'Requests in this time. The newest may be missing for up to 10 seconds.' }),
};

const Period = z
  .object({ ...used, resets_at: Time.meta({ description: 'When the next period starts, with counts of 0.' }) })
  .meta({ id: 'ApiKeyPeriod', description: 'What a key has used in the current day or month (UTC).' });

export const ApiKeyUsage = z
  .object({
    api_key_id: Id.meta({ description: 'The key.' }),
    day: Period.meta({ description: 'The current day (UTC).' }),
    month: Period.meta({ description: 'The current month (UTC).' }),
    total: z
      .object(used)
      .meta({ id: 'ApiKeyTotal', description: 'What a key has used in all.' })
      .meta({ description: 'Since the key was created.' }),
    reserved_credits: z
      .int()
      .min(0)
      .meta({ description: 'Credits that open runs and chat completions of the key have reserved. They count against its limits.' }),
  })
  .meta({ id: 'ApiKeyUsage', description: 'What an API key has used. Use before the server counted it by key is left out.' });
export type ApiKeyUsage = z.infer<typeof ApiKeyUsage>;

export const apiKeys = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/api-keys',
    summary: 'Create an API key',
    description:
      'For servers and scripts that act for you in this account. Store `key` securely: it cannot be retrieved again. A key can only have permissions that you have, and never those of the platform.',
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
  update: {
    method: 'PATCH',
    path: '/v1/api-keys/{id}',
    summary: 'Change the name, expiry, limits or models of an API key',
    description:
      'Applies to the next request with the key, within a second in all processes. A new expiry also makes an expired key valid again; a revoked one stays revoked. Admins can change the keys of all members of the account.',
    body: ApiKeyChanges,
    responses: { 200: ApiKey },
    metadata: { auth: 'user', read: 'data.api_keys.manage', audit: ['api_key.update', 'api_key'] },
  },
  rotate: {
    method: 'POST',
    path: '/v1/api-keys/{id}/rotate',
    summary: 'Replace the secret of an API key',
    description:
      'Returns a new secret once. The current one is accepted for the overlap, so that programs can be changed one after another. While an earlier secret is still accepted, only a rotation without overlap is possible; it rejects all earlier secrets. Only the user of the key can rotate it.',
    body: ApiKeyRotation,
    responses: { 200: CreatedApiKey },
    metadata: { auth: 'user', read: 'data.api_keys.manage', audit: ['api_key.rotate', 'api_key'] },
  },
  usage: {
    method: 'GET',
    path: '/v1/api-keys/{id}/usage',
    summary: 'Retrieve what an API key has used',
    description:
      'Compare it with `limits` of the key. Credits of a run count when it ends, with those of its sub-agents. Admins can read the usage of the keys of all members of the account.',
    responses: { 200: ApiKeyUsage },
    metadata: { auth: 'user', read: 'data.api_keys.manage', report: true },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/api-keys/{id}',
    summary: 'Revoke an API key',
    description:
      'Requests with the key are rejected within a second. Its open runs are cancelled, its schedules paused. Admins can revoke the keys of all members of the account.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read: 'data.api_keys.manage', audit: ['api_key.revoke', 'api_key'] },
  },
} as const satisfies Resource);
