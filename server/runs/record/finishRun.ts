import Big from 'big.js';
import { expressionBuilder, sql } from 'kysely';
import type { RunEventInput, Usage } from '../../../contract/events.ts';
import type { AnswerImage, TurnAnswer } from '../../agent/loop/runLoop.ts';
import { eventTotals, type UsageTotals } from '../../agent/loop/usageTotals.ts';
import { backgroundShare } from '../../database/connection/connectionShares.ts';
import type { Database, Transaction } from '../../database/sql.ts';
import { type Builder, jsonb, type Parameters, statement } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';
import { queue } from '../../jobs/queue.ts';
import { cacheHitRate, usdCost } from '../../models/cost.ts';
import type { ModelMessage } from '../../models/model.ts';
import type { RunFailure } from '../../models/runFailure.ts';
import { errorCodeOf } from '../../platform/operatorError.ts';
import { metricsEvents } from '../../platform/telemetry/metricsEvents.ts';
import type { StoredRunEvent } from '../../pubsub/localRuns.ts';
import type { RunNotifier } from '../../pubsub/runNotifier.ts';
import { chargeRun, costOfOtherRuns } from '../../resources/credits/charge.ts';
import { appendRunEvents, noRunState, storedEvents } from '../../resources/runs/appendRunEvents.ts';
import { announceCancelled, cancelDescendants, type CancelledRun } from '../../resources/runs/cancel.ts';
import type { StoredRunError } from '../../resources/runs/entity.ts';
import { activeStatuses } from '../../resources/runs/statuses.ts';
import { readSettings, type Settings } from '../../resources/settings/settings.ts';
import { insertDeliveries } from '../../resources/webhooks/outbox.ts';
import {
  type AppendedEvents,
  appendSteps,
  hasWebhooks,
  type Held,
  isHeld,
  type Lease,
  type LeasedRun,
  LeaseLost,
  planOf,
  type StoredPlan,
  storeRemainingPlan,
  valuesOfSteps,
  valuesWithEvents,
} from '../lease/lease.ts';
import { insertNewAnswer, newAnswer, storeAnswer, storeUnfinished } from './answers.ts';

/** `history` holds the messages between the question and the answer. `images` are those of all turns. */
export type Completion = { type: 'completed'; answer: TurnAnswer; history: readonly ModelMessage[]; images?: readonly AnswerImage[] };

/** How a run ends. */
export type RunEnding = Completion | { type: 'failed'; failure: RunFailure } | { type: 'cancelled' };

const { exists, selectFrom } = expressionBuilder<Tables, 'runs'>();

const hasOpenChildren = exists(
  selectFrom('runs as c')
    .select(sql.lit(1).as('one'))
    .whereRef('c.account_id', '=', 'runs.account_id')
    .whereRef('c.parent_run_id', '=', 'runs.id')
    .where('c.status', 'in', activeStatuses),
);

const hasChildren = exists(
  selectFrom('runs as c')
    .select(sql.lit(1).as('one'))
    .whereRef('c.account_id', '=', 'runs.account_id')
    .whereRef('c.parent_run_id', '=', 'runs.id'),
);

