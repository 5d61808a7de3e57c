import type { CreditCause } from '../../../contract/credits.ts';
import { refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import { type Sql, statement } from '../../kernel/sql.ts';

/** The most an account can have: what JSON carries exactly. */
export const mostCredits = Number.MAX_SAFE_INTEGER;

/** Credits that an account is given, and what for. */
export type Entry = {
  accountId: string;
  /** More than 0. */
  amount: number;
  referenceType: CreditCause;
  referenceId: string;
  /** Whose doing it was; left out where it is nobody's. */
  userId?: string;
  metadata?: Record<string, unknown>;
};

// The row that both write is the lock: of first writers one inserts it, the others add to what it holds.
const credit = statement<never>(`
  with balance as (
    insert into credit_balances as b (account_id, balance) values ($1, $3::bigint)
    on conflict (account_id) do update set balance = b.balance + excluded.balance where b.balance <= ${mostCredits} - excluded.balance
    returning account_id)
  insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id, metadata, user_id)
  select account_id, $2, 'credit', $3::bigint, $4, $5, $6, $7 from balance`);

/** Add credits to an account: the balance and its row in the ledger in one statement. Throws 409 `balance_overflow`. */
export async function addCredits(sql: Sql, entry: Entry): Promise<void> {
  if (!(await addCreditsIfRoom(sql, entry))) throw overflow();
}

/** The same where a full account is no reason to refuse: false when the credits would be more than it can have, and none are added. */
export async function addCreditsIfRoom(sql: Sql, entry: Entry): Promise<boolean> {
  const { accountId, amount, referenceType, referenceId, userId = null, metadata = {} } = entry;
  const values = [accountId, newId(), amount, referenceType, referenceId, JSON.stringify(metadata), userId];
  return (await sql.run(credit, values)) > 0;
}

/** More than an account can have. */
export const overflow = () => refuse('conflict', 'balance_overflow', `An account cannot have more than ${mostCredits} credits.`);
