import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { EntitlementType, entitlementFields, fitsItsType } from './plans.ts';
import { Id, Ok, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

/** A value that one account has, whatever its plan and the platform say; a sensitive one reads `******`. */
export const EntitlementOverride = z
  .object({
    id: Id,
    account_id: Id,
    key: z.string(),
    value: z.string(),
    value_type: EntitlementType,
    reason: z.string().nullable(),
    expires_at: Time.nullable().meta({ description: 'From this instant on it has no effect.' }),
    created_by_user_id: Id.nullable(),
    created_at: Time,
  })
  .meta({ id: 'EntitlementOverride' });
export type EntitlementOverride = z.infer<typeof EntitlementOverride>;

export const NewEntitlementOverride = z
  .strictObject({ account_id: Id, ...entitlementFields, reason: z.string().max(500).nullish(), expires_at: Instant.nullish() })
  .check(fitsItsType)
  .meta({ id: 'NewEntitlementOverride' });
export type NewEntitlementOverride = z.infer<typeof NewEntitlementOverride>;

const ofAccount = { account_id: Id };
const queryIds = { account_id: 'account' } as const;
const permission = 'platform.entitlements.manage';

/** What single accounts may that their plan does not say. */
export const entitlementOverrides = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/entitlement-overrides',
    summary: 'List the overrides of an account, expired ones too, newest first',
    query: pageQuery().extend(ofAccount),
    responses: { 200: z.array(EntitlementOverride) },
    metadata: { auth: 'platform', permission, pages: 'cursor', queryIds },
  },
  set: {
    method: 'POST',
    path: '/v1/entitlement-overrides',
    summary: 'Give an account a value, in place of the one it may have been given before',
    body: NewEntitlementOverride,
    responses: { 201: EntitlementOverride, 200: EntitlementOverride },
    metadata: { auth: 'platform', permission, audit: ['entitlement_override.set', 'entitlement_override'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/entitlement-overrides/{override_id}',
    summary: 'Take an override away',
    query: z.object(ofAccount),
    body: null,
    responses: { 200: Ok },
    metadata: { auth: 'platform', permission, queryIds, audit: ['entitlement_override.delete', 'entitlement_override'] },
  },
} as const satisfies Resource);
