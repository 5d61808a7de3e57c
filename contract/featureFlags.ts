import { z } from 'zod';
import { changes, Id, Ok, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

const FeatureFlagKey = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][\w.-]*$/)
  .meta({ id: 'FeatureFlagKey', description: 'Letters, digits, `_`, `.` and `-`, starting with a letter or digit.' });

export const FeatureFlag = z
  .object({
    id: Id.meta({ description: 'ID of the flag.' }),
    key: FeatureFlagKey.meta({ description: 'Unique key of the flag. It cannot be changed.' }),
    description: z.string().nullable().meta({ description: 'What the flag switches; null if there is no description.' }),
    default_value: z.boolean().meta({ description: 'Applies to accounts without an override, and where there is no account.' }),
    supports_account_overrides: z.boolean().meta({ description: 'Whether accounts can have another value than the default.' }),
    created_at: Time.meta({ description: 'When the flag was created.' }),
  })
  .meta({ id: 'FeatureFlag', description: 'A switch with a default value and per-account overrides.' });
export type FeatureFlag = z.infer<typeof FeatureFlag>;

const description = z.string().max(500).meta({ description: 'What the flag switches, at most 500 characters.' });

export const NewFeatureFlag = z
  .strictObject({
    key: FeatureFlagKey.meta({ description: 'Unique key of the flag, such as `search.beta`.' }),
    description: description.optional(),
    default_value: z.boolean().meta({ description: 'Applies to accounts without an override.' }),
  })
  .meta({ id: 'NewFeatureFlag', description: 'A feature flag to create.' });
export type NewFeatureFlag = z.infer<typeof NewFeatureFlag>;

export const FeatureFlagChanges = changes({
  default_value: z.boolean().optional().meta({ description: 'Applies to accounts without an override, immediately.' }),
  description: description.optional(),
}).meta({
  id: 'FeatureFlagChanges',
  description: 'The fields of the flag to change. At least one is required.',
});
export type FeatureFlagChanges = z.infer<typeof FeatureFlagChanges>;

export const FlagOverride = z
  .object({
    account_id: Id.meta({ description: 'The account to which the value applies.' }),
    flag_key: FeatureFlagKey.meta({ description: 'Key of the flag.' }),
    enabled: z.boolean().meta({ description: 'Value of the flag for the account.' }),
    created_at: Time.meta({ description: 'When the override was created.' }),
  })
  .meta({ id: 'FlagOverride', description: 'The value of a flag for one account.' });
export type FlagOverride = z.infer<typeof FlagOverride>;

export const NewFlagOverride = z
  .strictObject({
    account_id: Id.meta({ description: 'The account to which the value applies.' }),
    enabled: z.boolean().meta({ description: 'Value of the flag for the account.' }),
  })
  .meta({ id: 'NewFlagOverride', description: 'The value of a flag for one account.' });
export type NewFlagOverride = z.infer<typeof NewFlagOverride>;

const pathParams = z.object({ key: FeatureFlagKey.meta({ description: 'Key of the flag, percent-encoded.' }) });
const platform = { auth: 'platform', permission: 'platform.feature_flags.manage' } as const;

export const featureFlags = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/feature-flags',
    summary: 'Create a feature flag',
    description: 'Clients read the value at `GET /v1/me/feature-flags`. Next, set overrides for single accounts.',
    body: NewFeatureFlag,
    responses: { 201: FeatureFlag },
    metadata: { ...platform, audit: ['feature_flag.create', 'feature_flag'] },
  },
  list: {
    method: 'GET',
    path: '/v1/feature-flags',
    summary: 'List all feature flags by key',
    description: 'Includes the flags that the platform itself uses, such as `registration.open`.',
    responses: { 200: z.array(FeatureFlag) },
    metadata: platform,
  },
  get: {
    method: 'GET',
    path: '/v1/feature-flags/{key}',
    pathParams,
    summary: 'Retrieve a feature flag',
    description: 'Shows the default value. List the overrides to see for which accounts it differs.',
    responses: { 200: FeatureFlag },
    metadata: platform,
  },
  update: {
    method: 'PATCH',
    path: '/v1/feature-flags/{key}',
    pathParams,
    summary: 'Update a feature flag for all accounts without an override',
    description: 'Omitted fields keep their values. Takes effect immediately.',
    body: FeatureFlagChanges,
    responses: { 200: FeatureFlag },
    metadata: { ...platform, audit: ['feature_flag.update', 'feature_flag'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/feature-flags/{key}',
    pathParams,
    summary: 'Delete a feature flag and its overrides',
    description:
      'Flags that the platform itself uses cannot be deleted: 409 `system_flag`. Afterwards the flag is false for every account.',
    body: null,
    responses: { 200: Ok },
    metadata: { ...platform, audit: ['feature_flag.delete', 'feature_flag'], extraErrors: [409] },
  },
  setOverride: {
    method: 'POST',
    path: '/v1/feature-flags/{key}/account-overrides',
    pathParams,
    summary: 'Set the override of an account, replacing any existing one',
    description:
      'Use this to try a feature with single accounts. Takes effect immediately. The status is 201 for a new override, 200 for a replaced one.',
    body: NewFlagOverride,
    responses: { 201: FlagOverride, 200: FlagOverride },
    metadata: { ...platform, audit: ['feature_flag.account_override_set', 'feature_flag'] },
  },
  listOverrides: {
    method: 'GET',
    path: '/v1/feature-flags/{key}/account-overrides',
    pathParams,
    summary: 'List the account overrides of a feature flag, newest first',
    description: 'Shows for which accounts the flag differs from its default.',
    query: pageQuery(),
    responses: { 200: z.array(FlagOverride) },
    metadata: { ...platform, pages: 'cursor' },
  },
  deleteOverride: {
    method: 'DELETE',
    path: '/v1/feature-flags/{key}/account-overrides/{account_id}',
    pathParams,
    summary: 'Delete the override of an account, which restores the default value',
    description: 'Takes effect immediately. If there is no override, the response is 404.',
    body: null,
    responses: { 200: Ok },
    metadata: { ...platform, audit: ['feature_flag.account_override_delete', 'feature_flag'] },
  },
} as const satisfies Resource);
