import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { betweenValues, Id, name, searchParam, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { aliasedPageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

const RedemptionType = z.enum(['credits', 'feature']).meta({ id: 'RedemptionType' });

/** A code that brings the account of whoever redeems it credits, or switches a feature on. */
export const RedemptionCode = z
  .object({
    id: Id,
    code: z.string().meta({ description: 'Four groups of four symbols joined by `-`: the letters without I and O, and 2 to 9.' }),
    type: RedemptionType,
    value: z.string().meta({ description: 'The number of credits, or the key of the feature flag.' }),
    max_uses: z.int(),
    use_count: z.int(),
    expires_at: Time.nullable().meta({ description: 'From this instant on the code is of no use.' }),
    is_active: z.boolean(),
    batch_id: z.string().nullable(),
    created_by_user_id: Id.nullable(),
    created_at: Time,
  })
  .meta({ id: 'RedemptionCode' });
export type RedemptionCode = z.infer<typeof RedemptionCode>;

const mostCredits = 10 ** 9;
const isAmount = (value: string) => /^[1-9]\d{0,9}$/.test(value) && Number(value) <= mostCredits;

export const NewRedemptionCodes = z
  .strictObject({
    count: z.int().min(1).max(500).meta({ description: 'How many codes.' }),
    type: RedemptionType,
    value: z.string().trim().max(128).meta({
      description: 'Of `credits` an integer from 1 to 1000000000, as digits; of `feature` the key of a flag that accounts may override.',
    }),
    max_uses: z.int().min(1).max(100_000).default(1).meta({ description: 'Uses of each code, one for a user.' }),
    expires_at: Instant.nullish().meta({ description: 'May lie in the past: then the codes have expired.' }),
    batch_id: name(64).nullish().meta({ description: 'A name to find the codes by.' }),
  })
  .superRefine(({ type, value }, check) => {
    if (type === 'credits' && !isAmount(value))
      check.addIssue({ code: 'custom', path: ['value'], message: `must be digits, from 1 to ${mostCredits}`, params: betweenValues });
  })
  .meta({ id: 'NewRedemptionCodes' });
export type NewRedemptionCodes = z.infer<typeof NewRedemptionCodes>;

export const RedemptionCodeChanges = z
  .strictObject({ is_active: z.literal(false).meta({ description: 'A code that was switched off is not revived.' }) })
  .meta({ id: 'RedemptionCodeChanges' });
export type RedemptionCodeChanges = z.infer<typeof RedemptionCodeChanges>;

export const RedemptionCodesQuery = aliasedPageQuery({
  q: searchParam().optional().meta({ description: 'Part of the code or of the batch id, in either case.' }),
  type: RedemptionType.optional(),
});
export type RedemptionCodesQuery = z.infer<typeof RedemptionCodesQuery>;

/** Codes that people redeem at `/v1/me/redeem`. */
export const redemptionCodes = initContract().router({
  createBatch: {
    method: 'POST',
    path: '/v1/admin/redemption-codes/batch',
    summary: 'Make codes: all of them, or none',
    body: NewRedemptionCodes,
    responses: { 201: z.array(RedemptionCode) },
    metadata: { auth: 'platform', audit: ['redemption_code.batch_create', 'redemption_code'] },
  },
  list: {
    method: 'GET',
    path: '/v1/admin/redemption-codes',
    summary: 'List codes, newest first',
    query: RedemptionCodesQuery,
    responses: { 200: z.array(RedemptionCode) },
    metadata: { auth: 'platform', pages: 'cursor' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/admin/redemption-codes/{code_id}',
    summary: 'Switch a code off for good',
    body: RedemptionCodeChanges,
    responses: { 200: RedemptionCode },
    metadata: { auth: 'platform', audit: ['redemption_code.deactivate', 'redemption_code'] },
  },
} as const satisfies Resource);
