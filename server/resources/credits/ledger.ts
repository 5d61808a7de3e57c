import { newId } from '../../kernel/ids.ts';
import { type Sql, statement } from '../../kernel/sql.ts';

/** One movement of credits, and what caused it. */
export type Entry = {
  accountId: string;
  /** More than 0. */
  amount: number;
  referenceType: 'initial_grant' | 'referral' | 'redemption_code';
  referenceId: string;
  metadata?: Record<string, unknown>;
};

const credit = statement<never>(`
  with balance as (
    insert into credit_balances as b (account_id, balance) values ($1, $3::bigint)
    on conflict (account_id) do update set balance = b.balance + excluded.balance)
  insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id, metadata)
  values ($1, $2, 'credit', $3::bigint, $4, $5, $6)`);

/** Add credits to an account: the balance and its row in the ledger in one statement. */
export const addCredits = (tx: Sql, { accountId, amount, referenceType, referenceId, metadata = {} }: Entry) =>
  tx.run(credit, [accountId, newId(), amount, referenceType, referenceId, JSON.stringify(metadata)]);
