import { type Expression, expressionBuilder, sql } from 'kysely';
import type { QuotaName, StorageQuotaName } from '../../../contract/shared/quotas.ts';
import { type Builder, type Parameters, statement } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';

/** The stored bytes of an account by quota. Triggers update the row in the transaction that stores the data. */
export const selectUsage = statement<{ accountId: string }>()((db, $) =>
  db.selectFrom('quota_usage').select(['quota', 'used']).where('account_id', '=', $.accountId),
);

/** What an account uses of a quota, as a column of another statement. */
export function usedOf(accountId: Expression<string>, quota: StorageQuotaName) {
  const used = expressionBuilder<Tables>()
    .selectFrom('quota_usage')
    .select('used')
    .where('account_id', '=', accountId)
    .where('quota', '=', sql.lit(quota));
  return sql<number>`coalesce(${used}, 0)`;
}

/** Fails with `limitExceededSqlState` if more than `limit` bytes are stored. A limit of 0 means unlimited. */
export const checkBytes = statement<{ accountId: string; quota: StorageQuotaName; limit: number }>()((db, $) =>
  db.selectNoFrom(({ fn, selectFrom }) =>
    fn<unknown>('check_limit', [
      selectFrom('quota_usage as q').select('q.used').where('q.account_id', '=', $.accountId).where('q.quota', '=', $.quota),
      sql<number>`${$.limit}::bigint`,
    ]).as('checked'),
  ),
);

/** Serializes requests that add rows to one quota. Taken after the rows are inserted. */
export const lockQuota = statement<{ counted: string }>()((db, $) =>
  db.selectNoFrom(sql<unknown>`pg_advisory_xact_lock(hashtextextended('quota ' || ${$.counted}::text, 0))`.as('locked')),
);

type Counted = { accountId: string; userId: string };

const count = sql<number>`count(*)`.as('count');

/** Fails with `limitExceededSqlState` if the query counts more than `limit` rows. */
const rowCountCheck = (counting: (db: Builder, $: Parameters<Counted>) => Expression<{ count: number }>) =>
  statement<Counted & { limit: number }>()((db, $) =>
    db.selectNoFrom(({ fn }) => fn<unknown>('check_limit', [counting(db, $), $.limit]).as('checked')),
  );

type TableOfAccounts =
  | 'asr_credentials'
  | 'ip_rules'
  | 'llm_providers'
  | 'mcp_configs'
  | 'personas'
  | 'skills'
  | 'teams'
  | 'webhook_endpoints';

const accountRowCheck = (table: TableOfAccounts) =>
  rowCountCheck((db, $) => db.selectFrom(table).select(count).where('account_id', '=', $.accountId));

export const rowCountChecks: Readonly<Record<Exclude<QuotaName, StorageQuotaName>, ReturnType<typeof rowCountCheck>>> = {
  accounts: rowCountCheck((db, $) =>
    db
      .selectFrom('memberships as m')
      .innerJoin('accounts as a', (join) => join.onRef('a.id', '=', 'm.account_id').on('a.deleted_at', 'is', null))
      .select(count)
      .where('m.user_id', '=', $.userId)
      .where('m.role', '=', sql.lit('admin' as const))
      .where('a.type', '=', sql.lit('workspace' as const)),
  ),
  api_keys: rowCountCheck((db, $) =>
    db
      .selectFrom('api_keys')
      .select(count)
      .where('account_id', '=', $.accountId)
      .where('user_id', '=', $.userId)
      .where('revoked_at', 'is', null),
  ),
  asr_credentials: accountRowCheck('asr_credentials'),
  invitations: rowCountCheck((db, $) =>
    db
      .selectFrom('invitations')
      .select(count)
      .where('account_id', '=', $.accountId)
      .where('accepted_at', 'is', null)
      .where('expires_at', '>', sql<string>`now()`),
  ),
  ip_rules: accountRowCheck('ip_rules'),
  llm_models: rowCountCheck((db, $) =>
    db
      .selectFrom('llm_models as m')
      .innerJoin('llm_providers as p', 'p.id', 'm.provider_id')
      .select(count)
      .where('p.account_id', '=', $.accountId),
  ),
  llm_providers: accountRowCheck('llm_providers'),
  mcp_configs: accountRowCheck('mcp_configs'),
  personas: accountRowCheck('personas'),
  projects: rowCountCheck((db, $) =>
    db
      .selectFrom('projects')
      .select(count)
      .where('account_id', '=', $.accountId)
      .where('deleted_at', 'is', null)
      .where('is_default', '=', sql.lit(false)),
  ),
  reports: rowCountCheck((db, $) =>
    db
      .selectFrom('thread_reports')
      .select(count)
      .where('account_id', '=', $.accountId)
      .where('user_id', '=', $.userId)
      .where('created_at', '>', sql<string>`now() - interval '1 day'`),
  ),
  schedules: rowCountCheck((db, $) =>
    db
      .selectFrom('schedules')
      .select(count)
      .where('account_id', '=', $.accountId)
      .where('status', '<>', sql.lit('completed' as const)),
  ),
  skills: accountRowCheck('skills'),
  starred_threads: rowCountCheck((db, $) =>
    db.selectFrom('thread_stars').select(count).where('account_id', '=', $.accountId).where('user_id', '=', $.userId),
  ),
  teams: accountRowCheck('teams'),
  webhook_endpoints: accountRowCheck('webhook_endpoints'),
};

/** The SQLSTATE that `check_limit` raises; the error detail is the usage. */
export const limitExceededSqlState = 'QU001';
