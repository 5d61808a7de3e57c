import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { checkValueType, entitlementFields, EntitlementType } from './plans.ts';
import { Id, Ok, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

/** A value for one account that takes precedence over its plan and the platform settings. Sensitive values read `******`. */
export const EntitlementOverride = z
  .object({
    id: Id,
    account_id: Id,
    key: z.string(),
    value: z.string(),
    value_type: EntitlementType,
    reason: z.string().nullable(),
    expires_at: Time.nullable().meta({ description: 'The override has no effect from this instant on.' }),
    created_by_user_id: Id.nullable(),
    created_at: Time,
  })
  .meta({ id: 'EntitlementOverride' });
export type EntitlementOverride = z.infer<typeof EntitlementOverride>;

export const NewEntitlementOverride = z
  .strictObject({ account_id: Id, ...entitlementFields, reason: z.string().max(500).nullish(), expires_at: Instant.nullish() })
  .check(checkValueType)
  .meta({ id: 'NewEntitlementOverride' });
export type NewEntitlementOverride = z.infer<typeof NewEntitlementOverride>;

const ofAccount = { account_id: Id };
const queryIds = { account_id: 'account' } as const;
const permission = 'platform.entitlements.manage';

export const entitlementOverrides = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/entitlement-overrides',
    summary: 'List the entitlement overrides of an account, including expired ones, newest first',
    query: pageQuery().extend(ofAccount),
    responses: { 200: z.array(EntitlementOverride) },
    metadata: { auth: 'platform', permission, pages: 'cursor', queryIds },
  },
  set: {
    method: 'POST',
    path: '/v1/entitlement-overrides',
    summary: 'Set an entitlement override for an account, replacing any existing one',
    body: NewEntitlementOverride,
    responses: { 201: EntitlementOverride, 200: EntitlementOverride },
    metadata: { auth: 'platform', permission, audit: ['entitlement_override.set', 'entitlement_override'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/entitlement-overrides/{override_id}',
    summary: 'Delete an entitlement override',
    query: z.object(ofAccount),
    body: null,
    responses: { 200: Ok },
    metadata: { auth: 'platform', permission, queryIds, audit: ['entitlement_override.delete', 'entitlement_override'] },
  },
} as const satisfies Resource);
