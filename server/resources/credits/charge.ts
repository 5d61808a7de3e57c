import Big from 'big.js';
import { type NotNull, sql } from 'kysely';
import type { Usage } from '../../../contract/events.ts';
import type { Transaction } from '../../database/sql.ts';
import { jsonb, type Parameters, statement } from '../../database/statement.ts';
import { type Credits, creditsOf, parseDeductionPolicy, usdCost, withoutFreeTier } from '../../models/cost.ts';
import { newId } from '../../platform/crypto/ids.ts';
import type { Settings } from '../settings/settings.ts';
import { maxCredits } from './ledger.ts';
import { alertColumns, alertOf } from './lowCredits.ts';

/** Reported or estimated tokens, the unrounded cost in US dollars, and the part of it that is the price of images. */
export type RunCost = { usage: Usage | undefined; cost: string; images?: string };

/** `otherRunsUsd`: see `costOfOtherRuns`. `hasFreeTier`: whether a cost below a bound may be free. */
type ChargeRules = { otherRunsUsd?: string | undefined; hasFreeTier?: boolean };

type CreditSettings = Pick<Settings, 'credit.per_usd' | 'credit.deduction_policy'>;
type ChargeSettings = CreditSettings & Pick<Settings, 'credit.low_threshold'>;

/** A run or a chat completion. `multiplier` is that of its route; null if it used no route. */
export type ChargedRun = { id: string; account_id: string; multiplier: string | null };

type UsageValues = {
  accountId: string;
  runId: string;
  inputTokens: number;
  outputTokens: number;
  cacheCreationTokens: number;
  cacheReadTokens: number;
  cachedTokens: number;
  usd: string;
  isEstimated: boolean;
};

const usageColumns = [
  'account_id',
  'run_id',
  'usage_type',
  'model',
  'user_id',
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'cached_tokens',
  'cost_usd',
  'estimated',
  'recorded_at',
  'shortfall',
] as const;

/** What is charged: both tables have the columns that a usage record needs. */
const sources = { run: 'runs', chat_completion: 'chat_completions' } as const;
type Cause = keyof typeof sources;

/** The row `r` to charge. The cast is safe: only columns that both tables have are read. */
const sourceOf = (cause: Cause) => `${sources[cause]} as r` as 'runs as r';

/** The usage record of row `r`, without `shortfall`. `run_id` is the run or the chat completion. */
const usageOf = ($: Parameters<UsageValues>) =>
  [
    'r.account_id',
    'r.id as run_id',
    sql.lit('llm').as('usage_type'),
    sql<string>`coalesce(r.model, 'unknown')`.as('model'),
    'r.created_by_user_id as user_id',
    sql<number>`${$.inputTokens}::bigint`.as('input_tokens'),
    sql<number>`${$.outputTokens}::bigint`.as('output_tokens'),
    sql<number>`${$.cacheCreationTokens}::bigint`.as('cache_creation_input_tokens'),
    sql<number>`${$.cacheReadTokens}::bigint`.as('cache_read_input_tokens'),
    sql<number>`${$.cachedTokens}::bigint`.as('cached_tokens'),
    sql<number>`${$.usd}::numeric`.as('cost_usd'),
    sql<boolean>`${$.isEstimated}::boolean`.as('estimated'),
    sql<string>`now()`.as('recorded_at'),
  ] as const;

const recordUsage = (cause: Cause) =>
  statement<UsageValues>()((db, $) =>
    db
      .insertInto('usage_records')
      .columns(usageColumns)
      .expression((eb) =>
        eb
          .selectFrom(sourceOf(cause))
          .select(usageOf($))
          .select(sql.lit(0).as('shortfall'))
          .where('r.account_id', '=', $.accountId)
          .where('r.id', '=', $.runId),
      )
      .onConflict((conflict) => conflict.columns(['account_id', 'run_id', 'usage_type']).doNothing()),
  );

/**
 * All changes depend on the usage record being new, so a repeated call changes nothing. The balance is locked first, so `charged` never
 * exceeds it. PostgreSQL evaluates the update on the row as of the start of the statement, finds it changed, and evaluates it again on the
 * current row. Therefore the rows to change are joined, not selected in a subquery, and the discarded first evaluation must not fall below
 * 0 either.
 */
