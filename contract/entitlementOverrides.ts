import { z } from 'zod';
import { checkValueType, entitlementFields, EntitlementType } from './plans.ts';
import { Id, Ok, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const EntitlementOverride = z
  .object({
    id: Id.meta({ description: 'ID of the override.' }),
    account_id: Id.meta({ description: 'The account to which the value applies.' }),
    key: z.string().meta({ description: 'Key of the entitlement, such as `limit.team_members`.' }),
    value: z.string().meta({ description: 'The value as text.' }),
    value_type: EntitlementType.meta({ description: 'Type of the value.' }),
    reason: z.string().nullable().meta({ description: 'Why the override exists; null if no reason was given.' }),
    expires_at: Time.nullable().meta({ description: 'The override has no effect from this instant on.' }),
    created_by_user_id: Id.nullable().meta({
      description: 'The platform admin who set it, or who received the secret of the service key that did; null if they were deleted.',
    }),
    created_at: Time.meta({ description: 'When the override was first set.' }),
  })
  .meta({
    id: 'EntitlementOverride',
    description: 'A value for one account that takes precedence over its plan and the platform settings. Sensitive values read `******`.',
  });
export type EntitlementOverride = z.infer<typeof EntitlementOverride>;

export const NewEntitlementOverride = z
  .strictObject({
    account_id: Id.meta({ description: 'The account to which the value applies.' }),
    ...entitlementFields,
    reason: z.string().max(500).nullish().meta({ description: 'Why the override exists, at most 500 characters.' }),
    expires_at: Instant.nullish().meta({
      description: 'The override has no effect from this instant on; null or omitted means it does not expire.',
    }),
  })
  .check(checkValueType)
  .meta({ id: 'NewEntitlementOverride', description: 'A value to set for one account.' });
export type NewEntitlementOverride = z.infer<typeof NewEntitlementOverride>;

const ofAccount = { account_id: Id.meta({ description: 'The account of the overrides.' }) };
const queryIds = { account_id: 'account' } as const;
const permission = 'platform.entitlements.manage';

export const entitlementOverrides = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/entitlement-overrides',
    summary: 'List the entitlement overrides of an account, including expired ones, newest first',
    description: 'An override takes precedence over the plan of the account. Expired ones have no effect.',
    query: pageQuery().extend(ofAccount),
    responses: { 200: z.array(EntitlementOverride) },
    metadata: { auth: 'platform', permission, pages: 'cursor', queryIds },
  },
  set: {
    method: 'POST',
    path: '/v1/entitlement-overrides',
    summary: 'Set an entitlement override for an account, replacing any existing one',
    description:
      'Use this to give one account another limit or feature than its plan. Takes effect immediately. The status is 201 for a new override, 200 for a replaced one.',
    body: NewEntitlementOverride,
    responses: { 201: EntitlementOverride, 200: EntitlementOverride },
    metadata: { auth: 'platform', permission, audit: ['entitlement_override.set', 'entitlement_override'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/entitlement-overrides/{override_id}',
    summary: 'Delete an entitlement override',
    description: 'The value of the plan, or else of the platform, applies again.',
    query: z.object(ofAccount),
    body: null,
    responses: { 200: Ok },
    metadata: { auth: 'platform', permission, queryIds, audit: ['entitlement_override.delete', 'entitlement_override'] },
  },
} as const satisfies Resource);
