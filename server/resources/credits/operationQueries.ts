import { type RawBuilder, sql } from 'kysely';
import { type Builder, type RowOf, statement } from '../../database/statement.ts';
import { maxCredits } from './ledger.ts';
import { alertColumns, alertOf } from './lowCredits.ts';

const columns = [
  'o.id',
  'o.operation',
  'o.amount',
  'o.note',
  'o.state',
  'o.total',
  'o.done',
  'o.affected',
  'o.failed',
  'o.created_by',
  'o.created_at',
  'o.completed_at',
] as const;

/** Accounts per transaction. */
const batchSize = 1_000;

export const selectOperation = statement<{ id: string }>()((db, $) =>
  db.selectFrom('credit_operations as o').select(columns).where('o.id', '=', $.id),
);

export const selectRunning = statement()((db) =>
  db
    .selectFrom('credit_operations as o')
    .select(columns)
    .where('o.state', '=', sql.lit('running' as const)),
);

export type OperationRow = RowOf<typeof selectOperation>;

type NewOperation = {
  id: string;
  operation: OperationRow['operation'];
  amount: number | null;
  note: string | null;
  traceId: string;
  userId: string;
};

/** Returns no row while another operation is running. A reset includes closed accounts. */
export const insertOperation = statement<NewOperation>()((db, $) =>
  db
    .insertInto('credit_operations')
    .columns(['id', 'operation', 'amount', 'note', 'trace_id', 'created_by', 'total'])
    .expression((eb) =>
      eb
        .selectFrom('accounts as a')
        .select([
          sql<string>`${$.id}::uuid`.as('id'),
          sql<NewOperation['operation']>`${$.operation}::text`.as('operation'),
          sql<number | null>`${$.amount}::bigint`.as('amount'),
          sql<string | null>`${$.note}::text`.as('note'),
          sql<string>`${$.traceId}::text`.as('trace_id'),
          sql<string>`${$.userId}::uuid`.as('created_by'),
          sql<number>`count(*)`.as('total'),
        ])
        .where('a.created_at', '<=', sql<string>`now()`)
        .where(sql<boolean>`(a.deleted_at is null or ${$.operation}::text = 'reset_all')`),
    )
    .onConflict((conflict) =>
      conflict
        .column('state')
        .where('state', '=', sql.lit('running' as const))
        .doNothing(),
    )
    .returning([
      'id',
      'operation',
      'amount',
      'note',
      'state',
      'total',
      'done',
      'affected',
      'failed',
      'created_by',
      'created_at',
      'completed_at',
    ]),
);

/** Whether adding the amount to every open account would exceed the maximum balance of one. */
export const selectOverflow = statement<{ amount: number }>()((db, $) =>
  db.selectNoFrom(({ exists, selectFrom }) =>
    exists(
      selectFrom('credit_balances as b')
        .innerJoin('accounts as a', (join) => join.onRef('a.id', '=', 'b.account_id').on('a.deleted_at', 'is', null))
        .select(sql.lit(1).as('one'))
        .where('b.balance', '>', sql<number>`${sql.lit(maxCredits)} - ${$.amount}::bigint`),
    )
      .$castTo<boolean>()
      .as('found'),
  ),
);

/** If two workers have the same operation, one waits for the other and continues where that one stopped. */
export const lockOperation = statement<{ id: string }>()((db, $) =>
  db.selectNoFrom(sql<unknown>`pg_advisory_xact_lock(hashtextextended('credit operation ' || ${$.id}::uuid::text, 0))`.as('locked')),
);

