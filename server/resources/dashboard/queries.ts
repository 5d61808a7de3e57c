import { sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';

/** A user is active until 30 days (UTC) after the day of the last sign-in. */
export const selectTotals = statement()((db) =>
  db
    .selectFrom([
      db
        .selectFrom('directory_count_changes')
        .select([
          sql<number>`coalesce(sum(change) filter (where subject = 'user'), 0)`.as('total_users'),
          sql<number>`coalesce(sum(change) filter (where subject = 'user' and last_login_on >= (now() at time zone 'UTC')::date - 30), 0)`.as(
            'active_users_30d',
          ),
          sql<number>`coalesce(sum(change) filter (where subject = 'account'), 0)`.as('active_accounts'),
        ])
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
    .selectAll(['people', 'made', 'used']),
);

export type DashboardRow = RowOf<typeof selectTotals>;
