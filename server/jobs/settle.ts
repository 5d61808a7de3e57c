import Big from 'big.js';
import type { RunStep, Usage } from '../../contract/events.ts';
import { cacheHitRate, usdCost } from '../agent/cost.ts';
import type { RunFailure } from '../agent/failure.ts';
import { type Spent, totalsOf } from '../agent/loop/spending.ts';
import type { Answer } from '../agent/loop.ts';
import type { ModelMessage } from '../agent/model.ts';
import { facts } from '../kernel/facts.ts';
import { type Database, statement, type Transaction } from '../kernel/sql.ts';
import { type ChargedRun, chargeRun } from '../resources/credits/charge.ts';
import { readSettings, type Settings } from '../resources/settings/settings.ts';
import { insertDeliveries } from '../resources/webhooks/outbox.ts';
import { storeAnswer, storeUnfinished } from './answers.ts';
import { appendSteps, type Lease, type LeasedRun, LeaseLost } from './lease.ts';

/** How a run ends; `trail` is what was said between the question and the answer. */
export type Ending =
  | { type: 'completed'; answer: Answer; trail: readonly ModelMessage[] }
  | { type: 'failed'; failure: RunFailure }
  | { type: 'cancelled' };

const lockLeased = statement<{ status: string; pending_inputs: number; multiplier: string | null }>(`
  select status, pending_inputs, route_snapshot ->> 'multiplier' as multiplier from runs
  where id = $1 and lease_token = $2 and lease_until > clock_timestamp() for update`);
/** The last event is appended to a run of any open status, so the statement that appends needs it to be running for a moment. */
const reopen = statement<never>(`update runs set status = 'running' where id = $1 and status = 'cancelling'`);

const endRun = statement<never>(`
  update runs set status = $2, completed_at = case when $2 = 'completed' then now() end, failed_at = case when $2 = 'failed' then now() end,
    cancelled_at = case when $2 = 'cancelled' then now() end, total_input_tokens = $3, total_output_tokens = $4, total_cost_usd = $5,
    usage_estimated = $6, cache_hit_rate = $7, error = $8, lease_token = null, lease_until = null
  where id = $1`);

/**
 * End a run: last events, answer, totals and usage record commit together. A cancellation that came first wins over everything. False when
 * input came before the answer was final: then only the events are written, and the run goes on.
 */
export async function settleRun(
  database: Database,
  lease: Lease,
  rest: readonly RunStep[],
  ending: Ending,
  spent: Spent,
): Promise<boolean> {
  const { run, token } = lease;
  const settings = await readSettings(database);
  const ended = await database.transaction(async (tx) => {
    const held = await tx.row(lockLeased, [run.id, token]);
    if (!held) throw new LeaseLost(run.id);
    const isCancelled = held.status === 'cancelling';
    const wins: Ending = isCancelled ? { type: 'cancelled' } : ending;
    if (isCancelled) await tx.run(reopen, [run.id]);
    const goesOn = wins.type === 'completed' && held.pending_inputs > 0;
    // Nothing of the worker's but the end itself follows a request to cancel.
    const before = isCancelled ? [] : rest;
    const append = async (steps: readonly RunStep[]) => {
      if (steps.length > 0 && (await appendSteps(tx, run, token, steps)) === undefined) throw new LeaseLost(run.id);
    };
    // An answer that is not complete is read from the events.
    const isSplit = wins.type !== 'completed';
    if (isSplit) await append(before);
    await append([...(isSplit ? [] : before), ...(goesOn ? [] : [await endingStep(tx, run, wins, spent)])]);
    if (!goesOn) recordEnd(tx, { ...run, multiplier: held.multiplier }, wins, spent, settings);
    return goesOn ? undefined : wins;
  });
  if (ended) facts.runEnded.tell({ status: ended.type, errorClass: ended.type === 'failed' ? ended.failure.errorClass : '' });
  return ended !== undefined;
}

async function endingStep(tx: Transaction, run: LeasedRun, ending: Ending, spent: Spent): Promise<RunStep> {
  const totals = totalsOf(spent);
  switch (ending.type) {
    case 'completed': {
      const { answer, trail } = ending;
      const stored = await storeAnswer(tx, run, trail, answer.text);
      const isExtended = stored.text !== answer.text;
      return {
        type: 'run.completed',
        data: {
          ...(answer.llmCallId && { llm_call_id: answer.llmCallId }),
          ...totals,
          message_id: stored.id,
          assistant_message: isExtended ? { ...answer.message, content: [{ type: 'text', text: stored.text }] } : answer.message,
        },
      };
    }
    case 'failed': {
      const { errorClass, message, code, details, reason, resumable } = ending.failure;
      const why = { error_class: errorClass, message, ...(code && { code }), ...(details && { details }), ...(reason && { reason }) };
      return { type: 'run.failed', data: { ...why, ...totals, resumable, ...shownBy(await storeUnfinished(tx, run, 'failed')) } };
    }
    case 'cancelled':
      return { type: 'run.cancelled', data: { reason: 'cancel_signal', ...totals, ...shownBy(await storeUnfinished(tx, run, 'stopped')) } };
  }
}

const shownBy = (stored: { id: string } | undefined) => (stored ? { message_id: stored.id } : {});

/** Sent and not waited for: the commit follows in the same packet. */
function recordEnd(tx: Transaction, run: ChargedRun, ending: Ending, { usage, cost }: Spent, settings: Settings) {
  const total: Usage = usage ?? {};
  const { usd } = usdCost(new Big(cost));
  const error = ending.type === 'failed' ? ending.failure : undefined;
  const totals = [total.input_tokens ?? 0, total.output_tokens ?? 0, usd, total.estimated ?? false, cacheHitRate(total)];
  const why = error ? JSON.stringify({ error_class: error.errorClass, message: error.message, resumable: error.resumable }) : null;
  tx.withCommit(tx.run(endRun, [run.id, ending.type, ...totals, why]));
  chargeRun(tx, run, { usage, cost }, settings);
  insertDeliveries(tx, run);
}
