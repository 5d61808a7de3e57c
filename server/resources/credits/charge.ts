import Big from 'big.js';
import type { Usage } from '../../../contract/events.ts';
import { type Credits, creditsOf, parseDeductionPolicy, usdCost } from '../../agent/cost.ts';
import { newId } from '../../kernel/ids.ts';
import { statement, type Transaction } from '../../kernel/sql.ts';
import type { Settings } from '../settings/settings.ts';
import { mostCredits } from './ledger.ts';

/** What is charged for: the tokens, reported or estimated, and the unrounded cost in US dollars. */
export type Spending = { usage: Usage | undefined; cost: string };

type CreditSettings = Pick<Settings, 'credit.per_usd' | 'credit.deduction_policy'>;

/** A run that ends, with the multiplier of the route it took; null where it took none. */
export type ChargedRun = { id: string; account_id: string; multiplier: string | null };

const usage = (shortfall: string, from: string) => `
  insert into usage_records (account_id, run_id, usage_type, model, user_id, input_tokens, output_tokens, cache_creation_input_tokens,
    cache_read_input_tokens, cached_tokens, cost_usd, estimated, shortfall, recorded_at)
  select r.account_id, r.id, 'llm', coalesce(r.model, 'unknown'), r.created_by_user_id, $3, $4, $5, $6, $7, $8, $9, ${shortfall}, now()
  from runs r${from} where r.account_id = $1 and r.id = $2
  on conflict (account_id, run_id, usage_type) do nothing`;

const record = statement<never>(usage('0', ''));

/**
 * Everything hangs on the usage record being new, so that a repetition changes nothing. The balance is locked first, so `charged` is never more
 * than there is. PostgreSQL tries the update on the row as it was when the statement began, finds it changed, and looks again: the rows to change
 * are therefore joined and not looked up, and the first try, which is thrown away, must not fall below 0 either.
 */
const charge = statement<never>(`
  with held as materialized (select balance from credit_balances where account_id = $1 for update),
  bill as materialized (select $10::bigint as credits, least($10::bigint, coalesce((select balance from held), 0)) as charged),
  usage as (${usage('bill.credits - bill.charged', ', bill')} returning account_id, run_id, user_id, model),
  entry as (
    insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id, user_id, metadata)
    select account_id, $11, 'debit', -charged, 'run', run_id, user_id,
      $12::jsonb || jsonb_build_object('model', model, 'charged', charged, 'shortfall', credits - charged)
    from usage, bill where charged > 0 on conflict do nothing returning account_id, amount)
  update credit_balances b set balance = greatest(b.balance + entry.amount, 0) from entry where b.account_id = entry.account_id`);

const perUsdOf = (settings: CreditSettings) => (settings['credit.per_usd'] > 0 ? settings['credit.per_usd'] : 1_000);

/** The credits that a run with this spending is charged, at most what an account can have; null when it is free. */
export function billOf({ usage, cost }: Spending, multiplier: string | number | null, settings: CreditSettings): Credits | null {
  const policy = parseDeductionPolicy(settings['credit.deduction_policy']);
  const bill = creditsOf(usage ?? {}, new Big(cost), { multiplier: multiplier ?? 1, perUsd: perUsdOf(settings), policy });
  return bill && { ...bill, credits: Math.min(bill.credits, mostCredits) };
}

/**
 * Record what a run has used and take its credits, in the transaction that ends it (specification, platform 1.5): one statement, which
 * travels with the commit. Where the balance is too small it goes to 0, and the usage record keeps what was missing.
 */
export function chargeRun(tx: Transaction, { id, account_id, multiplier }: ChargedRun, spending: Spending, settings: CreditSettings): void {
  const { usage: used = {}, cost } = spending;
  const { usd } = usdCost(new Big(cost));
  const bill = billOf(spending, multiplier, settings);
  const values = [account_id, id, ...tokensOf(used), usd, used.estimated ?? false];
  const sent = bill
    ? tx.run(charge, [...values, bill.credits, newId(), metadataOf(used, usd, bill, perUsdOf(settings), multiplier)])
    : tx.run(record, values);
  tx.withCommit(sent);
}

const tokensOf = (usage: Usage): number[] =>
  [usage.input_tokens, usage.output_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens, usage.cached_tokens].map(
    (count) => count ?? 0,
  );

/** How the credits came about, as JSON; the model and what was charged are added by the database. */
function metadataOf(usage: Usage, usd: string, bill: Credits, perUsd: number, multiplier: string | null): string {
  const [input_tokens, output_tokens, cache_creation_tokens, cache_read_tokens, cached_tokens] = tokensOf(usage);
  const { raw_credits, effective_tokens, ...how } = bill;
  return JSON.stringify({
    type: 'llm',
    input_tokens,
    output_tokens,
    cost_usd: Number(usd),
    credits_per_usd: perUsd,
    multiplier: Number(multiplier ?? 1),
    ...(usage.estimated && { estimated: true }),
    ...how,
    raw_credits: Number(raw_credits),
    ...(effective_tokens !== undefined && {
      effective_tokens: Number(effective_tokens),
      cache_creation_tokens,
      cache_read_tokens,
      cached_tokens,
    }),
  });
}
