import { type Database, statement } from '../kernel/sql.ts';
import { lockRunSlots } from '../resources/accounts/queries.ts';
import { reservedBy } from '../resources/runs/queries.ts';
import type { Lease } from './lease.ts';

type Granted = { granted: number | null; balance: number; others: number };

/**
 * Reserves $4 credits for run $2, whose calls so far are worth $5. All or nothing, because a call that is only partly covered can overspend;
 * a run that is the only one with a reservation gets what there is, as long as that is more than its calls so far are worth.
 */
const extend = statement<Granted>(`
  with account as (
    select coalesce((select balance from credit_balances where account_id = $1), 0) as balance, ${reservedBy('$1', 'and r.id <> $2')} as others),
  decision as (
    select balance, others, case when balance - others >= $4::bigint then $4::bigint when others = 0 and balance > $5::bigint then balance end as granted
    from account)
  update runs r set reserved_credits = coalesce(decision.granted, least(r.reserved_credits, $5::bigint)) from decision
  where r.account_id = $1 and r.id = $2 and r.lease_token = $3 returning decision.granted, decision.balance, decision.others`);

const raise = statement<never>(`
  update runs set reserved_credits = greatest(reserved_credits, $4::bigint) where account_id = $1 and id = $2 and lease_token = $3`);

type Held = Pick<Lease, 'run' | 'token'>;
const keyOf = ({ run, token }: Held) => [run.account_id, run.id, token];

/**
 * Reserves `wanted` credits in all for a run. `granted` is null when the account has not enough left: then the run keeps only what it has
 * used. Undefined when the lease is lost.
 */
export function reserveCredits(database: Database, held: Held, wanted: number, billed: number): Promise<Granted | undefined> {
  return database.transaction(async (tx) => {
    // The sum of the reservations is read by a statement that begins under the lock.
    await tx.row(lockRunSlots, [held.run.account_id]);
    const extended = tx.row(extend, [...keyOf(held), wanted, billed]);
    tx.withCommit(extended);
    return extended;
  });
}

/** Raises the reservation of a run to what it has used already, whether or not the account can pay it. */
export const raiseReservation = (database: Database, held: Held, billed: number) => database.run(raise, [...keyOf(held), billed]);
