import { setTimeout as sleep } from 'node:timers/promises';
import Big from 'big.js';
import type { UsageTotals } from '../../agent/loop/runLoop.ts';
import { isTransientDatabaseError, ownFaultOf } from '../../database/connection/connectionErrors.ts';
import { usdCost } from '../../models/cost.ts';
import { ModelError } from '../../models/model.ts';
import { RunFailure, toRunFailure } from '../../models/runFailure.ts';
import { UnknownKeyError } from '../../platform/crypto/seal.ts';
import { reportUnopened } from '../../platform/crypto/unopened.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { reportEnd } from '../../resources/runs/reportEnd.ts';
import { readSettings } from '../../resources/settings/settings.ts';
import { startHeartbeat, WorkerStopped } from '../lease/heartbeat.ts';
import type { ConcurrencySlot } from '../lease/jobLimiter.ts';
import {
  CancelRequested,
  type Lease,
  type LeasedRun,
  LeaseLost,
  leaseRun,
  noteFailure,
  type RunJob,
  selectSuspect,
} from '../lease/lease.ts';
import { createEventWriter } from '../record/eventBuffer.ts';
import { finishRun, type RunEnding } from '../record/finishRun.ts';
import type { ExecuteDeps } from './executeDeps.ts';
import { answersOf } from './runAttempt.ts';

/** How often processes that lack its key leave a run to others, about five minutes in all, until it fails. */
const maxLeft = 14;
/** Of all events of a run. */
const maxEventBytes = 64 * 2 ** 20;

/**
 * Executes a queued run. Resolves when the run has ended (true) or another worker has it (false). Rejects if another worker should retry the job.
 *
 * If the worker dies, the lease expires, and `recoverRuns` (`lease/reaper.ts`) of any worker queues the run again. The next attempt takes a new
 * lease and resumes from the stored events (`record/replay.ts`): a tool call without a result is not repeated but ends with
 * `tool.interrupted`, except calls of the tools for sub-agents, which are made again. See docs/decisions/0005-queue-and-leases.md,
 * 0012-resuming-runs.md and 0051-sub-agents.md.
 */
export async function executeRun(deps: ExecuteDeps, runId: string, job: RunJob, slot: ConcurrencySlot): Promise<boolean> {
  const { attempts, activeRuns, config } = deps;
  for (let earlier = attempts.get(runId); earlier; earlier = attempts.get(runId)) {
    // It may have lost its lease while this process stood still, and not know it yet.
    activeRuns.get(runId)?.();
    await Promise.race([earlier.catch(() => {}), sleep(config.workerLeaseSeconds * 1_000, undefined, { ref: false })]);
    if (attempts.get(runId) === earlier) return false;
  }
  const attempt = attemptRun(deps, runId, job, trackSlot(slot)).finally(() => attempts.delete(runId));
  attempts.set(runId, attempt);
  return attempt;
}

/**
 * Leases a run. One whose worker was lost before may have been the cause, so it waits until no other such run is executed in this process: if the
 * process ends again, no other is suspected again. Meanwhile it has neither a lease nor a slot.
 */
async function leaseInTurn({ database, config, suspects, stopping }: ExecuteDeps, runId: string, job: RunJob, slot: ConcurrencySlot) {
  const lease = await leaseRun(database, runId, config.workerLeaseSeconds, job, 0);
  if (lease || !(await database.row(selectSuspect, { id: runId }))) return { lease, endTurn: () => {} };
  slot.release();
  const endTurn = (await suspects.take({ signal: stopping })) ?? (() => {});
  slot.retake();
  try {
    return { lease: await leaseRun(database, runId, config.workerLeaseSeconds, job), endTurn };
  } catch (error) {
    endTurn();
    throw error;
  }
}

async function attemptRun(deps: ExecuteDeps, runId: string, job: RunJob, tracked: TrackedSlot): Promise<boolean> {
  const { lease, endTurn: leave } = await leaseInTurn(deps, runId, job, tracked.slot);
  let hasTurn = true;
  const endTurn = () => {
    if (hasTurn) leave();
    hasTurn = false;
  };
  // A run that waits, for its user or for sub-agents that lost their worker with it, ends its turn.
  const slot: ConcurrencySlot = {
    ...tracked.slot,
    release() {
      endTurn();
      tracked.slot.release();
    },
    lend() {
      endTurn();
      tracked.slot.lend();
    },
  };
  try {
    return lease ? await executeLeased(deps, lease, job, { ...tracked, slot }) : false;
  } finally {
    endTurn();
  }
}