const lockLeased = statement<{ id: string; token: string }>()((db, $) =>
  db
    .selectFrom('runs')
    .select([
      'status',
      'pending_inputs',
      sql<string | null>`route_snapshot ->> 'multiplier'`.as('multiplier'),
      hasChildren.as('has_children'),
      hasOpenChildren.as('has_open_children'),
      hasWebhooks.as('has_webhooks'),
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

type EndedRun = { id: string } & AppendedEvents & { status: RunEnding['type'] } & End;

const valuesOfEnd = ($: Parameters<EndedRun>) => ({
  ...valuesWithEvents($),
  status: $.status,
  completed_at: sql<string | null>`case when ${$.status}::text = 'completed' then now() end`,
  failed_at: sql<string | null>`case when ${$.status}::text = 'failed' then now() end`,
  cancelled_at: sql<string | null>`case when ${$.status}::text = 'cancelled' then now() end`,
  total_input_tokens: $.inputTokens,
  total_output_tokens: $.outputTokens,
  total_cost_usd: sql<number>`${$.costUsd}::numeric`,
  usage_estimated: $.isEstimated,
  cache_hit_rate: $.cacheHitRate,
  error: jsonb<StoredRunError>($.error),
  lease_token: sql.lit(null),
  lease_until: sql.lit(null),
});

/** Appends the last events, and ends the run, whose row is locked and whose lease is checked. */
const endRun = statement<EndedRun>({ needsSynchronousCommit: true })((db, $) =>
  appendRunEvents(
    db.with('run', (qc) => qc.updateTable('runs').set(valuesOfEnd($)).where('id', '=', $.id).returning(['id', 'next_seq'])),
    $,
  ).returning(['seq', 'created_at']),
);

type Undisturbed = Held & EndedRun;

/**
 * The same without a lock before. Fails with `noRunState` if the lease is lost, or if the end needs more: the run has input, is to be cancelled, or has
 * sub-agents or webhooks.
 */
const undisturbed = (db: Builder, $: Parameters<Undisturbed>, values: ReturnType<typeof valuesOfEnd>) =>
  appendRunEvents(
    db.with('run', (qc) =>
      qc
        .updateTable('runs')
        .set(values)
        .where(isHeld($))
        .where('pending_inputs', '=', sql.lit(0))
        .where(({ not }) => not(hasChildren))
        .where(({ not }) => not(hasWebhooks))
        .returning(['id', 'next_seq']),
    ),
    $,
    { isRequired: true },
  ).returning(['seq', 'created_at']);

const endUndisturbed = statement<Undisturbed>({ needsSynchronousCommit: true, bound: 'one' })((db, $) =>
  undisturbed(db, $, valuesOfEnd($)),
);
const endUndisturbedWithPlan = statement<Undisturbed & StoredPlan>({ needsSynchronousCommit: true, bound: 'one' })((db, $) =>
  undisturbed(db, $, { ...valuesOfEnd($), ...planOf($) }),
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
  const settings = await readSettings(database);
  const finished =
    (isOnlyAnswer(lease.run, ending) && (await finishAtOnce(database, lease, rest, ending, spent, settings))) ||
    (await finishLocked(database, lease, rest, ending, spent, settings));
  const { ended, stored, cancelled } = finished;
  runNotifier?.notifyReaders(lease.run.id, stored);
  if (runNotifier) announceCancelled(cancelled, runNotifier);
  if (ended) metricsEvents.runEnded.emit({ status: ended.type, errorClass: ended.type === 'failed' ? ended.failure.errorClass : '' });
  return ended !== undefined;
}

/** `ended` is undefined if the run continues. */
type Finished = { ended: RunEnding | undefined; stored: StoredRunEvent[]; cancelled: readonly CancelledRun[] };

/** Whether nothing is known that the end of the run needs beside its answer. */
const isOnlyAnswer = (run: LeasedRun, ending: RunEnding): ending is Completion =>
  ending.type === 'completed' &&
  ending.history.length === 0 &&
  !ending.images?.length &&
  run.root_run_id === null &&
  run.continues_run_id === null &&
  run.status === 'running' &&
  !run.pending_inputs &&
  !run.has_webhooks;

/** Ends a completed run in one packet. Undefined if the run turns out to be in a state that `finishLocked` must decide on. */
async function finishAtOnce(
  database: Database,
  { run, token }: Lease,
  rest: readonly RunEventInput[],
  ending: Completion,
  spent: UsageTotals,
  settings: Settings,
): Promise<Finished | undefined> {
  let stored: StoredRunEvent[] = [];
  try {
    await database.of(backgroundShare(run.account_id)).transaction(async (tx) => {
      const answer = newAnswer(run, ending.answer.text, 'complete');
      const steps = [...rest, completedStep(ending.answer, eventTotals(spent), answer)];
      const values = valuesOfSteps(run, token, steps);
      const end = { ...values, from: ['running' as const], ...endOf(ending, spent) };
      const { unstored_plan: plan } = run;
      const sent = plan ? tx.rows(endUndisturbedWithPlan, { ...end, ...plan }) : tx.rows(endUndisturbed, end);
      tx.awaitAtCommit(
        sent.then((rows) => {
          stored = storedEvents(run, steps, values, rows);
        }),
      );
      insertNewAnswer(tx, answer);
      chargeRun(tx, { ...run, multiplier: multiplierOf(run) }, spent, settings);
    });
  } catch (error) {
    if (errorCodeOf(error) === noRunState) return undefined;
    throw error;
  }
  return { ended: ending, stored, cancelled: [] };
}

/** The multiplier of the route, which only the holder of the lease chooses. */
function multiplierOf({ multiplier, route_snapshot: kept }: LeasedRun): string | null {
  if (multiplier !== undefined) return multiplier;
  const { multiplier: stored } = (kept ?? {}) as { multiplier?: string | number };
  return stored === undefined ? null : String(stored);
}

async function finishLocked(
  database: Database,
  lease: Lease,
  rest: readonly RunEventInput[],
  ending: RunEnding,
  spent: UsageTotals,
  settings: Settings,
): Promise<Finished> {
  const { run, token } = lease;
  let cancelled: CancelledRun[] = [];
  let stored: StoredRunEvent[] = [];
  const ended = await database.of(backgroundShare(run.account_id)).transaction(async (tx) => {
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
    cancelled = held.has_open_children ? await cancelDescendants(tx, queue, { accountId: run.account_id, id: run.id }) : [];
    const otherRunsUsd = run.root_run_id !== null || held.has_children ? await costOfOtherRuns(tx, run) : undefined;
    // Sent with the commit: the rows that the runs of an account share are locked for as short as possible.
    const values = valuesOfSteps(run, token, steps);
    const sent = tx.rows(endRun, { ...values, ...endOf(wins, spent) }).then((rows) => {
      stored.push(...storedEvents(run, steps, values, rows));
    });
    tx.awaitAtCommit(sent);
    chargeRun(tx, { ...run, multiplier: held.multiplier }, spent, settings, otherRunsUsd);
    if (held.has_webhooks) await insertDeliveries(tx, run);
    return wins;
  });
  return { ended, stored, cancelled };
}

async function endingStep(tx: Transaction, run: LeasedRun, ending: RunEnding, spent: UsageTotals): Promise<RunEventInput> {
  const totals = eventTotals(spent);
  switch (ending.type) {
    case 'completed': {
      const { answer, history, images = [] } = ending;
      return completedStep(answer, totals, await storeAnswer(tx, run, history, answer.text, images));
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

function completedStep(answer: TurnAnswer, totals: ReturnType<typeof eventTotals>, stored: { id: string; text: string }): RunEventInput {
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
