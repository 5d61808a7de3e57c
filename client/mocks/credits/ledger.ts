import { z } from 'zod';
import type { CreditCause, CreditTransaction } from '../../../contract/credits.ts';
import type { Run, RunSummary } from '../../../contract/runs.ts';
import type { EngineBase } from '../engine.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json } from '../state.ts';

const accountKind = resourceType('/v1/admin/accounts');
const transactionKind = resourceType('/v1/me/credits');
const settingKind = resourceType('/v1/admin/platform-settings');
const usageKind = { name: 'usage records' };

/** Credits that a run reserves until it ends. */
const usualReservation = 10;
const defaultPolicy: z.output<typeof Policy> = { tiers: [{ up_to_cost_usd: 0.002, multiplier: 0 }, { multiplier: 1 }] };
/** What a token without a price counts as in the policy. */
const unpricedUsd = 0.000_001;

/** What a run has consumed. */
export type MockUsage = { input_tokens: number; output_tokens: number; cost_usd?: number | undefined; estimated?: boolean | undefined };

export type UsageRecord = {
  account_id: string;
  run_id: string;
  user_id: string | null;
  model: string;
  input_tokens: number;
  output_tokens: number;
  cost_usd: number;
  shortfall: number;
  estimated: boolean;
  recorded_at: string;
};

type Balance = { balance: number; reserved: number; available: number };

const accountOf = ({ state }: Pick<EngineBase, 'state'>, accountId: string) =>
  state.rows(accountKind, ({ value }) => value.id === accountId)[0]?.value as (Json & Balance) | undefined;

/** An unknown account has no credits. */
export function balanceOf(engine: Pick<EngineBase, 'state'>, accountId: string): Balance {
  const { balance = 0, reserved = 0, available = 0 } = accountOf(engine, accountId) ?? {};
  return { balance, reserved, available };
}

function change(account: Balance, by: Partial<Pick<Balance, 'balance' | 'reserved'>>) {
  account.balance += by.balance ?? 0;
  account.reserved = Math.max(0, account.reserved + (by.reserved ?? 0));
  account.available = Math.max(0, account.balance - account.reserved);
}

type Entry = {
  amount: number;
  cause: CreditCause;
  referenceId: string | null;
  userId?: string | null;
  note?: string | null;
  metadata?: Json;
};

/** Changes a balance and writes a transaction. `id` makes ids; an amount of 0 changes nothing. */
export function addTransaction(
  engine: Pick<EngineBase, 'state' | 'now' | 'time' | 'fakes'>,
  accountId: string,
  { amount, cause, referenceId, userId = null, note = null, metadata }: Entry,
  ids: Pick<EngineBase['fakes'], 'id'> = engine.fakes,
) {
  const account = accountOf(engine, accountId);
  if (!account || amount === 0) return;
  change(account, { balance: amount });
  const value: CreditTransaction & { user_id: string | null } = {
    ...{ id: ids.id(engine.now()), account_id: accountId, amount, type: amount > 0 ? 'credit' : 'debit', reference_type: cause },
    ...{ reference_id: referenceId, note, metadata: metadata ?? null, thread_title: null, created_at: engine.time(), user_id: userId },
  };
  engine.state.add(transactionKind, { owner: accountId, parents: {}, value });
}

/** Newest first. */
export const transactionsOf = ({ state }: Pick<EngineBase, 'state'>, accountId: string) =>
  state.rows(transactionKind, ({ owner }) => owner === accountId);

export const usageRecords = ({ state }: Pick<EngineBase, 'state'>): UsageRecord[] =>
  state.rows(usageKind).map(({ value }) => value as UsageRecord);

export const sumOf = (records: readonly UsageRecord[]) => ({
  input_tokens: records.reduce((sum, { input_tokens: tokens }) => sum + tokens, 0),
  output_tokens: records.reduce((sum, { output_tokens: tokens }) => sum + tokens, 0),
  cost_usd: Number(records.reduce((sum, { cost_usd: cost }) => sum + cost, 0).toFixed(6)),
  record_count: records.length,
});

/** Reserves credits for a new run. Returns 0 if nothing is available. */
export function reserve(engine: Pick<EngineBase, 'state'>, accountId: string): number {
  const account = accountOf(engine, accountId);
  const reserved = Math.min(usualReservation, account?.available ?? 0);
  if (account && reserved > 0) change(account, { reserved });
  return reserved;
}

export function release(engine: Pick<EngineBase, 'state'>, accountId: string, reserved: number) {
  const account = accountOf(engine, accountId);
  if (account) change(account, { reserved: -reserved });
}

/** Records the usage of a run that has ended and deducts its credits, at most the balance. Returns the deducted credits. */
export function chargeRun(
  engine: EngineBase,
  { run_id, account_id, model, created_by_user_id: user_id }: Run & RunSummary,
  usage: MockUsage,
  ids: Pick<EngineBase['fakes'], 'id'>,
): number {
  const { input_tokens, output_tokens, cost_usd = 0, estimated } = usage;
  const used = { account_id, user_id, model: model ?? 'unknown', input_tokens, output_tokens, cost_usd };
  const bill = billOf(engine, usage);
  const charged = Math.min(bill.credits, balanceOf(engine, account_id).balance);
  const { credits, ...how } = bill;
  const shortfall = credits - charged;
  const record: UsageRecord = { ...used, run_id, shortfall, estimated: estimated ?? false, recorded_at: engine.time() };
  engine.state.add(usageKind, { owner: account_id, parents: {}, value: record });
  const metadata = {
    ...{ type: 'llm', input_tokens, output_tokens, cost_usd, credits_per_usd: 1_000, multiplier: 1, ...(estimated && { estimated }) },
    ...{ ...how, model: record.model, charged, shortfall },
  };
  addTransaction(engine, account_id, { amount: -charged, cause: 'run', referenceId: run_id, userId: user_id, metadata }, ids);
  return charged;
}

/** A thousand credits per US dollar or, without a cost, one per thousand tokens; at least 1, unless the policy waives it. */
function billOf(engine: EngineBase, { input_tokens, output_tokens, cost_usd = 0 }: MockUsage) {
  const tokens = input_tokens + output_tokens;
  const policy_multiplier = multiplierOf(settingOf(engine, 'credit.deduction_policy'), cost_usd || tokens * unpricedUsd);
  const raw_credits = (cost_usd > 0 ? cost_usd * 1_000 : tokens / 1_000) * policy_multiplier;
  const method = cost_usd > 0 ? 'cost_usd' : 'token_fallback';
  return { credits: raw_credits === 0 ? 0 : Math.ceil(raw_credits), raw_credits, policy_multiplier, method };
}

const Policy = z.object({ tiers: z.array(z.strictObject({ up_to_cost_usd: z.coerce.number().nullish(), multiplier: z.number() })) });

/** An unreadable policy is the default one. */
function multiplierOf(text: string | undefined, usd: number): number {
  const stored = text === undefined ? undefined : readPolicy(text);
  return (stored ?? defaultPolicy).tiers.find(({ up_to_cost_usd: below }) => below == null || usd < below)?.multiplier ?? 1;
}

function readPolicy(text: string): z.output<typeof Policy> | undefined {
  try {
    return Policy.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The value of a platform setting. */
export const settingOf = ({ state }: Pick<EngineBase, 'state'>, key: string): string | undefined =>
  state.rows(settingKind, ({ value }) => value.key === key)[0]?.value.value as string | undefined;
