import { sql } from 'kysely';
import { type UsageExportQuery, usageRecordFields } from '../../../contract/usage.ts';
import { type Builder, type Parameters, type RowOf, statement } from '../../database/statement.ts';
import type { Scope } from '../../http/scope.ts';
import { type ExportCall, exportRows } from '../exports/exportRows.ts';

/** Days in UTC, both included, and the record before the page. */
type Page = { start: string; end: string; beforeTime: string; beforeId: string; beforeType: string; limit: number };

const page = (db: Builder, $: Parameters<Page>) =>
  db
    .selectFrom('usage_records')
    .select(['account_id', 'run_id', 'usage_type', 'model', 'user_id', 'input_tokens', 'output_tokens'])
    .select([
      'cache_creation_input_tokens as cache_creation_tokens',
      'cache_read_input_tokens as cache_read_tokens',
      'cached_tokens',
      'cost_usd',
      'shortfall',
      'estimated',
      'recorded_at',
    ])
    .where('recorded_at', '>=', sql<string>`${$.start}::date`)
    .where('recorded_at', '<', sql<string>`${$.end}::date + 1`)
    .where(sql<boolean>`(recorded_at, run_id, usage_type) < (${$.beforeTime}::timestamptz, ${$.beforeId}::uuid, ${$.beforeType}::text)`)
    .orderBy('recorded_at', 'desc')
    .orderBy('run_id', 'desc')
    .orderBy('usage_type', 'desc')
    .limit($.limit);

const ofAccount = statement<Page & { accountId: string }>({ bound: 'batch' })((db, $) => page(db, $).where('account_id', '=', $.accountId));
const ofAllAccounts = statement<Page>({ bound: 'batch' })((db, $) => page(db, $));

type RecordRow = RowOf<typeof ofAllAccounts>;

type RecordKey = Pick<RecordRow, 'recorded_at' | 'run_id' | 'usage_type'>;

/** A key before all records. */
const newest = { recorded_at: 'infinity', run_id: 'ffffffff-ffff-ffff-ffff-ffffffffffff', usage_type: '' };

/** The records of the days, newest first. Without an account: those of all accounts. */
export function exportUsage(scope: Scope, accountId: string | null, { start, end, format }: UsageExportQuery, call: ExportCall) {
  scope.audit({ accountId, targetId: accountId, metadata: { start, end, format } });
  return exportRows(scope, call, {
    name: `usage-${start}-${end}`,
    format,
    columns: usageRecordFields,
    read: (db, after: RecordKey = newest, limit) => {
      const asked = { start, end, beforeTime: after.recorded_at, beforeId: after.run_id, beforeType: after.usage_type, limit };
      return accountId === null ? db.rows(ofAllAccounts, asked) : db.rows(ofAccount, { ...asked, accountId });
    },
    view: (row: RecordRow) => row,
  });
}
