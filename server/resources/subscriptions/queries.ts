import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';

const columns = [
  'id',
  'account_id',
  'plan_id',
  'status',
  'current_period_start',
  'current_period_end',
  'cancelled_at',
  'created_at',
] as const;

/** Prevents deletion of the plan until the end of the transaction. */
export const lockPlanKeyShare = statement<{ planId: string }>()((db, $) =>
  db.selectFrom('plans').select('id').where('id', '=', $.planId).forKeyShare(),
);

/** Inserts nothing if the account has an active subscription; of concurrent calls only one inserts. */
export const insertSubscription = statement<{ accountId: string; id: string; planId: string; start: string; end: string }>()((db, $) =>
  db
    .insertInto('subscriptions')
    .values({ account_id: $.accountId, id: $.id, plan_id: $.planId, current_period_start: $.start, current_period_end: $.end })
    .onConflict((conflict) =>
      conflict
        .column('account_id')
        .where('status', '=', sql.lit('active' as const))
        .doNothing(),
    )
    .returning(columns),
);

/** A null parameter filters nothing. */
export const selectSubscriptions = statement<{ accountId: string | null; status: SubscriptionRow['status'] | null } & PageKey>({
  rowBytes: 1_000,
})((db, $) =>
  db
    .selectFrom('subscriptions')
    .select(columns)
    .where(sql<boolean>`(${$.accountId}::uuid is null or account_id = ${$.accountId})`)
    .where(sql<boolean>`(${$.status}::text is null or status = ${$.status})`)
    .where(onPage($, 'created_at', 'id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

/** A null `accountId` matches every account. */
export const selectSubscription = statement<{ accountId: string | null; id: string }>()((db, $) =>
  db
    .selectFrom('subscriptions')
    .select(columns)
    .where(sql<boolean>`(${$.accountId}::uuid is null or account_id = ${$.accountId})`)
    .where('id', '=', $.id),
);

type SubscriptionKey = { accountId: string; id: string };

export const lockSubscription = statement<SubscriptionKey>()((db, $) =>
  db.selectFrom('subscriptions').select(columns).where('account_id', '=', $.accountId).where('id', '=', $.id).forUpdate(),
);

export const updatePeriod = statement<SubscriptionKey & { start: string; end: string }>()((db, $) =>
  db
    .updateTable('subscriptions')
    .set({ current_period_start: $.start, current_period_end: $.end })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('status', '=', sql.lit('active' as const))
    .returning(columns),
);

export const cancelSubscription = statement<SubscriptionKey>()((db, $) =>
  db
    .updateTable('subscriptions')
    .set({ status: sql.lit('cancelled' as const), cancelled_at: sql`now()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('status', '=', sql.lit('active' as const))
    .returning(columns),
);

export type SubscriptionRow = RowOf<typeof lockSubscription>;
