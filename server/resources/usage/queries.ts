import { type Expression, expressionBuilder, sql, type SqlBool } from 'kysely';
import { type Builder, type Parameters, type RowOf, statement, type WithAlias } from '../../database/statement.ts';

/** The records to report on; null means all accounts or all users. */
export type UsageFilter = { accountId: string | null; userId: string | null };

/** Dates; both ends are included. */
type DateRange = { start: string; end: string };
type ReportParameters = UsageFilter & DateRange;

const u = expressionBuilder<WithAlias<'usage_records', 'u'>, 'u'>();
const e = expressionBuilder<WithAlias<'usage_records', 'record'>, 'record'>();

const usageColumns = [
  e.fn.coalesce(e.fn.sum<number>('input_tokens'), sql<number>`0`).as('input_tokens'),
  e.fn.coalesce(e.fn.sum<number>('output_tokens'), sql<number>`0`).as('output_tokens'),
  e.fn.coalesce(e.fn.sum<number>('cost_usd'), sql<number>`0`).as('cost_usd'),
  e.fn.countAll<number>().as('record_count'),
] as const;

const cacheColumns = [
  e.fn.coalesce(e.fn.sum<number>('cache_creation_input_tokens'), sql<number>`0`).as('cache_creation_tokens'),
  e.fn.coalesce(e.fn.sum<number>('cache_read_input_tokens'), sql<number>`0`).as('cache_read_tokens'),
  e.fn.coalesce(e.fn.sum<number>('cached_tokens'), sql<number>`0`).as('cached_tokens'),
] as const;

/** Statements that report on the usage records matching a condition. */
function usageReports(isOf: ($: Parameters<UsageFilter>) => Expression<SqlBool>[]) {
  const records = (db: Builder, $: Parameters<ReportParameters>) =>
    db.with('record', (qc) =>
      qc
        .selectFrom('usage_records as u')
        .selectAll()
        .where(({ and }) => and(isOf($)))
        .where('u.recorded_at', '>=', sql<string>`${$.start}::date`)
        .where('u.recorded_at', '<', sql<string>`${$.end}::date + 1`),
    );
  return {
    total: statement<ReportParameters>()((db, $) =>
      records(db, $)
        .selectFrom('record')
        .select([...usageColumns, ...cacheColumns]),
    ),
    byDay: statement<ReportParameters>()((db, $) =>
      records(db, $)
        .selectFrom('record')
        .select([sql<string>`to_char(recorded_at, 'YYYY-MM-DD')`.as('date'), ...usageColumns])
        .groupBy(sql`1`)
        .orderBy(sql`1`),
    ),
    byHour: statement<ReportParameters>()((db, $) =>
      records(db, $)
        .selectFrom('record')
        .select([sql<string>`date_trunc('hour', recorded_at)`.as('hour'), ...usageColumns])
        .groupBy(sql`1`)
        .orderBy(sql`1`),
    ),
    byModel: statement<ReportParameters>()((db, $) =>
      records(db, $)
        .selectFrom('record')
        .select(['model', ...usageColumns, ...cacheColumns])
        .groupBy('model')
        .orderBy(sql`sum(input_tokens) + sum(output_tokens)`, 'desc')
        .orderBy(sql`model collate "C"`),
    ),
  };
}

export type UsageReports = ReturnType<typeof usageReports>;

export const userReports = usageReports(($) => [u('u.account_id', '=', $.accountId), u('u.user_id', '=', $.userId)]);
export const accountReports = usageReports(($) => [u('u.account_id', '=', $.accountId)]);
export const platformReports = usageReports(() => []);

export type TotalRow = RowOf<UsageReports['total']>;
export type DayRow = RowOf<UsageReports['byDay']>;
export type HourRow = RowOf<UsageReports['byHour']>;
export type ModelRow = RowOf<UsageReports['byModel']>;