async function executeLeased(deps: ExecuteDeps, lease: Lease, job: RunJob, tracked: TrackedSlot): Promise<boolean> {
  const runId = lease.run.id;
  deps.runNotifier.notifyReaders(runId, lease.received);
  const heartbeat = startHeartbeat(deps, lease);
  const usageTotals: UsageTotals = { usage: undefined, cost: '0' };
  const writer = createEventWriter(async (steps) => {
    noteSpending(lease.run, usageTotals);
    if (lease.run.event_bytes > maxEventBytes)
      throw new RunFailure('run.events_exceeded', `The events of the run have more than ${maxEventBytes} bytes.`);
    const stored = await lease.append(steps).catch((error) => {
      heartbeat.reportError(error);
      throw error;
    });
    deps.runNotifier.notifyReaders(runId, stored);
    return stored[0]!.seq;
  });
  const settle = async (ending: RunEnding) => {
    const rest = await writer.drain().catch((error) => {
      if (ending.type === 'completed') throw error;
      return [];
    });
    noteSpending(lease.run, usageTotals);
    const isOver = await finishRun(deps.database, lease, rest, ending, usageTotals, deps.runNotifier);
    // If this fails, the parent finds the end of its child by polling.
    if (isOver && lease.run.parent_run_id !== null) await reportEnd(deps, lease.run.account_id, runId).catch(() => {});
    return isOver;
  };
  try {
    try {
      for await (const completion of answersOf(deps, { lease, heartbeat, writer, slot: tracked.slot, usageTotals }))
        if (await settle(completion)) return true;
      return false;
    } catch (error) {
      const ending = endingOf(error, heartbeat.signal);
      const unopened = unopenedIn(ending);
      const left = (job.left ?? 0) + 1;
      if (unopened && left <= maxLeft) {
        await writer.flush();
        await requeueRun(deps, lease, left);
        reportUnopened(deps.log, 'run', unopened);
        return false;
      }
      logUnexpectedError(deps.log, error, ending, lease);
      // From here on only the database decides about the lease: the end of the run may already be written.
      heartbeat.stop();
      return await settle(ending);
    }
  } catch (error) {
    if (error instanceof LeaseLost) return false;
    const failure = await repeatedFailure(deps, lease, error).catch(() => undefined);
    if (failure && (await settle({ type: 'failed', failure }).catch(() => false))) return true;
    // Events of executed tools must be stored before the run is released.
    await writer.flush().catch(() => {});
    if (error instanceof WorkerStopped && deps.stopping.aborted) {
      await requeueRun(deps, lease);
      return false;
    }
    // A run that has waited for input, or was started without the queue, no longer has a job that could be retried.
    if (!job.isLocal && !tracked.wasReleased()) throw error;
    await requeueRun(deps, lease).catch(() => {});
    return false;
  } finally {
    heartbeat.stop();
  }
}

/** What the budgets of the runs above it count. Stored with the next events. */
function noteSpending(run: LeasedRun, { usage, cost }: UsageTotals) {
  run.spent_cost_micros = Math.max(run.spent_cost_micros, usdCost(new Big(cost)).micros);
  run.spent_output_tokens = Math.max(run.spent_output_tokens, usage?.output_tokens ?? 0);
}

/** The failure that ends the run, if its last attempt ended with the same error of the database. One more would repeat its calls, which are paid for. */
async function repeatedFailure({ database, log }: ExecuteDeps, { run, token }: Lease, error: unknown): Promise<RunFailure | undefined> {
  const sqlState = ownFaultOf(error);
  if (sqlState === undefined) return undefined;
  const noted = await database.row(noteFailure, { id: run.id, token, failure: sqlState });
  if (!noted?.is_repeated) return undefined;
  log.error({ err: error, run_id: run.id, trace_id: run.trace_id }, 'a run failed twice in the same way, and is not tried again');
  return new RunFailure('run.repeated_failure', 'The run failed twice in the same way.', {
    reason: 'database_error',
    details: { sqlstate: sqlState },
  });
}

type TrackedSlot = ReturnType<typeof trackSlot>;

function trackSlot(slot: ConcurrencySlot) {
  let isReleased = false;
  const tracked = (release: () => void) => () => {
    isReleased = true;
    release();
  };
  return { slot: { ...slot, release: tracked(slot.release), lend: tracked(slot.lend) }, wasReleased: () => isReleased };
}

/** Queues a run again. The retry of a failed job would be delayed by its backoff. */
async function requeueRun({ database, queue }: ExecuteDeps, { run, release }: Lease, left?: number) {
  await release();
  await queue.enqueueRun(database, run, (await readSettings(database))['queue.max_attempts'], left);
}

/** The stored value that a run failed for, because this process lacks its key. */
function unopenedIn(ending: RunEnding): UnknownKeyError | undefined {
  return ending.type === 'failed' && ending.failure.cause instanceof UnknownKeyError ? ending.failure.cause : undefined;
}

function endingOf(error: unknown, signal: AbortSignal): RunEnding {
  const cause: unknown = signal.aborted ? signal.reason : error;
  if (cause instanceof LeaseLost || cause instanceof WorkerStopped) throw cause;
  if (cause instanceof CancelRequested) return { type: 'cancelled' };
  // The database is unavailable. Another attempt replays the stored events.
  if (isTransientDatabaseError(cause)) throw cause;
  return { type: 'failed', failure: toRunFailure(cause) };
}

/** Logs unexpected errors, which the user does not see. */
function logUnexpectedError(log: Log, err: unknown, { type }: RunEnding, { run }: Lease) {
  if (type !== 'failed' || err instanceof RunFailure || err instanceof ModelError) return;
  log.error({ err, run_id: run.id, trace_id: run.trace_id }, 'a run failed for a reason that was not foreseen');
}
