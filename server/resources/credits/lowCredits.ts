import { type RawBuilder, sql } from 'kysely';

/** The columns of an alert, in the order of `alertOf`. */
export const alertColumns = ['account_id', 'id', 'balance', 'threshold'] as const;

/**
 * What is stored if a deduction crosses the threshold of account `a`. The balance before it must be locked, so that of concurrent deductions exactly one
 * crosses, and no state is needed: the next crossing needs a balance at or above the threshold. A threshold of 0 is never crossed.
 */
export function alertOf(before: RawBuilder<number>, amount: RawBuilder<number>, platformThreshold: RawBuilder<number>) {
  const threshold = sql<number>`coalesce(a.low_credit_threshold, ${platformThreshold}::bigint)`;
  return {
    values: [
      sql<string>`a.id`.as('account_id'),
      sql<string>`new_id()`.as('id'),
      sql<number>`${before} + ${amount}`.as('balance'),
      threshold.as('threshold'),
    ] as const,
    isCrossed: sql<boolean>`a.deleted_at is null and ${before} >= ${threshold} and ${before} + ${amount} < ${threshold}`,
  };
}
