import Big from 'big.js';
import type { RunStep, Usage } from '../../contract/events.ts';
import { cacheHitRate, usdCost } from '../agent/cost.ts';
import type { RunFailure } from '../agent/failure.ts';
import { type Answer, costSpent, type Spent } from '../agent/loop.ts';
import { newId } from '../kernel/ids.ts';
import { type Database, type Sql, statement, type Transaction } from '../kernel/sql.ts';
import { insertAnswer } from '../resources/messages/queries.ts';
import { appendSteps, type Lease, type LeasedRun, LeaseLost } from './lease.ts';

/** How a run ends. */
export type Ending = { type: 'completed'; answer: Answer } | { type: 'failed'; failure: RunFailure } | { type: 'cancelled' };

const lockLeased = statement<{ status: string }>(
  `select status from runs where id = $1 and lease_token = $2 and lease_until > clock_timestamp() for update`,
);
/** The last event is appended to a run of any open status, so the statement that appends needs it to be running for a moment. */
const reopen = statement<never>(`update runs set status = 'running' where id = $1 and status = 'cancelling'`);

const endRun = statement<never>(`
  update runs set status = $2, completed_at = case when $2 = 'completed' then now() end, failed_at = case when $2 = 'failed' then now() end,
    cancelled_at = case when $2 = 'cancelled' then now() end, total_input_tokens = $3, total_output_tokens = $4, total_cost_usd = $5,
    cache_hit_rate = $6, error = $7, lease_token = null, lease_until = null
  where id = $1`);

const insertUsage = statement<never>(`
  insert into usage_records (account_id, run_id, usage_type, model, input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens,
    cached_tokens, cost_usd)
  values ($1, $2, 'llm', (select model from runs where id = $2), $3, $4, $5, $6, $7, $8)
  on conflict (account_id, run_id, usage_type) do update set input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
    cache_creation_input_tokens = excluded.cache_creation_input_tokens, cache_read_input_tokens = excluded.cache_read_input_tokens,
    cached_tokens = excluded.cached_tokens, cost_usd = excluded.cost_usd`);

/** End a run: last events, answer, totals and usage record commit together. A cancellation that came first wins over everything. */
export async function settleRun(database: Database, lease: Lease, rest: readonly RunStep[], ending: Ending, spent: Spent): Promise<void> {
  const { run, token } = lease;
  await database.transaction(async (tx) => {
    const held = await tx.row(lockLeased, [run.id, token]);
    if (!held) throw new LeaseLost(run.id);
    const wins: Ending = held.status === 'cancelling' ? { type: 'cancelled' } : ending;
    if (held.status === 'cancelling') await tx.run(reopen, [run.id]);
    // Nothing of the worker's but the end itself follows a request to cancel.
    const before = held.status === 'cancelling' ? [] : rest;
    const last = await endingStep(tx, run, wins, spent);
    const written = await appendSteps(tx, run, token, [...before, last]);
    if (written === 0) throw new LeaseLost(run.id);
    await recordEnd(tx, run, wins, spent);
  });
}

async function endingStep(tx: Transaction, run: LeasedRun, ending: Ending, spent: Spent): Promise<RunStep> {
  const cost = costSpent(spent);
  const totals = { ...(spent.usage && { usage: spent.usage }), ...(cost && { cost }) };
  switch (ending.type) {
    case 'completed': {
      const { answer } = ending;
      const messageId = newId();
      await tx.run(insertAnswer, [run.account_id, run.thread_id, messageId, storable(answer.text), run.id]);
      return {
        type: 'run.completed',
        data: { llm_call_id: answer.llmCallId, ...totals, message_id: messageId, assistant_message: answer.message },
      };
    }
    case 'failed': {
      const { errorClass, message, code, details, reason, resumable } = ending.failure;
      const why = { error_class: errorClass, message, ...(code && { code }), ...(details && { details }), ...(reason && { reason }) };
      return { type: 'run.failed', data: { ...why, ...totals, resumable } };
    }
    case 'cancelled':
      return { type: 'run.cancelled', data: { reason: 'cancel_signal', ...totals } };
  }
}

async function recordEnd(sql: Sql, run: LeasedRun, ending: Ending, { usage, cost }: Spent) {
  const total: Usage = usage ?? {};
  const { usd } = usdCost(new Big(cost));
  const error = ending.type === 'failed' ? ending.failure : undefined;
  await sql.run(endRun, [
    run.id,
    ending.type,
    total.input_tokens ?? 0,
    total.output_tokens ?? 0,
    usd,
    cacheHitRate(total),
    error ? JSON.stringify({ error_class: error.errorClass, message: error.message, resumable: error.resumable }) : null,
  ]);
  await recordUsage(sql, run, { usage, cost });
}

/** Record what a run has used; recorded again it is replaced. */
export async function recordUsage(
  sql: Sql,
  { id, account_id }: Pick<LeasedRun, 'id' | 'account_id'>,
  { usage: total = {}, cost }: Pick<Spent, 'usage' | 'cost'>,
) {
  const { usd } = usdCost(new Big(cost));
  const tokens = [
    total.input_tokens,
    total.output_tokens,
    total.cache_creation_input_tokens,
    total.cache_read_input_tokens,
    total.cached_tokens,
  ];
  await sql.run(insertUsage, [account_id, id, ...tokens.map((count) => count ?? 0), usd]);
}

/** PostgreSQL stores no U+0000, and a lone surrogate is no text. */
const storable = (text: string) => text.replaceAll('\0', '').toWellFormed();