/** `op`: the running operation; `next`: its next accounts, of which the batch takes those before the first that another transaction has locked. */
const withNext = (db: Builder, id: RawBuilder<string>, size = batchSize) =>
  db
    .with('op', (qc) =>
      qc
        .selectFrom('credit_operations')
        .select(['id', 'operation', 'amount', 'note', 'created_at', 'last_account_id'])
        .where('id', '=', id)
        .where('state', '=', sql.lit('running' as const)),
    )
    .with(
      (cte) => cte('next').materialized(),
      (qc) =>
        qc
          .selectFrom('accounts as a')
          .select(['a.id', 'a.deleted_at'])
          .where(({ eb, selectFrom }) => eb('a.id', '>', selectFrom('op').select('op.last_account_id')))
          .where(({ eb, selectFrom }) => eb('a.created_at', '<=', selectFrom('op').select('op.created_at')))
          .where(({ eb, or, selectFrom }) =>
            or([eb('a.deleted_at', 'is', null), eb(selectFrom('op').select('op.operation'), '=', sql.lit('reset_all' as const))]),
          )
          .orderBy('a.id')
          .limit(sql.lit(size)),
    )
    .with(
      (cte) => cte('unlocked').materialized(),
      (qc) =>
        qc
          .selectFrom('accounts as a')
          .select('a.id')
          // An array and not a join, so that the planner looks each id up.
          .where('a.id', '=', sql<string>`any (array(${qc.selectFrom('next').select('next.id')}))`)
          .orderBy('a.id')
          .forKeyShare()
          .skipLocked(),
    );

/**
 * Wait for the first of the next accounts, which the entry of the ledger refers to, and for its balance. No other account is waited for, and the
 * transaction holds none yet: otherwise those before one that is locked for long would be locked as long.
 */
export const lockNextAccount = statement<{ id: string }>()((db, $) =>
  db
    .selectFrom('accounts as a')
    .select('a.id')
    .where('a.id', '=', () => withNext(db, $.id, 1).selectFrom('next').select('next.id'))
    .forKeyShare(),
);
export const lockNextBalance = statement<{ id: string }>()((db, $) =>
  db
    .selectFrom('credit_balances as b')
    .select('b.account_id')
    .where('b.account_id', '=', () => withNext(db, $.id, 1).selectFrom('next').select('next.id'))
    .forUpdate(),
);

/** Inserts missing balances of accounts that are given credits. */
export const insertMissing = statement<{ id: string }>()((db, $) =>
  withNext(db, $.id)
    .insertInto('credit_balances')
    .columns(['account_id', 'balance'])
    .expression((eb) =>
      eb
        .selectFrom(['unlocked', 'op'])
        .select(['unlocked.id', sql.lit(0).as('balance')])
        .where('op.amount', '>', sql.lit(0))
        .orderBy('unlocked.id'),
    )
    .onConflict((conflict) => conflict.column('account_id').doNothing()),
);

/**
 * Changes the next balances and stores the progress. Returns no row if the operation has ended. Balances, ledger and progress change in one
 * statement, so that a batch is applied once or not at all. The balances are locked first, and are current from then on. The batch ends before the
 * first account that is locked, or whose balance is. PostgreSQL evaluates the update on a row as of the start of the statement and again if the row
 * has changed. The discarded first evaluation must be within the bounds too.
 */
