import { sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';

/** The join with credentials excludes the built-in service user, which has none. */
export const selectTotals = statement()((db) =>
  db
    .selectFrom([
      db
        .selectFrom('users as u')
        .innerJoin('credentials as c', 'c.user_id', 'u.id')
        .select(({ fn }) => [
          fn.countAll<number>().as('total_users'),
          fn
            .countAll<number>()
            .filterWhere('u.last_login_at', '>=', sql<string>`now() - interval '30 days'`)
            .as('active_users_30d'),
        ])
        .where('u.status', '<>', sql.lit('deleted' as const))
        .as('people'),
      db
        .selectFrom('run_count_changes')
        .select([
          sql<number>`coalesce(sum(change), 0)`.as('total_runs'),
          sql<number>`coalesce(sum(change) filter (where created_on = (now() at time zone 'UTC')::date), 0)`.as('runs_today'),
        ])
        .as('made'),
      db
        .selectFrom('platform_usage_rollups')
        .select(({ fn }) => [
          fn.coalesce(fn.sum<number>('input_tokens'), sql<number>`0`).as('total_input_tokens'),
          fn.coalesce(fn.sum<number>('output_tokens'), sql<number>`0`).as('total_output_tokens'),
          fn.coalesce(fn.sum<number>('cost_usd'), sql<number>`0`).as('total_cost_usd'),
        ])
        .where('grain', '=', sql.lit('month' as const))
        .as('used'),
    ])
    .selectAll(['people', 'made', 'used'])
    .select(({ selectFrom }) =>
      selectFrom('accounts')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('deleted_at', 'is', null)
        .$asScalar()
        .$notNull()
        .as('active_accounts'),
    ),
);

export type DashboardRow = RowOf<typeof selectTotals>;
