import { type Expression, expressionBuilder, type RawBuilder, sql, type SqlBool } from 'kysely';
import { type Builder, type Parameters, type RowOf, statement, type WithAlias } from '../../database/statement.ts';

/** The records to report on; null means all accounts or all users. */
export type UsageFilter = { accountId: string | null; userId: string | null };

/** Dates; both ends are included. */
type DateRange = { start: string; end: string };
type ReportParameters = UsageFilter & DateRange;

type Rollups = WithAlias<'usage_rollups', 'u'>;
type Grain = 'hour' | 'month';
const u = expressionBuilder<Rollups, 'u'>();

const sum = (column: RawBuilder<number>) => sql<number>`coalesce(sum(${column}), 0)`;
const usageColumns = [
  sum(sql`u.input_tokens`).as('input_tokens'),
  sum(sql`u.output_tokens`).as('output_tokens'),
  sum(sql`u.cost_usd`).as('cost_usd'),
  sum(sql`u.record_count`).as('record_count'),
] as const;

const cacheColumns = [
  sum(sql`u.cache_creation_input_tokens`).as('cache_creation_tokens'),
  sum(sql`u.cache_read_input_tokens`).as('cache_read_tokens'),
  sum(sql`u.cached_tokens`).as('cached_tokens'),
] as const;

const inRange = ({ start, end }: Parameters<DateRange>, grain: Grain) => [
  u('u.grain', '=', sql.lit(grain)),
  u('u.starts_at', '>=', sql<string>`${start}::date`),
  u('u.starts_at', '<', sql<string>`${end}::date + 1`),
  // A rollup of records that were removed or moved remains.
  u('u.record_count', '>', sql.lit(0)),
];

/** The reports on the rollups that `from` selects. Those of whole months read the rollups of months. */
function usageReports(from: (db: Builder, $: Parameters<ReportParameters>, grain: Grain) => ReturnType<typeof platformRollups>) {
  return {
    total: statement<ReportParameters>()((db, $) => from(db, $, 'month').select([...usageColumns, ...cacheColumns])),
    byDay: statement<ReportParameters>({ bound: 'range' })((db, $) =>
      from(db, $, 'hour')
        .select([sql<string>`to_char(u.starts_at, 'YYYY-MM-DD')`.as('date'), ...usageColumns])
        .groupBy(sql`1`)
        .orderBy(sql`1`),
    ),
    byHour: statement<ReportParameters>({ bound: 'range' })((db, $) =>
      from(db, $, 'hour')
        .select(['u.starts_at as hour', ...usageColumns])
        .groupBy('u.starts_at')
        .orderBy('u.starts_at'),
    ),
    byModel: statement<ReportParameters>({ bound: 'models' })((db, $) =>
      from(db, $, 'month')
        .select(['u.model', ...usageColumns, ...cacheColumns])
        .groupBy('u.model')
        .orderBy(sql`sum(u.input_tokens) + sum(u.output_tokens)`, 'desc')
        .orderBy(sql`u.model collate "C"`),
    ),
  };
}

export type UsageReports = ReturnType<typeof usageReports>;

const platformRollups = (db: Builder, $: Parameters<ReportParameters>, grain: Grain) =>
  db.selectFrom('platform_usage_rollups as u').where(({ and }) => and(inRange($, grain)));

/** The columns that the reports read are those of the rollups of the platform. */
const accountRollups =
  (isOf: ($: Parameters<UsageFilter>) => Expression<SqlBool>[]) => (db: Builder, $: Parameters<ReportParameters>, grain: Grain) =>
    db.selectFrom('usage_rollups as u').where(({ and }) => and([...isOf($), ...inRange($, grain)])) as unknown as ReturnType<
      typeof platformRollups
    >;

export const userReports = usageReports(accountRollups(($) => [u('u.account_id', '=', $.accountId), u('u.user_id', '=', $.userId)]));
export const accountReports = usageReports(accountRollups(($) => [u('u.account_id', '=', $.accountId)]));
export const platformReports = usageReports(platformRollups);

/** Chat completions of an account that ended in the range and have used tokens. */
export const selectCompletionUsage = statement<{ accountId: string } & DateRange>({ bound: 'models' })((db, $) =>
  db
    .selectFrom('chat_completions as c')
    .select([
      'c.api_key_id',
      'c.model',
      sum(sql`(c.usage ->> 'input_tokens')::bigint`).as('input_tokens'),
      sum(sql`(c.usage ->> 'output_tokens')::bigint`).as('output_tokens'),
      sum(sql`c.cost_usd`).as('cost_usd'),
      sql<number>`count(*)`.as('record_count'),
    ])
    .where('c.account_id', '=', $.accountId)
    .where('c.status', '<>', sql.lit('running' as const))
    .where('c.usage', 'is not', null)
    .where('c.ended_at', '>=', sql<string>`${$.start}::date`)
    .where('c.ended_at', '<', sql<string>`${$.end}::date + 1`)
    .groupBy(['c.api_key_id', 'c.model'])
    .orderBy(sql`sum((c.usage ->> 'input_tokens')::bigint) + sum((c.usage ->> 'output_tokens')::bigint)`, 'desc')
    .orderBy(sql`c.model collate "C"`)
    .orderBy('c.api_key_id'),
);

export type TotalRow = RowOf<UsageReports['total']>;
export type DayRow = RowOf<UsageReports['byDay']>;
export type HourRow = RowOf<UsageReports['byHour']>;
export type ModelRow = RowOf<UsageReports['byModel']>;
