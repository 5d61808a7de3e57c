import Big from 'big.js';
import { sql } from 'kysely';
import type { RunEventInput, Usage } from '../../../contract/events.ts';
import type { AnswerImage, TurnAnswer } from '../../agent/loop/runLoop.ts';
import { eventTotals, type UsageTotals } from '../../agent/loop/usageTotals.ts';
import type { Database, Transaction } from '../../database/sql.ts';
import { jsonb, statement } from '../../database/statement.ts';
import { queue } from '../../jobs/queue.ts';
import { cacheHitRate, usdCost } from '../../models/cost.ts';
import type { ModelMessage } from '../../models/model.ts';
import type { RunFailure } from '../../models/runFailure.ts';
import { metricsEvents } from '../../platform/telemetry/metricsEvents.ts';
import type { StoredRunEvent } from '../../pubsub/localRuns.ts';
import type { RunNotifier } from '../../pubsub/runNotifier.ts';
import { chargeRun } from '../../resources/credits/charge.ts';
import { appendRunEvents, storedEvents } from '../../resources/runs/appendRunEvents.ts';
import { announceCancelled, cancelDescendants, type CancelledRun } from '../../resources/runs/cancel.ts';
import type { StoredRunError } from '../../resources/runs/entity.ts';
import { activeStatuses } from '../../resources/runs/statuses.ts';
import { readSettings } from '../../resources/settings/settings.ts';
import { insertDeliveries } from '../../resources/webhooks/outbox.ts';
import {
  type AppendedEvents,
  appendSteps,
  type Lease,
  type LeasedRun,
  LeaseLost,
  storeRemainingPlan,
  valuesOfSteps,
  valuesWithEvents,
} from '../lease/lease.ts';
import { storeAnswer, storeUnfinished } from './answers.ts';

/** `history` holds the messages between the question and the answer. `images` are those of all turns. */
export type Completion = { type: 'completed'; answer: TurnAnswer; history: readonly ModelMessage[]; images?: readonly AnswerImage[] };

/** How a run ends. */
export type RunEnding = Completion | { type: 'failed'; failure: RunFailure } | { type: 'cancelled' };

const lockLeased = statement<{ id: string; token: string }>()((db, $) =>
  db
    .selectFrom('runs')
    .select(({ exists, selectFrom }) => [
      'status',
      'pending_inputs',
      sql<string | null>`route_snapshot ->> 'multiplier'`.as('multiplier'),
      exists(
        selectFrom('runs as c')
          .select(sql.lit(1).as('one'))
          .whereRef('c.account_id', '=', 'runs.account_id')
          .whereRef('c.parent_run_id', '=', 'runs.id')
          .where('c.status', 'in', activeStatuses),
      ).as('has_children'),
      exists(
        selectFrom('webhook_endpoints as e')
          .select(sql.lit(1).as('one'))
          .whereRef('e.account_id', '=', 'runs.account_id')
          .where('e.enabled', '=', sql.lit(true)),
      ).as('has_webhooks'),
    ])
    .where('id', '=', $.id)
    .where('lease_token', '=', $.token)
    .where('lease_until', '>', sql<string>`clock_timestamp()`)
    .forUpdate(),
);

type End = {
  inputTokens: number;
  outputTokens: number;
  /** A decimal. */
  costUsd: string;
  isEstimated: boolean;
  cacheHitRate: number | null;
  /** JSON. */
  error: string | null;
};

/** Appends the last events, and ends the run, whose row is locked and whose lease is checked. */
const endRun = statement<{ id: string } & AppendedEvents & { status: RunEnding['type'] } & End>()((db, $) =>
  appendRunEvents(
    db.with('run', (qc) =>
      qc
        .updateTable('runs')
        .set({
          ...valuesWithEvents($),
          status: $.status,
          completed_at: sql`case when ${$.status}::text = 'completed' then now() end`,
          failed_at: sql`case when ${$.status}::text = 'failed' then now() end`,
          cancelled_at: sql`case when ${$.status}::text = 'cancelled' then now() end`,
          total_input_tokens: $.inputTokens,
          total_output_tokens: $.outputTokens,
          total_cost_usd: sql`${$.costUsd}::numeric`,
          usage_estimated: $.isEstimated,
          cache_hit_rate: $.cacheHitRate,
          error: jsonb<StoredRunError>($.error),
          lease_token: sql.lit(null),
          lease_until: sql.lit(null),
        })
        .where('id', '=', $.id)
        .returning(['id', 'next_seq']),
    ),
    $,
  ).returning(['seq', 'created_at']),
);

