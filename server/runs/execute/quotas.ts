import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import { RunFailure } from '../../models/runFailure.ts';
import type { Settings } from '../../resources/settings/settings.ts';

/** Anthropic counts cached tokens beside the input, OpenAI as a part of it. */
const tokens = sql.raw('input_tokens + output_tokens + cache_creation_input_tokens + cache_read_input_tokens');

/** What other runs of the account have used this month (UTC). A run has one usage record. */
const selectUsed = statement<{ accountId: string; runId: string }>()((db, $) => {
  const monthStart = sql<string>`date_trunc('month', now(), 'UTC')`;
  return db
    .with('own', (qc) =>
      qc
        .selectFrom('usage_records')
        .select(({ fn }) => [fn.countAll<number>().as('runs'), sql<number>`coalesce(sum(${tokens}), 0)`.as('tokens')])
        .where('account_id', '=', $.accountId)
        .where('run_id', '=', $.runId)
        .where('recorded_at', '>=', monthStart),
    )
    .selectFrom('usage_rollups as u')
    .select(({ selectFrom }) => [
      sql<number>`(coalesce(sum(u.record_count), 0) - ${selectFrom('own').select('runs')})::float8`.as('runs'),
      sql<number>`(coalesce(sum(${tokens}), 0) - ${selectFrom('own').select('tokens')})::float8`.as('tokens'),
    ])
    .where('u.account_id', '=', $.accountId)
    .where('u.grain', '=', sql.lit('month' as const))
    .where('u.starts_at', '>=', monthStart);
});

const selectBalance = statement<{ accountId: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('credit_balances')
    .select(sql<number>`balance::float8`.as('balance'))
    .where('account_id', '=', $.accountId),
);

type Quotas = Pick<Settings, 'quota.runs_per_month' | 'quota.tokens_per_month'>;

/**
 * Throws `entitlement.quota_exceeded` if the account has no runs, tokens or credits left. Quotas count per month (UTC)
 * and exclude this run. `known` is the balance if it is read elsewhere.
 */
export async function checkQuotas(
  connection: Queryable,
  run: { id: string; account_id: string },
  settings: Quotas,
  known?: Promise<{ balance: number }>,
): Promise<void> {
  const { 'quota.runs_per_month': runs, 'quota.tokens_per_month': tokens } = settings;
  if (runs > 0 || tokens > 0) {
    const used = (await connection.row(selectUsed, { accountId: run.account_id, runId: run.id }))!;
    if (runs > 0 && used.runs >= runs) throw exceeded('runs_per_month', 'The account has had all its runs of this month.', { limit: runs });
    if (tokens > 0 && used.tokens >= tokens)
      throw exceeded('tokens_per_month', 'The account has used all its tokens of this month.', { limit: tokens });
  }
  const { balance = 0 } = (await (known ?? connection.row(selectBalance, { accountId: run.account_id }))) ?? {};
  if (balance <= 0)
    throw new RunFailure('entitlement.quota_exceeded', 'The account has no credits left.', { code: 'entitlement.credits_exhausted' });
}

const exceeded = (what: string, message: string, details: Record<string, unknown>) =>
  new RunFailure('entitlement.quota_exceeded', message, { code: `entitlement.${what}_exceeded`, details });
