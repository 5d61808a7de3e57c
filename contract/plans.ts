import { z } from 'zod';
import { changes, Id, inconsistentValues, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const EntitlementType = z
  .enum(['integer', 'boolean', 'string'])
  .meta({ id: 'EntitlementType', description: 'Type of the value. The value itself is always text.' });
export type EntitlementType = z.infer<typeof EntitlementType>;

const valuePatterns: Record<EntitlementType, RegExp> = { integer: /^-?\d{1,15}$/, boolean: /^(true|false)$/, string: /^/ };

export const entitlementFields = {
  key: z
    .string()
    .max(128)
    .regex(/^[a-z0-9_.-]+$/)
    .meta({ description: 'Key of the entitlement, such as `limit.team_members`. See `GET /v1/config/schema`.' }),
  value: z.string().min(1).max(4096).meta({ description: 'The value as text, such as `10` or `true`.' }),
  value_type: EntitlementType.meta({ description: 'Type of the value. It must be the type of a known key.' }),
};

/** Rejects a `value` that is not of its `value_type`. Pass it to `check`. */
export function checkValueType({ value, issues }: z.core.ParsePayload<{ value: string; value_type: EntitlementType }>): void {
  if (!valuePatterns[value.value_type].test(value.value))
    issues.push({
      code: 'custom',
      path: ['value'],
      input: value.value,
      message: `is not of type ${value.value_type}`,
      params: inconsistentValues,
    });
}

export const NewEntitlement = z
  .strictObject(entitlementFields)
  .check(checkValueType)
  .meta({ id: 'NewEntitlement', description: 'A value for all accounts of a plan.' });
export type NewEntitlement = z.infer<typeof NewEntitlement>;

export const Entitlement = z
  .object({
    id: Id.meta({ description: 'ID of the entitlement.' }),
    key: z.string().meta({ description: 'Key of the entitlement, such as `limit.team_members`.' }),
    value: z.string().meta({ description: 'The value as text.' }),
    value_type: EntitlementType.meta({ description: 'Type of the value.' }),
  })
  .meta({ id: 'Entitlement', description: 'A value for all accounts of a plan. Sensitive values read `******`.' });
export type Entitlement = z.infer<typeof Entitlement>;

export const Plan = z
  .object({
    id: Id.meta({ description: 'ID of the plan.' }),
    name: z.string().meta({ description: 'Unique name. It cannot be changed.' }),
    display_name: z.string().meta({ description: 'Name shown to users.' }),
    entitlements: z.array(Entitlement).meta({ description: 'Sorted by key.' }),
    created_at: Time.meta({ description: 'When the plan was created.' }),
  })
  .meta({ id: 'Plan', description: 'A named set of entitlements.' });
export type Plan = z.infer<typeof Plan>;

const entitlements = z
  .array(NewEntitlement)
  .max(100)
  .check(({ value, issues }) => {
    const keys = value.map(({ key }) => key);
    for (const [at, key] of keys.entries())
      if (keys.indexOf(key) < at)
        issues.push({ code: 'custom', path: [at, 'key'], input: key, message: 'is given twice', params: inconsistentValues });
  });
const displayName = trimmedText(128).meta({ description: 'Name shown to users.' });

export const NewPlan = z
  .strictObject({
    name: trimmedText(64).meta({ description: 'Unique, ignoring case.' }),
    display_name: displayName,
    entitlements: entitlements.default([]).meta({ description: 'Values for the accounts of the plan; each key once.' }),
  })
  .meta({ id: 'NewPlan', description: 'A plan to create.' });
export type NewPlan = z.infer<typeof NewPlan>;

export const PlanChanges = changes({
  display_name: displayName.optional(),
  entitlements: entitlements.optional().meta({ description: 'Replaces all entitlements, immediately for all subscribers.' }),
}).meta({ id: 'PlanChanges', description: 'The fields of the plan to change. At least one is required.' });
export type PlanChanges = z.infer<typeof PlanChanges>;

const permission = 'platform.plans.manage';

export const plans = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/plans',
    summary: 'List plans, newest first',
    description: 'Use this to show the available plans. They belong to no account: every user sees all.',
    query: pageQuery(),
    responses: { 200: z.array(Plan) },
    metadata: { auth: 'user+key', service: [permission, 'platform.subscriptions.manage'], pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/plans/{plan_id}',
    // Declared explicitly because plans belong to no account: every user can see every plan.
    pathParams: z.object({ plan_id: Id }),
    summary: 'Retrieve a plan',
    description: 'Shows the entitlements of the plan. Those of an account can differ by overrides.',
    responses: { 200: Plan },
    metadata: { auth: 'user+key', service: [permission, 'platform.subscriptions.manage'] },
  },
  create: {
    method: 'POST',
    path: '/v1/plans',
    summary: 'Create a plan',
    description: 'Accounts get the entitlements of the plan when they are subscribed to it with `POST /v1/subscriptions`.',
    body: NewPlan,
    responses: { 201: Plan },
    metadata: { auth: 'platform', permission, audit: ['plan.create', 'plan'] },
  },
  update: {
    method: 'PATCH',
    path: '/v1/plans/{plan_id}',
    summary: 'Update a plan',
    description: 'Takes effect immediately for all subscribers. `entitlements` replaces the whole set.',
    body: PlanChanges,
    responses: { 200: Plan },
    metadata: { auth: 'platform', permission, audit: ['plan.update', 'plan'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/plans/{plan_id}',
    summary: 'Delete a plan that has never had a subscription',
    description: 'A plan with subscriptions, even canceled ones, cannot be deleted: 409 `plan_in_use`.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', permission, audit: ['plan.delete', 'plan'], extraErrors: [409] },
  },
} as const satisfies Resource);
