import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';

const columns = ['id', 'name', 'display_name', 'created_at'] as const;

export const selectPlans = statement<PageKey>({ rowBytes: 1_000 })((db, $) =>
  db
    .selectFrom('plans')
    .select(columns)
    .where(onPage($, 'created_at', 'id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

export const selectPlan = statement<{ id: string }>()((db, $) => db.selectFrom('plans').select(columns).where('id', '=', $.id));

/** Sorted by key in byte order. */
export const selectEntitlements = statement<{ planIds: string[] }>()((db, $) =>
  db
    .selectFrom('plan_entitlements')
    .select(['plan_id', 'key', 'id', 'value', 'value_sealed', 'value_type'])
    .where('plan_id', '=', sql<string>`any(${$.planIds}::uuid[])`)
    .orderBy(sql`key collate "C"`),
);

/** Inserts nothing if the name is taken. */
export const insertPlan = statement<{ id: string; name: string; displayName: string }>()((db, $) =>
  db
    .insertInto('plans')
    .values({ id: $.id, name: $.name, display_name: $.displayName })
    .onConflict((conflict) => conflict.doNothing())
    .returning(columns),
);

/** Locks a plan to serialize its updates. */
export const lockPlan = statement<{ id: string }>()((db, $) => db.selectFrom('plans').select(columns).where('id', '=', $.id).forUpdate());

/** A null leaves the name unchanged. */
export const updatePlan = statement<{ id: string; displayName: string | null }>()((db, $) =>
  db
    .updateTable('plans')
    .set({ display_name: sql`coalesce(${$.displayName}, display_name)` })
    .where('id', '=', $.id)
    .returning(columns),
);

export const deletePlan = statement<{ id: string }>()((db, $) => db.deleteFrom('plans').where('id', '=', $.id));

export const clearEntitlements = statement<{ planId: string }>()((db, $) =>
  db.deleteFrom('plan_entitlements').where('plan_id', '=', $.planId),
);

type NewEntitlements = {
  planId: string;
  ids: string[];
  keys: string[];
  values: (string | null)[];
  sealed: (Buffer | null)[];
  types: EntitlementRow['value_type'][];
};

/** Each parameter is an array with one element per entitlement. */
export const insertEntitlements = statement<NewEntitlements>()((db, $) =>
  db
    .insertInto('plan_entitlements')
    .columns(['plan_id', 'id', 'key', 'value', 'value_sealed', 'value_type'])
    .expression(
      db
        .selectFrom(
          sql<Omit<EntitlementRow, 'plan_id'>>`unnest(${$.ids}::uuid[], ${$.keys}::text[], ${$.values}::text[], ${$.sealed}::bytea[],
            ${$.types}::text[])`.as<'given'>(sql`given (id, key, value, value_sealed, value_type)`),
        )
        .select([
          sql<string>`${$.planId}::uuid`.as('plan_id'),
          'given.id',
          'given.key',
          'given.value',
          'given.value_sealed',
          'given.value_type',
        ]),
    ),
);

export type PlanRow = RowOf<typeof selectPlan>;
export type EntitlementRow = RowOf<typeof selectEntitlements>;

export type PlanWithEntitlements = PlanRow & { entitlements: EntitlementRow[] };
