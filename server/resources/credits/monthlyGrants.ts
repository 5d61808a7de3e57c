import { type RawBuilder, sql } from 'kysely';
import { orNow } from '../../database/connection/clock.ts';
import { isLockTimeout } from '../../database/connection/connectionErrors.ts';
import type { Database, Queryable } from '../../database/sql.ts';
import { type Builder, jsonb, type RowOf, statement } from '../../database/statement.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { readEntitlements } from '../settings/settings.ts';
import { maxCredits } from './ledger.ts';

type Subscription = { id: string; account_id: string };

const iso = (time: string) => sql<string>`to_char(${sql.ref(time)}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * The current windows of subscriptions `s` that were not granted yet. Windows begin whole months after the start of the period, each
 * counted from there, so that a day that a month lacks is clamped in that month only. No window begins at the end of the period; the last
 * one ends with it.
 */
/** `at`: the time of the statement, if it is not that of PostgreSQL. */
function dueWindows(db: Builder, at: RawBuilder<Date | null>) {
  const moment = orNow(at);
  return db
    .selectFrom('subscriptions as s')
    .crossJoinLateral(
      db
        .selectNoFrom(
          sql<number>`(extract(year from ${moment}) - extract(year from s.current_period_start)) * 12
            + extract(month from ${moment}) - extract(month from s.current_period_start)`.as('apart'),
        )
        .as('calendar'),
    )
    .crossJoinLateral(
      db
        .selectNoFrom(
          sql<number>`(calendar.apart
            - (s.current_period_start + make_interval(months => calendar.apart::int) > ${moment})::int)::int`.as('n'),
        )
        .as('whole'),
    )
    .crossJoinLateral(
      db
        .selectNoFrom([
          sql<string>`s.current_period_start + make_interval(months => whole.n)`.as('starts'),
          sql<string>`least(s.current_period_start + make_interval(months => whole.n + 1), s.current_period_end)`.as('ends'),
        ])
        .as('w'),
    )
    .select(['s.account_id', 's.id', iso('w.starts').as('window_start'), iso('w.ends').as('window_end')])
    .where('s.status', '=', sql.lit('active' as const))
    .where('s.current_period_start', '<=', moment)
    .where('s.current_period_end', '>', moment)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('credit_transactions as t')
            .select(sql.lit(1).as('one'))
            .whereRef('t.account_id', '=', 's.account_id')
            .where('t.reference_type', '=', sql.lit('monthly_grant' as const))
            .whereRef('t.reference_id', '=', 's.id')
            .where(sql<string>`t.metadata ->> 'window_start'`, '=', iso('w.starts')),
        ),
      ),
    );
}

const selectDueWindow = statement<{ at: Date | null; accountId: string; id: string }>()((db, $) =>
  dueWindows(db, $.at).where('s.account_id', '=', $.accountId).where('s.id', '=', $.id),
);

type DueWindow = RowOf<typeof selectDueWindow>;

/** Ordered by account, because balances are changed in that order. */
const selectDueWindows = statement<{ at: Date | null; after: string }>()((db, $) =>
  dueWindows(db, $.at).where('s.account_id', '>', $.after).orderBy('s.account_id').limit(sql.lit(200)),
);

/** The ledger row marks the window as granted; if it is not inserted, the balance does not change. Waits for a concurrent cancellation. */
const insertGrant = statement<{ accountId: string; id: string; amount: number; subscriptionId: string; window: string }>()((db, $) =>
  db
    .with('entry', (qc) =>
      qc
        .insertInto('credit_transactions')
        .columns(['account_id', 'id', 'type', 'amount', 'reference_type', 'reference_id', 'metadata'])
        .expression((eb) =>
          db
            .selectNoFrom([
              sql<string>`${$.accountId}::uuid`.as('account_id'),
              sql<string>`${$.id}::uuid`.as('id'),
              sql.lit('credit' as const).as('type'),
              sql<number>`${$.amount}::bigint`.as('amount'),
              sql.lit('monthly_grant' as const).as('reference_type'),
              sql<string>`${$.subscriptionId}::uuid`.as('reference_id'),
              jsonb<Record<string, unknown>>($.window).as('metadata'),
            ])
            .where(
              eb.fn.coalesce(eb.selectFrom('credit_balances').select('balance').where('account_id', '=', $.accountId), sql.lit(0)),
              '<=',
              sql<number>`${sql.lit(maxCredits)} - ${$.amount}::bigint`,
            )
            .where(
              eb.exists(
                eb
                  .selectFrom('subscriptions as s')
                  .select(sql.lit(1).as('one'))
                  .where('s.account_id', '=', $.accountId)
                  .where('s.id', '=', $.subscriptionId)
                  .where('s.status', '=', sql.lit('active' as const))
                  .forShare(),
              ),
            ),
        )
        .onConflict((conflict) => conflict.doNothing())
        .returning(['account_id', 'amount']),
    )
    .insertInto('credit_balances')
    .columns(['account_id', 'balance'])
    .expression((eb) => eb.selectFrom('entry').select(['account_id', 'amount']))
    .onConflict((conflict) => conflict.column('account_id').doUpdateSet({ balance: sql`credit_balances.balance + excluded.balance` })),
);

/** Grants the current window of a subscription in the transaction that creates or renews it. */
export async function grantDueWindow(tx: Queryable, { id, account_id: accountId }: Subscription, at: Date | null = null): Promise<void> {
  const due = await tx.row(selectDueWindow, { at, accountId, id });
  // Read through the transaction, which may have just assigned the plan.
  if (due) await grantWindow(tx, due, (await readEntitlements(tx, accountId))['credits.monthly_grant']);
}

/** If the amount is not above 0, the window stays open, so that raising the amount grants it at the next tick. */
async function grantWindow(tx: Queryable, { id, account_id: accountId, ...window }: DueWindow, amount: number): Promise<boolean> {
  const granted = { accountId, id: newId(), amount, subscriptionId: id, window: JSON.stringify(window) };
  return amount > 0 && (await tx.run(insertGrant, granted)) > 0;
}

const grantsLock = 7_203_118_404;
const tryLock = statement()((db) => db.selectNoFrom(sql<boolean>`pg_try_advisory_xact_lock(${sql.lit(grantsLock)})`.as('locked')));
const firstId = '00000000-0000-0000-0000-000000000000';

/**
 * Grants every current window that was not granted yet, each in a transaction of its own: a balance must not be held while another one is waited for.
 * Returns the number of grants, or 0 if another process is granting. Concurrent calls never grant a window twice.
 */
export async function grantDueWindows(database: Database, at: Date | null = null): Promise<number> {
  let granted = 0;
  for (let after: string | undefined = firstId; after !== undefined;) {
    const due: DueWindow[] = await database.rows(selectDueWindows, { at, after });
    for (const window of due) if (await grantUnlessLocked(database, window)) granted++;
    after = due.at(-1)?.account_id;
  }
  return granted;
}

/** A window whose account is locked for long is granted at the next tick. */
async function grantUnlessLocked(database: Database, window: DueWindow): Promise<boolean> {
  const { 'credits.monthly_grant': amount } = await readEntitlements(database, window.account_id);
  if (amount <= 0) return false;
  try {
    return await database.transaction(async (tx) => !!(await tx.row(tryLock))?.locked && (await grantWindow(tx, window, amount)));
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  }
}
