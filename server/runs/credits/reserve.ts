import { sql } from 'kysely';
import { backgroundShare } from '../../database/connection/connectionShares.ts';
import type { Database } from '../../database/sql.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import { lockRunSlots } from '../../resources/accounts/queries.ts';
import { decideReservation } from '../../resources/credits/decideReservation.ts';
import type { Lease } from '../lease/lease.ts';

type LeasedKey = Pick<Lease, 'run' | 'token'>;
type Key = { accountId: string; runId: string; token: string };
const keyOf = ({ run, token }: LeasedKey): Key => ({ accountId: run.account_id, runId: run.id, token });

/** Reserves `wanted` credits if `decideReservation` grants them; `billed` is the price of the run's calls so far. */
const extend = statement<Key & { wanted: number; billed: number }>({ bound: 'one' })((db, $) =>
  decideReservation(
    db,
    {
      id: $.runId,
      keyId: db.selectFrom('runs').select('api_key_id').where('account_id', '=', $.accountId).where('id', '=', $.runId).$asScalar(),
    },
    $,
  )
    .updateTable('runs as r')
    .from('decision')
    .set({ reserved_credits: sql`coalesce(decision.granted, least(r.reserved_credits, ${$.billed}::bigint))` })
    .where('r.account_id', '=', $.accountId)
    .where('r.id', '=', $.runId)
    .where('r.lease_token', '=', $.token)
    .returning(['decision.granted', 'decision.balance', 'decision.others', 'decision.key_budget']),
);
type ReservationResult = RowOf<typeof extend>;

const raise = statement<Key & { billed: number }>()((db, $) =>
  db
    .updateTable('runs')
    .set({ reserved_credits: sql`greatest(reserved_credits, ${$.billed}::bigint)` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.runId)
    .where('lease_token', '=', $.token),
);

/**
 * Raises the reservation of a run to `wanted` credits in total. `granted` is null if the account, or the API key of the run, has too few: then the
 * run keeps only what it has used. Undefined if the lease is lost.
 */
export function reserveCredits(
  database: Database,
  held: LeasedKey,
  wanted: number,
  billed: number,
): Promise<ReservationResult | undefined> {
  return database.of(backgroundShare(held.run.account_id)).transaction(async (tx) => {
    // The sum of the reservations must be read by a statement that starts after the lock is held.
    await tx.row(lockRunSlots, { accountId: held.run.account_id });
    const extended = tx.row(extend, { ...keyOf(held), wanted, billed });
    tx.awaitAtCommit(extended);
    return extended;
  });
}

const lower = statement<Key & { billed: number }>()((db, $) =>
  db
    .updateTable('runs')
    .set({ reserved_credits: sql`least(reserved_credits, ${$.billed}::bigint)` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.runId)
    .where('lease_token', '=', $.token),
);

/** Lowers the reservation of a run to what it has used. */
export const lowerReservation = (database: Database, held: LeasedKey, billed: number) => database.run(lower, { ...keyOf(held), billed });

/** Raises the reservation of a run to what it has used, even if the account cannot pay it. */
export const raiseReservation = (database: Database, held: LeasedKey, billed: number) => database.run(raise, { ...keyOf(held), billed });
