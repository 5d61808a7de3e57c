import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { AnyObject, Id, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

/** What can change a balance. */
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
] as const;
export type CreditCause = (typeof creditCauses)[number];

/** A row of the ledger: one change of the balance of an account. */
export const CreditTransaction = z
  .object({
    id: Id,
    account_id: Id,
    amount: z.int().meta({ description: 'Positive adds, negative takes; never 0.' }),
    type: z.enum(['credit', 'debit']),
    reference_type: z.enum(creditCauses).meta({ description: 'The cause.' }),
    reference_id: Id.nullable().meta({ description: 'The object of the cause: a run, a subscription, a code, an audit entry.' }),
    note: z.string().nullable(),
    metadata: AnyObject.nullable().meta({ description: 'How the amount was worked out.' }),
    thread_title: z.string().nullable().meta({ description: 'Of a run, where you may read its thread.' }),
    created_at: Time,
  })
  .meta({ id: 'CreditTransaction' });
export type CreditTransaction = z.infer<typeof CreditTransaction>;

/** A balance, and what of it runs may still spend. */
export const balanceFields = {
  balance: z.int().min(0).meta({ description: 'Credits: the sum of the ledger.' }),
  reserved: z.int().min(0).meta({ description: 'Credits that runs under way have reserved; a run releases them when it ends.' }),
  available: z
    .int()
    .min(0)
    .meta({ description: 'The balance without what is reserved, at least 0. A run starts only if this is above 0.' }),
};

/** A balance with the transactions that led to it, newest first. */
export const Credits = z.object({ ...balanceFields, transactions: z.array(CreditTransaction) }).meta({ id: 'Credits' });
export type Credits = z.infer<typeof Credits>;

export const AccountCredits = z
  .object({ account_id: Id, ...balanceFields, transactions: z.array(CreditTransaction) })
  .meta({ id: 'AccountCredits' });
export type AccountCredits = z.infer<typeof AccountCredits>;

/** A day in UTC that PostgreSQL has, too: it knows no year 0. */
export const dayParam = () => z.iso.date().refine((day) => day >= '0001', 'must not be before the year 1');

export const CreditsQuery = pageQuery(50).extend({
  from: dayParam().optional().meta({ description: 'First day (UTC) of the transactions.' }),
  to: dayParam().optional().meta({ description: 'Last day (UTC) of the transactions.' }),
});
export type CreditsQuery = z.infer<typeof CreditsQuery>;

const mostAtOnce = 10 ** 12;
const amount = z
  .int()
  .min(-mostAtOnce)
  .max(mostAtOnce)
  .refine((value) => value !== 0, 'must not be 0')
  .meta({ description: 'Positive adds, negative takes.', not: { const: 0 } });
const note = z.string().max(500).optional();

export const CreditAdjustment = z.strictObject({ account_id: Id, amount, note }).meta({ id: 'CreditAdjustment' });
export type CreditAdjustment = z.infer<typeof CreditAdjustment>;

export const AccountBalance = z.object({ account_id: Id, ...balanceFields }).meta({ id: 'AccountBalance' });
export type AccountBalance = z.infer<typeof AccountBalance>;

export const BulkCreditAdjustment = z.strictObject({ amount, note }).meta({ id: 'BulkCreditAdjustment' });
export type BulkCreditAdjustment = z.infer<typeof BulkCreditAdjustment>;

export const CreditReset = z.strictObject({ note }).meta({ id: 'CreditReset' });
export type CreditReset = z.infer<typeof CreditReset>;

/** An operation on the credits of all accounts, and how far it has come. */
export const CreditOperation = z
  .object({
    id: Id.meta({ description: 'Also the id of its audit entry, and the `reference_id` of its transactions.' }),
    operation: z.enum(['bulk_adjust', 'reset_all']),
    amount: z.int().nullable().meta({ description: 'What every account is given or loses; null for a reset.' }),
    note: z.string().nullable(),
    state: z.enum(['running', 'completed']),
    total: z.int().min(0).meta({ description: 'Accounts that were there at the beginning; later ones are left as they are.' }),
    done: z.int().min(0).meta({ description: 'Accounts that were looked at so far.' }),
    affected: z.int().min(0).meta({ description: 'Accounts whose balance changed so far.' }),
    failed: z
      .int()
      .min(0)
      .meta({ description: 'Accounts that were left as they are because they would have more credits than is possible.' }),
    created_by: Id,
    created_at: Time,
    completed_at: Time.nullable(),
  })
  .meta({ id: 'CreditOperation' });
export type CreditOperation = z.infer<typeof CreditOperation>;

/** Balances and their ledger. */
export const credits = initContract().router({
  mine: {
    method: 'GET',
    path: '/v1/me/credits',
    summary: 'Read the balance of the active account, and its transactions, newest first',
    description: 'Without `data.usage.read` you see those of your own runs and redemptions, and those that are nobody’s.',
    query: CreditsQuery,
    responses: { 200: Credits },
    metadata: { auth: 'user+key', pages: 'within' },
  },
  ofAccount: {
    method: 'GET',
    path: '/v1/admin/credits',
    summary: 'Read the balance of any account, and its transactions, newest first',
    query: pageQuery(50).extend({ account_id: Id }),
    responses: { 200: AccountCredits },
    metadata: { auth: 'platform', pages: 'within', queryIds: { account_id: 'account' } },
  },
  adjust: {
    method: 'POST',
    path: '/v1/admin/credits/adjust',
    summary: 'Give credits to an account or take some away',
    description:
      'More than the balance cannot be taken: 409 `insufficient_credits`. Credits that runs have reserved can be: those runs stop before their next model call.',
    body: CreditAdjustment,
    responses: { 200: AccountBalance },
    metadata: { auth: 'platform', audit: ['credits.adjust', 'account'] },
  },
  bulkAdjust: {
    method: 'POST',
    path: '/v1/admin/credits/bulk-adjust',
    summary: 'Give credits to every account or take some away',
    description:
      'An account loses no more than it has. Up to 1,000 accounts are changed before the answer; of more, the rest are changed in the background, at most 1,000 in a transaction: the answer says `running`, and the operation can be read by its `id`. Each account changes once, also when a worker ends in the middle. While one operation runs, another is 409 `credit_operation_running`.',
    body: BulkCreditAdjustment,
    responses: { 200: CreditOperation },
    metadata: { auth: 'platform', audit: ['credits.bulk_adjust', 'credits_batch'] },
  },
  resetAll: {
    method: 'POST',
    path: '/v1/admin/credits/reset-all',
    summary: 'Take all credits from every account',
    description: 'It proceeds as an adjustment of every account does.',
    body: CreditReset,
    responses: { 200: CreditOperation },
    metadata: { auth: 'platform', audit: ['credits.reset_all', 'credits_batch'] },
  },
  operation: {
    method: 'GET',
    path: '/v1/admin/credits/operations/{operation_id}',
    summary: 'Read an operation on the credits of all accounts, and how far it has come',
    responses: { 200: CreditOperation },
    metadata: { auth: 'platform' },
  },
} as const satisfies Resource);
