import { expressionBuilder, type RawBuilder, sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Parameters, type RowOf, statement, type WithAlias } from '../../database/statement.ts';
import { isProjectVisible } from '../projects/visibility.ts';
import { alertColumns, alertOf } from './lowCredits.ts';
import { reservedCredits } from './reserved.ts';

/** `readerId`: the user who reads the titles of threads; null hides all titles. */
type Reader = { readerId: string | null; managesProjects: boolean };

/** The title of the thread of transaction `t` if the reader may read the thread. */
function threadTitle({ readerId, managesProjects }: Parameters<Reader>) {
  const reader = sql<string>`${readerId}::uuid`;
  return expressionBuilder<WithAlias<'credit_transactions', 't'>, 't'>()
    .selectFrom('runs as r')
    .innerJoin('threads as th', (join) => join.onRef('th.account_id', '=', 'r.account_id').onRef('th.id', '=', 'r.thread_id'))
    .select('th.title')
    .where('t.reference_type', '=', sql.lit('run' as const))
    .whereRef('r.account_id', '=', 't.account_id')
    .whereRef('r.id', '=', 't.reference_id')
    .where(reader, 'is not', null)
    .where('th.deleted_at', 'is', null)
    .where((eb) => eb.or([eb('th.expires_at', 'is', null), eb('th.expires_at', '>', sql<string>`now()`)]))
    .where((eb) =>
      eb.or([
        eb('th.created_by_user_id', '=', reader),
        eb.and([
          eb('th.is_private', '=', sql.lit(false)),
          eb.exists(
            eb
              .selectFrom('projects as p')
              .select(sql.lit(1).as('one'))
              .whereRef('p.account_id', '=', 'th.account_id')
              .whereRef('p.id', '=', 'th.project_id')
              .where('p.visibility', '=', sql.lit('shared' as const))
              .where(isProjectVisible({ userId: reader, seesAll: managesProjects })),
          ),
        ]),
      ]),
    );
}

/** `seesAll`: includes transactions of other users. `firstDay`, `lastDay`: null leaves the range open. */
type LedgerFilter = Reader & { accountId: string; userId: string; seesAll: boolean; firstDay: string | null; lastDay: string | null };

export const selectTransactions = statement<LedgerFilter & PageKey>({ rowBytes: 6_000 })((db, $) =>
  db
    .selectFrom('credit_transactions as t')
    .select(['t.id', 't.account_id', 't.amount', 't.type', 't.reference_type', 't.reference_id', 't.note', 't.metadata', 't.created_at'])
    .select(threadTitle($).as('thread_title'))
    .where('t.account_id', '=', $.accountId)
    .where(sql<boolean>`(${$.seesAll}::boolean or t.user_id is null or t.user_id = ${$.userId})`)
    .where(sql<boolean>`(${$.firstDay}::date is null or t.created_at >= ${$.firstDay}::date)`)
    .where(sql<boolean>`(${$.lastDay}::date is null or t.created_at < ${$.lastDay}::date + 1)`)
    .where(onPage($, 't.created_at', 't.id'))
    .orderBy('t.created_at', 'desc')
    .orderBy('t.id', 'desc')
    .limit($.limit),
);

/** An account that never had credits has a balance of 0. */
export const selectBalance = statement<{ accountId: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('accounts as a')
    .select(({ fn, selectFrom }) => [
      fn.coalesce(selectFrom('credit_balances as b').select('b.balance').whereRef('b.account_id', '=', 'a.id'), sql.lit(0)).as('balance'),
      reservedCredits($.accountId).as('reserved'),
    ])
    .where('a.id', '=', $.accountId)
    .where('a.deleted_at', 'is', null),
);

/** Locks the balance of an open account until the commit. Inserts it if it is missing. */
export const lockBalance = statement<{ accountId: string }>()((db, $) =>
  db
    .insertInto('credit_balances')
    .columns(['account_id', 'balance'])
    .expression((eb) =>
      eb
        .selectFrom('accounts as a')
        .select(['a.id', sql.lit(0).as('balance')])
        .where('a.id', '=', $.accountId)
        .where('a.deleted_at', 'is', null),
    )
    .onConflict((conflict) => conflict.column('account_id').doUpdateSet(({ ref }) => ({ balance: ref('credit_balances.balance') })))
    .returning(['credit_balances.balance', reservedCredits($.accountId).as('reserved')]),
);

type BalanceChange = { accountId: string; id: string; amount: number; auditId: string; note: string | null; lowThreshold: number };

const signed = (amount: RawBuilder<number>) => sql<number>`${amount}::bigint`;

/** The caller must hold the lock of the balance (`lockBalance`). */
export const changeBalance = statement<BalanceChange>()((db, $) =>
  db
    .with('entry', (qc) =>
      qc.insertInto('credit_transactions').values({
        account_id: $.accountId,
        id: $.id,
        type: sql`case when ${signed($.amount)} > 0 then 'credit' else 'debit' end`,
        amount: signed($.amount),
        reference_type: sql.lit('admin_adjust' as const),
        reference_id: $.auditId,
        note: $.note,
      }),
    )
    .with('alert', (qc) =>
      qc
        .insertInto('credit_alerts')
        .columns(alertColumns)
        .expression((eb) => {
          const { values: alert, isCrossed } = alertOf(sql`b.balance`, signed($.amount), $.lowThreshold);
          return eb
            .selectFrom('credit_balances as b')
            .innerJoin('accounts as a', 'a.id', 'b.account_id')
            .select(alert)
            .where('b.account_id', '=', $.accountId)
            .where(isCrossed);
        }),
    )
    .updateTable('credit_balances')
    .set((eb) => ({ balance: eb('balance', '+', signed($.amount)) }))
    .where('account_id', '=', $.accountId),
);

export type TransactionRow = RowOf<typeof selectTransactions>;

export type BalanceRow = RowOf<typeof selectBalance>;
