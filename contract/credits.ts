import { z } from 'zod';
import { AnyObject, Id, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const creditCauses = [
  'initial_grant',
  'monthly_grant',
  'admin_adjust',
  'admin_bulk_adjust',
  'admin_reset',
  'redemption_code',
  'referral',
  'run',
  'sandbox',
  'chat_completion',
] as const;
export type CreditCause = (typeof creditCauses)[number];

export const CreditTransaction = z
  .object({
    id: Id.meta({ description: 'ID of the transaction.' }),
    account_id: Id.meta({ description: 'The account whose balance changed.' }),
    amount: z.int().meta({ description: 'Positive to add credits, negative to deduct them; never 0.' }),
    type: z.enum(['credit', 'debit']).meta({ description: 'The sign of the amount: `credit` adds, `debit` deducts.' }),
    reference_type: z.enum(creditCauses).meta({ description: 'What caused the change.' }),
    reference_id: Id.nullable().meta({
      description: 'ID of the object that caused the change: a run, chat completion, subscription, code or audit entry.',
    }),
    note: z.string().nullable().meta({ description: 'Remark of a platform admin; null if there is none.' }),
    metadata: AnyObject.nullable().meta({ description: 'How the amount was calculated.' }),
    thread_title: z.string().nullable().meta({ description: 'For runs, if you may read the thread.' }),
    created_at: Time.meta({ description: 'When the balance changed.' }),
  })
  .meta({ id: 'CreditTransaction', description: 'A ledger entry: one change of the balance of an account.' });
export type CreditTransaction = z.infer<typeof CreditTransaction>;

export const balanceFields = {
  balance: z.int().min(0).meta({ description: 'Credits: the sum of all ledger entries.' }),
  reserved: z
    .int()
    .min(0)
    .meta({ description: 'Credits reserved by active runs and chat completions, which release their reservation when they end.' }),
  available: z
    .int()
    .min(0)
    .meta({ description: 'Balance minus reserved credits, at least 0. A run or chat completion starts only if this is greater than 0.' }),
};

export const Credits = z
  .object({ ...balanceFields, transactions: z.array(CreditTransaction).meta({ description: 'Changes of the balance, newest first.' }) })
  .meta({ id: 'Credits', description: 'A balance and its transactions, newest first.' });
export type Credits = z.infer<typeof Credits>;

export const AccountCredits = z
  .object({
    account_id: Id.meta({ description: 'The account.' }),
    ...balanceFields,
    transactions: z.array(CreditTransaction).meta({ description: 'Changes of the balance, newest first.' }),
  })
  .meta({ id: 'AccountCredits', description: 'The balance of an account and its transactions, newest first.' });
export type AccountCredits = z.infer<typeof AccountCredits>;

/** A day in UTC. PostgreSQL has no year 0. */
export const dayParam = () => z.iso.date().refine((day) => day >= '0001', 'must not be before the year 1');

export const CreditsQuery = pageQuery(50).extend({
  from: dayParam().optional().meta({ description: 'First day (UTC) of the transactions.' }),
  to: dayParam().optional().meta({ description: 'Last day (UTC) of the transactions.' }),
});
export type CreditsQuery = z.infer<typeof CreditsQuery>;

const maxAdjustment = 10 ** 12;
const amount = z
  .int()
  .min(-maxAdjustment)
  .max(maxAdjustment)
  .refine((value) => value !== 0, 'must not be 0')
  .meta({ description: 'Positive to add credits, negative to deduct them.', not: { const: 0 } });
const note = z.string().max(500).optional().meta({ description: 'Remark that the account can see, at most 500 characters.' });

export const CreditAdjustment = z
  .strictObject({ account_id: Id.meta({ description: 'The account whose balance to change.' }), amount, note })
  .meta({ id: 'CreditAdjustment', description: 'A change of one balance.' });
export type CreditAdjustment = z.infer<typeof CreditAdjustment>;

export const AccountBalance = z
  .object({ account_id: Id.meta({ description: 'The account.' }), ...balanceFields })
  .meta({ id: 'AccountBalance', description: 'The balance of an account after the change.' });
export type AccountBalance = z.infer<typeof AccountBalance>;

export const BulkCreditAdjustment = z
  .strictObject({ amount, note })
  .meta({ id: 'BulkCreditAdjustment', description: 'A change of all balances.' });
export type BulkCreditAdjustment = z.infer<typeof BulkCreditAdjustment>;

export const CreditReset = z.strictObject({ note }).meta({ id: 'CreditReset', description: 'The remark for a reset of all balances.' });
export type CreditReset = z.infer<typeof CreditReset>;

export const CreditOperation = z
  .object({
    id: Id.meta({ description: 'Also the ID of its audit entry and the `reference_id` of its transactions.' }),
    operation: z
      .enum(['bulk_adjust', 'reset_all'])
      .meta({ id: 'CreditOperationKind', description: 'Kind of a bulk operation.' })
      .meta({ description: 'Adjustment or reset.' }),
    amount: z.int().nullable().meta({ description: 'Credits added to or deducted from each account; null for a reset.' }),
    note: z.string().nullable().meta({ description: 'Remark of the platform admin; null if there is none.' }),
    state: z.enum(['running', 'completed']).meta({ description: 'Whether accounts remain to be processed.' }),
    total: z.int().min(0).meta({ description: 'Accounts that existed when the operation started; later ones are not changed.' }),
    done: z.int().min(0).meta({ description: 'Accounts processed so far.' }),
    affected: z.int().min(0).meta({ description: 'Accounts whose balance has changed so far.' }),
    failed: z.int().min(0).meta({ description: 'Accounts left unchanged because their balance would exceed the maximum.' }),
    created_by: Id.meta({ description: 'The platform admin who started it.' }),
    created_at: Time.meta({ description: 'When it was started.' }),
    completed_at: Time.nullable().meta({ description: 'When the last account was processed; null until then.' }),
  })
  .meta({ id: 'CreditOperation', description: 'A bulk operation on the credits of all accounts, with its progress.' });
export type CreditOperation = z.infer<typeof CreditOperation>;

export const credits = initContract().router({
  mine: {
    method: 'GET',
    path: '/v1/me/credits',
    summary: 'Retrieve the balance of the active account and its transactions, newest first',
    description:
      'Without `data.usage.read`, you see only the transactions of your own runs and redemptions, and those that belong to no user. Use it to show what is left and what was charged.',
    query: CreditsQuery,
    responses: { 200: Credits },
    metadata: { auth: 'user+key', pages: 'within' },
  },
  ofAccount: {
    method: 'GET',
    path: '/v1/admin/credits',
    summary: 'Retrieve the balance of any account and its transactions, newest first',
    description: 'For support: all transactions of the account, with their causes.',
    query: pageQuery(50).extend({ account_id: Id.meta({ description: 'The account whose balance to retrieve.' }) }),
    responses: { 200: AccountCredits },
    metadata: { auth: 'platform', permission: 'platform.credits.manage', pages: 'within', queryIds: { account_id: 'account' } },
  },
  adjust: {
    method: 'POST',
    path: '/v1/admin/credits/adjust',
    summary: 'Add credits to an account, or deduct them',
    description:
      'Deducting more than the balance returns 409 `insufficient_credits`. Credits reserved by runs can be deducted; those runs stop before their next model call.',
    body: CreditAdjustment,
    responses: { 200: AccountBalance },
    metadata: { auth: 'platform', permission: 'platform.credits.manage', audit: ['credits.adjust', 'account'] },
  },
  bulkAdjust: {
    method: 'POST',
    path: '/v1/admin/credits/bulk-adjust',
    summary: 'Add credits to every account, or deduct them',
    description:
      'No balance goes below 0. Up to 1,000 accounts are changed before the response. If there are more, the response has the state `running` and the rest are changed in the background, at most 1,000 per transaction; retrieve the operation by its `id` to follow the progress. Each account is changed exactly once. While an operation is running, another one returns 409 `credit_operation_running`.',
    body: BulkCreditAdjustment,
    responses: { 200: CreditOperation },
    metadata: { auth: 'platform', audit: ['credits.bulk_adjust', 'credits_batch'] },
  },
  resetAll: {
    method: 'POST',
    path: '/v1/admin/credits/reset-all',
    summary: 'Reset the credits of every account to 0',
    description: 'Processed in the same way as a bulk adjustment. Retrieve the operation by its `id` to follow the progress.',
    body: CreditReset,
    responses: { 200: CreditOperation },
    metadata: { auth: 'platform', audit: ['credits.reset_all', 'credits_batch'] },
  },
  operation: {
    method: 'GET',
    path: '/v1/admin/credits/operations/{operation_id}',
    summary: 'Retrieve a bulk credit operation and its progress',
    description: 'Poll this after a bulk adjustment or a reset with the state `running`, until it is `completed`.',
    responses: { 200: CreditOperation },
    metadata: { auth: 'platform' },
  },
} as const satisfies Resource);
