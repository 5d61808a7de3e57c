import { sql } from 'kysely';
import type { CreditCause } from '../../../contract/credits.ts';
import type { Queryable } from '../../database/sql.ts';
import { jsonb, statement } from '../../database/statement.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith } from '../../platform/failure.ts';

/** The maximum balance of an account: the largest integer that JSON numbers represent exactly. */
export const maxCredits = Number.MAX_SAFE_INTEGER;

export type LedgerEntry = {
  accountId: string;
  /** Greater than 0. */
  amount: number;
  referenceType: CreditCause;
  referenceId: string;
  /** The user who caused the entry. */
  userId?: string;
  metadata?: Record<string, unknown>;
};

type NewEntry = {
  accountId: string;
  id: string;
  amount: number;
  referenceType: CreditCause;
  referenceId: string;
  metadata: string;
  userId: string | null;
};

// Concurrent first entries lock the same row: one inserts the balance, the others add to it.
const insertCredit = statement<NewEntry>()((db, $) =>
  db
    .with('balance', (qc) =>
      qc
        .insertInto('credit_balances')
        .values({ account_id: $.accountId, balance: sql<number>`${$.amount}::bigint` })
        .onConflict((conflict) =>
          conflict
            .column('account_id')
            .doUpdateSet({ balance: sql`credit_balances.balance + excluded.balance` })
            .where('credit_balances.balance', '<=', sql<number>`${sql.lit(maxCredits)} - excluded.balance`),
        )
        .returning('account_id'),
    )
    .insertInto('credit_transactions')
    .columns(['account_id', 'id', 'type', 'amount', 'reference_type', 'reference_id', 'metadata', 'user_id'])
    .expression((eb) =>
      eb
        .selectFrom('balance')
        .select([
          'account_id',
          sql<string>`${$.id}::uuid`.as('id'),
          sql.lit('credit' as const).as('type'),
          sql<number>`${$.amount}::bigint`.as('amount'),
          sql<CreditCause>`${$.referenceType}::text`.as('reference_type'),
          sql<string>`${$.referenceId}::uuid`.as('reference_id'),
          jsonb<Record<string, unknown>>($.metadata).as('metadata'),
          sql<string | null>`${$.userId}::uuid`.as('user_id'),
        ]),
    ),
);

/** Changes the balance and inserts its ledger row in one statement. Throws 409 `balance_overflow`. */
export async function addCredits(db: Queryable, entry: LedgerEntry): Promise<void> {
  if (!(await tryAddCredits(db, entry))) throw balanceOverflow();
}

/** Like `addCredits`, but if the balance would exceed the maximum, adds nothing and returns false. */
export async function tryAddCredits(db: Queryable, entry: LedgerEntry): Promise<boolean> {
  const { userId = null, metadata = {} } = entry;
  return (await db.run(insertCredit, { ...entry, id: newId(), metadata: JSON.stringify(metadata), userId })) > 0;
}

export const balanceOverflow = () => failWith('conflict', 'balance_overflow', `An account cannot have more than ${maxCredits} credits.`);