/**
 * Ends a run: last events, answer, totals, usage record and the cancellation of its sub-agents commit together. An earlier cancellation takes precedence.
 * Returns false if input arrived before the answer was final: then only the events are written, and the run continues.
 */
export async function finishRun(
  database: Database,
  lease: Lease,
  rest: readonly RunEventInput[],
  ending: RunEnding,
  spent: UsageTotals,
  runNotifier?: RunNotifier,
): Promise<boolean> {
  const { run, token } = lease;
  let cancelled: CancelledRun[] = [];
  let stored: StoredRunEvent[] = [];
  const settings = await readSettings(database);
  const ended = await database.transaction(async (tx) => {
    stored = [];
    await storeRemainingPlan(tx, lease);
    const held = await tx.row(lockLeased, { id: run.id, token });
    if (!held) throw new LeaseLost(run.id);
    run.pending_inputs = held.pending_inputs;
    const isCancelled = held.status === 'cancelling';
    const wins: RunEnding = isCancelled ? { type: 'cancelled' } : ending;
    const goesOn = wins.type === 'completed' && held.pending_inputs > 0;
    // After a cancellation request, the worker may only write the final event.
    let last = isCancelled ? [] : rest;
    // An unfinished answer is read from the stored events.
    if (last.length > 0 && (goesOn || wins.type !== 'completed')) {
      const appended = await appendSteps(tx, { ...run, unstored_plan: undefined }, token, last);
      if (!appended) throw new LeaseLost(run.id);
      stored = appended;
      last = [];
    }
    if (goesOn) return undefined;
    const steps = [...last, await endingStep(tx, run, wins, spent)];
    // No run can use what its sub-agents would still find.
    cancelled = held.has_children ? await cancelDescendants(tx, queue, { accountId: run.account_id, id: run.id }) : [];
    // Sent with the commit: the rows that the runs of an account share are locked for as short as possible.
    const values = valuesOfSteps(run, token, steps);
    const sent = tx.rows(endRun, { ...values, ...endOf(wins, spent) }).then((rows) => {
      stored.push(...storedEvents(run, steps, values, rows));
    });
    tx.awaitAtCommit(sent);
    chargeRun(tx, { ...run, multiplier: held.multiplier }, spent, settings);
    if (held.has_webhooks) await insertDeliveries(tx, run);
    return wins;
  });
  runNotifier?.notifyReaders(run.id, stored);
  if (runNotifier) announceCancelled(cancelled, runNotifier);
  if (ended) metricsEvents.runEnded.emit({ status: ended.type, errorClass: ended.type === 'failed' ? ended.failure.errorClass : '' });
  return ended !== undefined;
}

async function endingStep(tx: Transaction, run: LeasedRun, ending: RunEnding, spent: UsageTotals): Promise<RunEventInput> {
  const totals = eventTotals(spent);
  switch (ending.type) {
    case 'completed': {
      const { answer, history, images = [] } = ending;
      const stored = await storeAnswer(tx, run, history, answer.text, images);
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

function endOf(ending: RunEnding, { usage, cost }: UsageTotals): End & { status: RunEnding['type'] } {
  const total: Usage = usage ?? {};
  const error = ending.type === 'failed' ? ending.failure : undefined;
  return {
    status: ending.type,
    inputTokens: total.input_tokens ?? 0,
    outputTokens: total.output_tokens ?? 0,
    costUsd: usdCost(new Big(cost)).usd,
    isEstimated: total.estimated ?? false,
    cacheHitRate: cacheHitRate(total),
    error: error ? JSON.stringify({ error_class: error.errorClass, message: error.message, resumable: error.resumable }) : null,
  };
}
