import type { QuotaName, StorageName } from '../../../contract/shared/quotas.ts';
import { type Statement, statement } from '../../kernel/sql.ts';

/** What an account stores, by quota; the row is kept by triggers, in the transaction of what is stored. */
export const selectUsage = statement<{ quota: StorageName; used: number }>('select quota, used from quota_usage where account_id = $1');

/** Fails with `limitExceeded` when more than $3 bytes are stored; 0 is no limit. */
export const checkBytes = statement<never>(`
  select check_limit((select q.used from quota_usage q where q.account_id = $1 and q.quota = $2), $3::bigint)`);

/** Requests that add rows to one quota are counted one after the other, after their rows are there. */
export const lockRows = statement<unknown>(`select pg_advisory_xact_lock(hashtextextended('quota ' || $1::text, 0))`);

/** Fails with `limitExceeded` when more than `$n` rows, the last value, satisfy the condition. */
const rows = (from: string, most: string): Statement<never> => statement(`select check_limit((select count(*) from ${from}), ${most})`);

const ofAccount = (table: string, more = '') => rows(`${table} where account_id = $1${more}`, '$2');
const ofMember = (table: string, more: string) => rows(`${table} where account_id = $1 and user_id = $2${more}`, '$3');

/** What each quota of rows counts. */
export const checkRows: Readonly<Record<Exclude<QuotaName, StorageName>, Statement<never>>> = {
  accounts: rows(
    `memberships m join accounts a on a.id = m.account_id and a.deleted_at is null where m.user_id = $1 and m.role = 'admin' and a.type = 'workspace'`,
    '$2',
  ),
  api_keys: ofMember('api_keys', ' and revoked_at is null'),
  asr_credentials: ofAccount('asr_credentials'),
  invitations: ofAccount('invitations', ' and accepted_at is null and expires_at > now()'),
  ip_rules: ofAccount('ip_rules'),
  llm_models: rows('llm_models m join llm_providers p on p.id = m.provider_id where p.account_id = $1', '$2'),
  llm_providers: ofAccount('llm_providers'),
  mcp_configs: ofAccount('mcp_configs'),
  personas: ofAccount('personas'),
  projects: ofAccount('projects', ' and deleted_at is null and not is_default'),
  reports: ofMember('thread_reports', ` and created_at > now() - interval '1 day'`),
  teams: ofAccount('teams'),
  webhook_endpoints: ofAccount('webhook_endpoints'),
};

/** The SQLSTATE of `check_limit`; its detail is the amount that was refused. */
export const limitExceeded = 'QU001';
