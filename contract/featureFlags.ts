import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { changes, Id, Ok, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

const FeatureFlagKey = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][\w.-]*$/)
  .meta({ id: 'FeatureFlagKey', description: 'Letters, digits, `_`, `.` and `-`, starting with a letter or digit.' });

/** A switch with a default value and per-account overrides. */
export const FeatureFlag = z
  .object({
    id: Id,
    key: FeatureFlagKey,
    description: z.string().nullable(),
    default_value: z.boolean().meta({ description: 'Applies to accounts without an override, and where there is no account.' }),
    supports_account_overrides: z.boolean(),
    created_at: Time,
  })
  .meta({ id: 'FeatureFlag' });
export type FeatureFlag = z.infer<typeof FeatureFlag>;

const description = z.string().max(500);

export const NewFeatureFlag = z
  .strictObject({ key: FeatureFlagKey, description: description.optional(), default_value: z.boolean() })
  .meta({ id: 'NewFeatureFlag' });
export type NewFeatureFlag = z.infer<typeof NewFeatureFlag>;

export const FeatureFlagChanges = changes({ default_value: z.boolean().optional(), description: description.optional() }).meta({
  id: 'FeatureFlagChanges',
});
export type FeatureFlagChanges = z.infer<typeof FeatureFlagChanges>;

export const FlagOverride = z
  .object({ account_id: Id, flag_key: FeatureFlagKey, enabled: z.boolean(), created_at: Time })
  .meta({ id: 'FlagOverride' });
export type FlagOverride = z.infer<typeof FlagOverride>;

export const NewFlagOverride = z.strictObject({ account_id: Id, enabled: z.boolean() }).meta({ id: 'NewFlagOverride' });
export type NewFlagOverride = z.infer<typeof NewFlagOverride>;

const pathParams = z.object({ key: FeatureFlagKey });
const platform = { auth: 'platform', permission: 'platform.feature_flags.manage' } as const;

export const featureFlags = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/feature-flags',
    summary: 'Create a feature flag',
    body: NewFeatureFlag,
    responses: { 201: FeatureFlag },
    metadata: { ...platform, audit: ['feature_flag.create', 'feature_flag'] },
  },
  list: {
    method: 'GET',
    path: '/v1/feature-flags',
    summary: 'List all feature flags by key',
    responses: { 200: z.array(FeatureFlag) },
    metadata: platform,
  },
  get: {
    method: 'GET',
    path: '/v1/feature-flags/{key}',
    pathParams,
    summary: 'Retrieve a feature flag',
    responses: { 200: FeatureFlag },
    metadata: platform,
  },
  update: {
    method: 'PATCH',
    path: '/v1/feature-flags/{key}',
    pathParams,
    summary: 'Update a feature flag for all accounts without an override',
    body: FeatureFlagChanges,
    responses: { 200: FeatureFlag },
    metadata: { ...platform, audit: ['feature_flag.update', 'feature_flag'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/feature-flags/{key}',
    pathParams,
    summary: 'Delete a feature flag and its overrides',
    description: 'Flags that the platform itself uses cannot be deleted: 409 `system_flag`.',
    body: null,
    responses: { 200: Ok },
    metadata: { ...platform, audit: ['feature_flag.delete', 'feature_flag'], extraErrors: [409] },
  },
  setOverride: {
    method: 'POST',
    path: '/v1/feature-flags/{key}/account-overrides',
    pathParams,
    summary: 'Set the override of an account, replacing any existing one',
    body: NewFlagOverride,
    responses: { 201: FlagOverride, 200: FlagOverride },
    metadata: { ...platform, audit: ['feature_flag.account_override_set', 'feature_flag'] },
  },
  listOverrides: {
    method: 'GET',
    path: '/v1/feature-flags/{key}/account-overrides',
    pathParams,
    summary: 'List the account overrides of a feature flag, newest first',
    query: pageQuery(),
    responses: { 200: z.array(FlagOverride) },
    metadata: { ...platform, pages: 'cursor' },
  },
  deleteOverride: {
    method: 'DELETE',
    path: '/v1/feature-flags/{key}/account-overrides/{account_id}',
    pathParams,
    summary: 'Delete the override of an account, which restores the default value',
    body: null,
    responses: { 200: Ok },
    metadata: { ...platform, audit: ['feature_flag.account_override_delete', 'feature_flag'] },
  },
} as const satisfies Resource);
