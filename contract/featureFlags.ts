import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, Ok, oneOrMore, someField, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

const FeatureFlagKey = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][\w.-]*$/)
  .meta({ id: 'FeatureFlagKey', description: 'Letters, digits, `_`, `.` and `-`, beginning with a letter or digit.' });

/** A switch with a value for everybody, and other values for single accounts. */
export const FeatureFlag = z
  .object({
    id: Id,
    key: FeatureFlagKey,
    description: z.string().nullable(),
    default_value: z.boolean().meta({ description: 'Of accounts without an override, and where there is no account.' }),
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

export const FeatureFlagChanges = z
  .strictObject({ default_value: z.boolean().optional(), description: description.optional() })
  .refine(...someField)
  .meta(oneOrMore)
  .meta({ id: 'FeatureFlagChanges' });
export type FeatureFlagChanges = z.infer<typeof FeatureFlagChanges>;

/** The value of a flag for one account. */
export const FlagOverride = z
  .object({ account_id: Id, flag_key: FeatureFlagKey, enabled: z.boolean(), created_at: Time })
  .meta({ id: 'FlagOverride' });
export type FlagOverride = z.infer<typeof FlagOverride>;

export const NewFlagOverride = z.strictObject({ account_id: Id, enabled: z.boolean() }).meta({ id: 'NewFlagOverride' });
export type NewFlagOverride = z.infer<typeof NewFlagOverride>;

const pathParams = z.object({ key: FeatureFlagKey });
const platform = { auth: 'platform', permission: 'platform.feature_flags.manage' } as const;

/** Switches of the platform. */
export const featureFlags = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/feature-flags',
    summary: 'Add a flag',
    body: NewFeatureFlag,
    responses: { 201: FeatureFlag },
    metadata: { ...platform, audit: ['feature_flag.create', 'feature_flag'] },
  },
  list: {
    method: 'GET',
    path: '/v1/feature-flags',
    summary: 'List all flags, by key',
    responses: { 200: z.array(FeatureFlag) },
    metadata: platform,
  },
  get: {
    method: 'GET',
    path: '/v1/feature-flags/{key}',
    pathParams,
    summary: 'Read a flag',
    responses: { 200: FeatureFlag },
    metadata: platform,
  },
  update: {
    method: 'PATCH',
    path: '/v1/feature-flags/{key}',
    pathParams,
    summary: 'Change a flag, for all accounts without an override at once',
    body: FeatureFlagChanges,
    responses: { 200: FeatureFlag },
    metadata: { ...platform, audit: ['feature_flag.update', 'feature_flag'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/feature-flags/{key}',
    pathParams,
    summary: 'Remove a flag with its overrides',
    description: 'The flags that the platform itself asks stay: 409 `system_flag`.',
    body: null,
    responses: { 200: Ok },
    metadata: { ...platform, audit: ['feature_flag.delete', 'feature_flag'], also: [409] },
  },
  setOverride: {
    method: 'POST',
    path: '/v1/feature-flags/{key}/account-overrides',
    pathParams,
    summary: 'Give an account a value of its own, in place of the one it may have been given before',
    body: NewFlagOverride,
    responses: { 201: FlagOverride, 200: FlagOverride },
    metadata: { ...platform, audit: ['feature_flag.account_override_set', 'feature_flag'] },
  },
  listOverrides: {
    method: 'GET',
    path: '/v1/feature-flags/{key}/account-overrides',
    pathParams,
    summary: 'List the accounts that have a value of their own, newest first',
    query: pageQuery(),
    responses: { 200: z.array(FlagOverride) },
    metadata: { ...platform, pages: 'cursor' },
  },
  deleteOverride: {
    method: 'DELETE',
    path: '/v1/feature-flags/{key}/account-overrides/{account_id}',
    pathParams,
    summary: 'Return an account to the value of everybody',
    body: null,
    responses: { 200: Ok },
    metadata: { ...platform, audit: ['feature_flag.account_override_delete', 'feature_flag'] },
  },
} as const satisfies Resource);