const recordCharge = (cause: Cause) =>
  statement<UsageValues & { credits: number; entryId: string; metadata: string; lowThreshold: number }>()((db, $) =>
    db
      .with(
        (cte) => cte('held').materialized(),
        (qc) => qc.selectFrom('credit_balances').select('balance').where('account_id', '=', $.accountId).forUpdate(),
      )
      .with(
        (cte) => cte('bill').materialized(),
        (qc) =>
          qc.selectNoFrom(({ fn, selectFrom }) => [
            sql<number>`${$.credits}::bigint`.as('credits'),
            fn<number>('least', [sql`${$.credits}::bigint`, fn.coalesce(selectFrom('held').select('held.balance'), sql.lit(0))]).as(
              'charged',
            ),
          ]),
      )
      .with('usage', (qc) =>
        qc
          .insertInto('usage_records')
          .columns(usageColumns)
          .expression((eb) =>
            eb
              .selectFrom([sourceOf(cause), 'bill'])
              .select(usageOf($))
              .select(sql<number>`bill.credits - bill.charged`.as('shortfall'))
              .where('r.account_id', '=', $.accountId)
              .where('r.id', '=', $.runId),
          )
          .onConflict((conflict) => conflict.columns(['account_id', 'run_id', 'usage_type']).doNothing())
          .returning(['account_id', 'run_id', 'user_id', 'model']),
      )
      .with('entry', (qc) =>
        qc
          .insertInto('credit_transactions')
          .columns(['account_id', 'id', 'type', 'amount', 'reference_type', 'reference_id', 'user_id', 'metadata'])
          .expression((eb) =>
            eb
              .selectFrom(['usage', 'bill'])
              .select([
                'usage.account_id',
                sql<string>`${$.entryId}::uuid`.as('id'),
                sql.lit('debit' as const).as('type'),
                sql<number>`-bill.charged`.as('amount'),
                sql.lit(cause).as('reference_type'),
                'usage.run_id as reference_id',
                'usage.user_id',
                sql<Record<string, unknown>>`${jsonb($.metadata)}
                || jsonb_build_object('model', usage.model, 'charged', bill.charged, 'shortfall', bill.credits - bill.charged)`.as(
                  'metadata',
                ),
              ])
              .where('bill.charged', '>', sql.lit(0)),
          )
          .onConflict((conflict) => conflict.doNothing())
          .returning(['account_id', 'amount']),
      )
      .with('key_usage', (qc) =>
        qc
          .insertInto('api_key_usage')
          .columns(['account_id', 'api_key_id', 'day', 'credits'])
          .expression((eb) =>
            eb
              .selectFrom(['usage', 'bill', sourceOf(cause)])
              .select(['r.account_id', 'r.api_key_id', sql<string>`(now() at time zone 'utc')::date`.as('day'), 'bill.charged as credits'])
              .where('r.account_id', '=', $.accountId)
              .where('r.id', '=', $.runId)
              .where('r.api_key_id', 'is not', null)
              .where('bill.charged', '>', sql.lit(0))
              .$narrowType<{ api_key_id: NotNull }>(),
          )
          .onConflict((conflict) =>
            conflict
              .columns(['account_id', 'api_key_id', 'day'])
              .doUpdateSet(({ eb: each, ref }) => ({ credits: each('api_key_usage.credits', '+', ref('excluded.credits')) })),
          ),
      )
      .with('alert', (qc) =>
        qc
          .insertInto('credit_alerts')
          .columns(alertColumns)
          .expression((eb) => {
            const { values: alert, isCrossed } = alertOf(sql`held.balance`, sql`entry.amount`, $.lowThreshold);
            return eb
              .selectFrom(['entry', 'held', 'accounts as a'])
              .select(alert)
              .whereRef('a.id', '=', 'entry.account_id')
              .where(isCrossed);
          }),
      )
      .updateTable('credit_balances as b')
      .from('entry')
      .set({ balance: sql`greatest(b.balance + entry.amount, 0)` })
      .whereRef('b.account_id', '=', 'entry.account_id'),
  );

const perUsdOf = (settings: CreditSettings) => (settings['credit.per_usd'] > 0 ? settings['credit.per_usd'] : 1_000);

const statements = {
  run: { recordUsage: recordUsage('run'), recordCharge: recordCharge('run') },
  chat_completion: { recordUsage: recordUsage('chat_completion'), recordCharge: recordCharge('chat_completion') },
} as const;

/**
 * The credits to charge for the usage, at most `maxCredits`. Returns null if it is free. The free tier is for cheap runs: chat completions have none,
 * because a conversation would be free if each of its calls were cheap. Images have a price of their own, so they are charged in full whatever the tokens
 * cost, and do not replace the charge for the tokens of a model without prices.
 */
export function calculateCharge(
  { usage, cost, images = '0' }: RunCost,
  multiplier: string | number | null,
  settings: CreditSettings,
  { otherRunsUsd = '0', hasFreeTier = true }: ChargeRules = {},
): Credits | null {
  const configured = parseDeductionPolicy(settings['credit.deduction_policy']);
  const policy = hasFreeTier ? configured : withoutFreeTier(configured);
  const rules = { multiplier: multiplier ?? 1, perUsd: perUsdOf(settings), policy, otherRunsUsd };
  const bill = creditsOf(usage ?? {}, new Big(cost).minus(images), rules);
  const forImages = new Big(images).times(rules.perUsd).times(rules.multiplier);
  if (forImages.eq(0)) return bill && { ...bill, credits: Math.min(bill.credits, maxCredits) };
  const raw = forImages.plus(bill?.raw_credits ?? 0);
  const credits = Math.min(Math.max(1, raw.round(0, Big.roundUp).toNumber()), maxCredits);
  return { ...(bill ?? { policy_multiplier: 0, method: 'cost_usd' }), credits, raw_credits: raw.toFixed() };
}