export const changeBatch = statement<{ id: string; lowThreshold: number }>()((db, $) =>
  withNext(db, $.id)
    .with(
      (cte) => cte('held').materialized(),
      (qc) =>
        qc
          .selectFrom('credit_balances as b')
          .innerJoin('unlocked', 'unlocked.id', 'b.account_id')
          .select(['b.account_id', 'b.balance'])
          .orderBy('b.account_id')
          .forUpdate('b')
          .skipLocked(),
    )
    .with(
      (cte) => cte('batch').materialized(),
      (qc) => {
        const missing = qc
          .selectFrom(['op', 'next'])
          .leftJoin('unlocked as u', 'u.id', 'next.id')
          .leftJoin('held as h', 'h.account_id', 'next.id')
          .leftJoin('credit_balances as b', 'b.account_id', 'next.id')
          .select('next.id')
          .where('h.account_id', 'is', null)
          .where((eb) => eb.or([eb('u.id', 'is', null), eb('b.account_id', 'is not', null), eb('op.amount', '>', sql.lit(0))]))
          .orderBy('next.id')
          .limit(sql.lit(1));
        return qc
          .selectFrom('next')
          .select('next.id')
          .where(sql<boolean>`next.id < coalesce((${missing}), 'ffffffff-ffff-ffff-ffff-ffffffffffff')`);
      },
    )
    .with('wanted', (qc) =>
      qc
        .selectFrom(['op', 'held as h'])
        .innerJoin('batch', 'batch.id', 'h.account_id')
        .select([
          'h.account_id',
          'h.balance',
          sql<number>`case when op.operation = 'reset_all' then -h.balance else greatest(op.amount, -h.balance) end`.as('amount'),
        ]),
    )
    .with(
      (cte) => cte('change').materialized(),
      (qc) =>
        qc
          .selectFrom('wanted')
          .selectAll()
          .where('amount', '<>', sql.lit(0))
          .where('balance', '<=', sql<number>`${sql.lit(maxCredits)} - amount`),
    )
    .with('entry', (qc) =>
      qc
        .insertInto('credit_transactions')
        .columns(['account_id', 'id', 'type', 'amount', 'reference_type', 'reference_id', 'note', 'metadata'])
        .expression((eb) =>
          eb
            .selectFrom(['change as c', 'op'])
            .select([
              'c.account_id',
              sql<string>`new_id()`.as('id'),
              sql<'credit' | 'debit'>`case when c.amount > 0 then 'credit' else 'debit' end`.as('type'),
              'c.amount',
              sql<
                'admin_reset' | 'admin_bulk_adjust'
              >`case when op.operation = 'reset_all' then 'admin_reset' else 'admin_bulk_adjust' end`.as('reference_type'),
              'op.id as reference_id',
              'op.note',
              sql<object>`case when op.operation = 'reset_all' then '{}' else jsonb_build_object('requested_amount', op.amount) end`.as(
                'metadata',
              ),
            ]),
        ),
    )
    .with('alert', (qc) =>
      qc
        .insertInto('credit_alerts')
        .columns(alertColumns)
        .expression((eb) => {
          const { values: alert, isCrossed } = alertOf(sql`c.balance`, sql`c.amount`, $.lowThreshold);
          return eb.selectFrom('change as c').innerJoin('accounts as a', 'a.id', 'c.account_id').select(alert).where(isCrossed);
        }),
    )
    .with('moved', (qc) =>
      qc
        .updateTable('credit_balances as b')
        .from('change as c')
        .set({ balance: sql`least(greatest(b.balance + c.amount, 0), ${sql.lit(maxCredits)})` })
        .whereRef('b.account_id', '=', 'c.account_id'),
    )
    .with('counted', (qc) =>
      qc.selectNoFrom(({ selectFrom }) => [
        selectFrom('batch')
          .select(sql<number>`count(*)::int`.as('count'))
          .as('seen'),
        sql<boolean>`(${selectFrom('next').select(sql<number>`count(*)`.as('count'))})
          = (${selectFrom('batch').select(sql<number>`count(*)`.as('count'))})
          and (${selectFrom('next').select(sql<number>`count(*)`.as('count'))}) < ${sql.lit(batchSize)}`.as('is_last'),
        selectFrom('change')
          .select(sql<number>`count(*)::int`.as('count'))
          .as('changed'),
        selectFrom('wanted')
          .select(sql<number>`count(*)::int`.as('count'))
          .where('balance', '>', sql<number>`${sql.lit(maxCredits)} - amount`)
          .as('failed'),
      ]),
    )
    .updateTable('credit_operations as o')
    .from(['counted', 'op'])
    .set(({ fn, selectFrom, ref }) => ({
      state: sql`case when counted.is_last then 'completed' else 'running' end`,
      completed_at: sql`case when counted.is_last then clock_timestamp() end`,
      done: sql`o.done + counted.seen`,
      affected: sql`o.affected + counted.changed`,
      failed: sql`o.failed + counted.failed`,
      last_account_id: fn.coalesce(
        selectFrom('batch').select('batch.id').orderBy('batch.id', 'desc').limit(sql.lit(1)),
        ref('o.last_account_id'),
      ),
      moved_at: sql`clock_timestamp()`,
    }))
    .whereRef('o.id', '=', 'op.id')
    .returning(columns),
);

/** An operation has at most one open job. */
export const addJob = statement<{ task: string; payload: string; key: string }>()((db, $) =>
  db.selectNoFrom(
    sql<unknown>`graphile_worker.add_job(${$.task}, payload := ${$.payload}::json, job_key := ${$.key}, queue_name := 'credit operations')`.as(
      'job',
    ),
  ),
);
