import { RunFailure } from '../agent/failure.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import type { Settings } from '../resources/settings/settings.ts';

const month = `u.account_id = $1 and u.run_id <> $2 and u.recorded_at >= date_trunc('month', now() at time zone 'UTC') at time zone 'UTC'`;

const selectUsed = statement<{ runs: number; tokens: number }>(`
  select count(distinct u.run_id)::float8 as runs, coalesce(sum(u.input_tokens + u.output_tokens), 0)::float8 as tokens from usage_records u where ${month}`);
const selectBalance = statement<{ balance: number }>('select balance::float8 as balance from credit_balances where account_id = $1');

type Quotas = Pick<Settings, 'quota.runs_per_month' | 'quota.tokens_per_month'>;

/** Throws `entitlement.quota_exceeded` when the account has nothing left this month (UTC); the run itself is not counted. */
export async function checkQuotas(sql: Sql, run: { id: string; account_id: string }, settings: Quotas): Promise<void> {
  const { 'quota.runs_per_month': runs, 'quota.tokens_per_month': tokens } = settings;
  if (runs > 0 || tokens > 0) {
    const used = (await sql.row(selectUsed, [run.account_id, run.id]))!;
    if (runs > 0 && used.runs >= runs) throw exceeded('runs_per_month', 'The account has had all its runs of this month.', { limit: runs });
    if (tokens > 0 && used.tokens >= tokens)
      throw exceeded('tokens_per_month', 'The account has used all its tokens of this month.', { limit: tokens });
  }
  const balance = (await sql.row(selectBalance, [run.account_id]))?.balance ?? 0;
  if (balance <= 0)
    throw new RunFailure('entitlement.quota_exceeded', 'The account has no credits left.', { code: 'entitlement.credits_exhausted' });
}

const exceeded = (what: string, message: string, details: Record<string, unknown>) =>
  new RunFailure('entitlement.quota_exceeded', message, { code: `entitlement.${what}_exceeded`, details });
