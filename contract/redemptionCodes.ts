import { z } from 'zod';
import { Id, inconsistentValues, searchParam, Time, trimmedText } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { adminPageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const RedemptionType = z
  .enum(['credits', 'feature'])
  .meta({ id: 'RedemptionType', description: 'What the code gives: credits, or access to a feature.' });

export const RedemptionCode = z
  .object({
    id: Id.meta({ description: 'ID of the code.' }),
    code: z.string().meta({ description: 'Four groups of four characters joined by `-`: letters except I and O, and digits 2 to 9.' }),
    type: RedemptionType.meta({ description: 'What the code gives.' }),
    value: z.string().meta({ description: 'The number of credits, or the key of the feature flag.' }),
    max_uses: z.int().meta({ description: 'Number of users who can redeem the code.' }),
    use_count: z.int().meta({ description: 'Number of users who have redeemed it.' }),
    expires_at: Time.nullable().meta({ description: 'The code cannot be redeemed from this instant on.' }),
    is_active: z.boolean().meta({ description: 'False after deactivation.' }),
    batch_id: z.string().nullable().meta({ description: 'Label given on creation; null if there is none.' }),
    created_by_user_id: Id.nullable().meta({
      description: 'The platform admin who created it, or who received the secret of the service key that did; null if they were deleted.',
    }),
    created_at: Time.meta({ description: 'When the code was created.' }),
  })
  .meta({ id: 'RedemptionCode', description: 'A code that gives the account in which it is redeemed credits or a feature.' });
export type RedemptionCode = z.infer<typeof RedemptionCode>;

const maxCredits = 10 ** 9;
const isAmount = (value: string) => /^[1-9]\d{0,9}$/.test(value) && Number(value) <= maxCredits;

export const NewRedemptionCodes = z
  .strictObject({
    count: z.int().min(1).max(500).meta({ description: 'Number of codes to create.' }),
    type: RedemptionType.meta({ description: 'What the codes give.' }),
    value: z.string().trim().max(128).meta({
      description:
        'For `credits`, an integer from 1 to 1000000000 in digits. For `feature`, the key of a feature flag that supports account overrides.',
    }),
    max_uses: z
      .int()
      .min(1)
      .max(100_000)
      .default(1)
      .meta({ description: 'Maximum number of uses of each code. Each user can redeem a code once.' }),
    expires_at: Instant.nullish().meta({ description: 'If in the past, the codes are already expired.' }),
    batch_id: trimmedText(64).nullish().meta({ description: 'A label for finding the codes.' }),
  })
  .superRefine(({ type, value }, check) => {
    if (type === 'credits' && !isAmount(value))
      check.addIssue({ code: 'custom', path: ['value'], message: `must be digits, from 1 to ${maxCredits}`, params: inconsistentValues });
  })
  .meta({ id: 'NewRedemptionCodes', description: 'A batch of codes to create.' });
export type NewRedemptionCodes = z.infer<typeof NewRedemptionCodes>;

export const RedemptionCodeChanges = z
  .strictObject({ is_active: z.literal(false).meta({ description: 'A deactivated code cannot be reactivated.' }) })
  .meta({ id: 'RedemptionCodeChanges', description: 'The deactivation of a code.' });
export type RedemptionCodeChanges = z.infer<typeof RedemptionCodeChanges>;

export const RedemptionCodesQuery = adminPageQuery({
  q: searchParam().optional().meta({ description: 'Matches part of the code or batch ID, ignoring case.' }),
  type: RedemptionType.optional().meta({ description: 'Return only codes that give this.' }),
});
export type RedemptionCodesQuery = z.infer<typeof RedemptionCodesQuery>;

/** Users redeem codes at `/v1/me/redeem`. */
export const redemptionCodes = initContract().router({
  createBatch: {
    method: 'POST',
    path: '/v1/admin/redemption-codes/batch',
    summary: 'Create a batch of redemption codes: all or none',
    description: 'Returns the codes to hand out. Users redeem them at `POST /v1/me/redeem`. If the request fails, no code exists.',
    body: NewRedemptionCodes,
    responses: { 201: z.array(RedemptionCode) },
    metadata: {
      auth: 'platform',
      permission: 'platform.redemption_codes.manage',
      audit: ['redemption_code.batch_create', 'redemption_code'],
    },
  },
  list: {
    method: 'GET',
    path: '/v1/admin/redemption-codes',
    summary: 'List redemption codes, newest first',
    description: 'Use `q` with a batch ID to see how many codes of a batch were redeemed.',
    query: RedemptionCodesQuery,
    responses: { 200: z.array(RedemptionCode) },
    metadata: { auth: 'platform', permission: 'platform.redemption_codes.manage', pages: 'cursor' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/admin/redemption-codes/{code_id}',
    summary: 'Deactivate a redemption code permanently',
    description: 'Nobody can redeem the code any more. What it has given is kept.',
    body: RedemptionCodeChanges,
    responses: { 200: RedemptionCode },
    metadata: {
      auth: 'platform',
      permission: 'platform.redemption_codes.manage',
      audit: ['redemption_code.deactivate', 'redemption_code'],
    },
  },
} as const satisfies Resource);