/** Serializes the ends of the runs of a tree. Taken after the rows of runs, before the balance. */
const lockTreeCost = statement<{ rootRunId: string }>()((db, $) =>
  db.selectNoFrom(sql<unknown>`pg_advisory_xact_lock(hashtextextended('cost of tree ' || ${$.rootRunId}::uuid::text, 0))`.as('lock')),
);

/** What the runs of a tree that have been charged count in the policy: their cost or, without one, their tokens at the rate of `creditsOf`. */
const selectTreeCost = statement<{ accountId: string; rootRunId: string; id: string }>()((db, $) =>
  db
    .selectFrom('runs as r')
    .innerJoin('usage_records as u', (join) => join.onRef('u.account_id', '=', 'r.account_id').onRef('u.run_id', '=', 'r.id'))
    .select(
      sql<string>`coalesce(sum(case when u.cost_usd > 0 then u.cost_usd
        else (u.input_tokens + u.output_tokens + u.cache_creation_input_tokens + u.cache_read_input_tokens) / 1000000.0 end), 0)::text`.as(
        'usd',
      ),
    )
    .where('r.account_id', '=', $.accountId)
    .where((eb) => eb.or([eb('r.id', '=', $.rootRunId), eb('r.root_run_id', '=', $.rootRunId)]))
    .where('r.id', '<>', $.id),
);

/** Cost of the ended runs of the tree of a run, in US dollars. Locks it, so that of runs that end at once, each but the first knows the others. */
export async function costOfOtherRuns(
  tx: Transaction,
  run: { id: string; account_id: string; root_run_id: string | null },
): Promise<string> {
  const rootRunId = run.root_run_id ?? run.id;
  // Another statement than the lock, because it must see what was committed while this one waited.
  const [, found] = await Promise.all([
    tx.row(lockTreeCost, { rootRunId }),
    tx.row(selectTreeCost, { accountId: run.account_id, rootRunId, id: run.id }),
  ]);
  return found!.usd;
}

/**
 * Records the usage of a run and deducts its credits in the transaction that ends it. The single statement is sent with the commit. If the
 * balance is too small, it becomes 0 and the usage record stores the shortfall.
 */
export const chargeRun = (tx: Transaction, run: ChargedRun, spending: RunCost, settings: ChargeSettings, otherRunsUsd?: string): void =>
  charge('run', tx, run, spending, settings, { otherRunsUsd });

/** The same for a chat completion. */
export const chargeCompletion = (tx: Transaction, completion: ChargedRun, spending: RunCost, settings: ChargeSettings): void =>
  charge('chat_completion', tx, completion, spending, settings, { hasFreeTier: false });

function charge(
  cause: Cause,
  tx: Transaction,
  { id, account_id, multiplier }: ChargedRun,
  spending: RunCost,
  settings: ChargeSettings,
  rules: ChargeRules,
): void {
  const { usage: used = {}, cost } = spending;
  const { usd } = usdCost(new Big(cost));
  const bill = calculateCharge(spending, multiplier, settings, rules);
  const values = { accountId: account_id, runId: id, ...tokensOf(used), usd, isEstimated: used.estimated ?? false };
  const metadata = bill && metadataOf(used, usd, bill, perUsdOf(settings), multiplier);
  const sent =
    bill && metadata
      ? tx.run(statements[cause].recordCharge, {
          ...values,
          credits: bill.credits,
          entryId: newId(),
          metadata,
          lowThreshold: settings['credit.low_threshold'],
        })
      : tx.run(statements[cause].recordUsage, values);
  tx.awaitAtCommit(sent);
}

const tokensOf = (usage: Usage) => ({
  inputTokens: usage.input_tokens ?? 0,
  outputTokens: usage.output_tokens ?? 0,
  cacheCreationTokens: usage.cache_creation_input_tokens ?? 0,
  cacheReadTokens: usage.cache_read_input_tokens ?? 0,
  cachedTokens: usage.cached_tokens ?? 0,
});

/** How the credits were calculated, as JSON. The database adds the model and the charged amount. */
function metadataOf(usage: Usage, usd: string, bill: Credits, perUsd: number, multiplier: string | null): string {
  const tokens = tokensOf(usage);
  const { raw_credits, effective_tokens, ...how } = bill;
  return JSON.stringify({
    type: 'llm',
    input_tokens: tokens.inputTokens,
    output_tokens: tokens.outputTokens,
    cost_usd: Number(usd),
    credits_per_usd: perUsd,
    multiplier: Number(multiplier ?? 1),
    ...(usage.estimated && { estimated: true }),
    ...how,
    raw_credits: Number(raw_credits),
    ...(effective_tokens !== undefined && {
      effective_tokens: Number(effective_tokens),
      cache_creation_tokens: tokens.cacheCreationTokens,
      cache_read_tokens: tokens.cacheReadTokens,
      cached_tokens: tokens.cachedTokens,
    }),
  });
}
