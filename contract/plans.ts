import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { betweenValues, Id, name, oneOrMore, someField, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

export const EntitlementType = z.enum(['integer', 'boolean', 'string']).meta({ id: 'EntitlementType' });
export type EntitlementType = z.infer<typeof EntitlementType>;

const forms: Record<EntitlementType, RegExp> = { integer: /^-?\d{1,15}$/, boolean: /^(true|false)$/, string: /^/ };

/** What an entitlement is made of, wherever it is given. */
export const entitlementFields = {
  key: z
    .string()
    .max(128)
    .regex(/^[a-z0-9_.-]+$/),
  value: z.string().min(1).max(4096),
  value_type: EntitlementType,
};

/** Whether the text of a value is one of its type: for `check` of the shapes that have both. */
export function fitsItsType({ value, issues }: z.core.ParsePayload<{ value: string; value_type: EntitlementType }>): void {
  if (!forms[value.value_type].test(value.value))
    issues.push({
      code: 'custom',
      path: ['value'],
      input: value.value,
      message: `is not of type ${value.value_type}`,
      params: betweenValues,
    });
}

export const NewEntitlement = z.strictObject(entitlementFields).check(fitsItsType).meta({ id: 'NewEntitlement' });
export type NewEntitlement = z.infer<typeof NewEntitlement>;

/** A value that the accounts of a plan have; a sensitive one reads `******`. */
export const Entitlement = z
  .object({ id: Id, key: z.string(), value: z.string(), value_type: EntitlementType })
  .meta({ id: 'Entitlement' });
export type Entitlement = z.infer<typeof Entitlement>;

/** A named set of entitlements. */
export const Plan = z
  .object({
    id: Id,
    name: z.string(),
    display_name: z.string(),
    entitlements: z.array(Entitlement).meta({ description: 'Sorted by key.' }),
    created_at: Time,
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;

const entitlements = z
  .array(NewEntitlement)
  .max(100)
  .check(({ value, issues }) => {
    const keys = value.map(({ key }) => key);
    for (const [at, key] of keys.entries())
      if (keys.indexOf(key) < at)
        issues.push({ code: 'custom', path: [at, 'key'], input: key, message: 'is given twice', params: betweenValues });
  });
const displayName = name(128).meta({ description: 'For people.' });

export const NewPlan = z
  .strictObject({
    name: name(64).meta({ description: 'Unique, ignoring case.' }),
    display_name: displayName,
    entitlements: entitlements.default([]),
  })
  .meta({ id: 'NewPlan' });
export type NewPlan = z.infer<typeof NewPlan>;

export const PlanChanges = z
  .strictObject({
    display_name: displayName.optional(),
    entitlements: entitlements.optional().meta({ description: 'Replaces all of them, for all subscribers at once.' }),
  })
  .refine(...someField)
  .meta(oneOrMore)
  .meta({ id: 'PlanChanges' });
export type PlanChanges = z.infer<typeof PlanChanges>;

const permission = 'platform.plans.manage';

/** Plans that accounts can subscribe to. */
export const plans = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/plans',
    summary: 'List plans, newest first',
    query: pageQuery(),
    responses: { 200: z.array(Plan) },
    metadata: { auth: 'user+key', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/plans/{plan_id}',
    // Said here because it is no id of something that belongs to an account: everybody sees every plan.
    pathParams: z.object({ plan_id: Id }),
    summary: 'Read a plan',
    responses: { 200: Plan },
    metadata: { auth: 'user+key' },
  },
  create: {
    method: 'POST',
    path: '/v1/plans',
    summary: 'Add a plan',
    body: NewPlan,
    responses: { 201: Plan },
    metadata: { auth: 'platform', permission, audit: ['plan.create', 'plan'] },
  },
  update: {
    method: 'PATCH',
    path: '/v1/plans/{plan_id}',
    summary: 'Change a plan',
    body: PlanChanges,
    responses: { 200: Plan },
    metadata: { auth: 'platform', permission, audit: ['plan.update', 'plan'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/plans/{plan_id}',
    summary: 'Remove a plan that nobody has ever subscribed to',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', permission, audit: ['plan.delete', 'plan'], also: [409] },
  },
} as const satisfies Resource);
