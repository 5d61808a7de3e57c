import { RunFailure, runFailureOf } from '../agent/failure.ts';
import type { Spent } from '../agent/loop.ts';
import { ModelError } from '../agent/model.ts';
import type { ToolSources } from '../agent/tools/sources.ts';
import type { Bell, Queue } from '../kernel/app.ts';
import type { Config } from '../kernel/config.ts';
import type { Keys } from '../kernel/keys.ts';
import type { Log } from '../kernel/log.ts';
import { isConnectionLost } from '../kernel/lostConnection.ts';
import type { Outbound } from '../kernel/outbound.ts';
import type { Database } from '../kernel/sql.ts';
import type { Storage } from '../kernel/storage.ts';
import { readSettings } from '../resources/settings/settings.ts';
import { attemptRun } from './attempt.ts';
import { keepLease, Stopped } from './hold.ts';
import { CancelRequested, type Lease, LeaseLost, leaseRun } from './lease.ts';
import { type Ending, settleRun } from './settle.ts';
import type { Seat } from './slots.ts';
import { createWriter } from './writer.ts';

export type ExecuteDeps = {
  config: Config;
  keys: Keys;
  database: Database;
  outbound: Outbound;
  /** The object store; undefined where none is configured. */
  storage: Storage | undefined;
  /** Where the tools of runs come from. */
  tools: ToolSources;
  bell: Bell;
  queue: Queue;
  log: Log;
  /** The runs this process executes, by id: what a notification about one has to reach. */
  held: Map<string, () => void>;
  /** Aborted when the process stops: the run is left for another worker. */
  stopping: AbortSignal;
};

/** Execute a run that was queued. Resolves when it has ended or is somebody else's; rejects when another worker should try. */
export async function executeRun(deps: ExecuteDeps, runId: string, jobId: string, seat: Seat): Promise<void> {
  const lease = await leaseRun(deps.database, runId, deps.config.workerLeaseSeconds);
  if (!lease) return;
  const hold = keepLease(deps, lease);
  const spent: Spent = { usage: undefined, cost: '0' };
  const writer = createWriter(async (steps) => {
    const first = await lease.append(steps).catch((error) => {
      hold.learn(error);
      throw error;
    });
    deps.bell.ring(runId);
    return first;
  });
  const settle = async (ending: Ending) => {
    const rest = await writer.drain().catch((error) => {
      if (ending.type === 'completed') throw error;
      return [];
    });
    const isOver = await settleRun(deps.database, lease, rest, ending, spent);
    deps.bell.ring(runId);
    return isOver;
  };
  const post = watched(seat);
  try {
    const complete = (answer: Completion['answer'], trail: Completion['trail']) => settle({ type: 'completed', answer, trail });
    await attemptRun(deps, { lease, hold, writer, seat: post.seat, spent, jobId, complete }).catch(async (error) => {
      const ending = endingOf(error, hold.signal);
      tellUnforeseen(deps.log, error, ending, lease);
      // What is learnt of the lease from here on is for the database to say: the end may already be written.
      hold.stop();
      await settle(ending);
    });
  } catch (error) {
    if (error instanceof LeaseLost) return;
    // What tools have done is told before the run is let go.
    await writer.flush().catch(() => {});
    if (error instanceof Stopped && deps.stopping.aborted) return await handBack(deps, lease);
    // A run that has waited has no job any more which could be tried again.
    if (post.wasLeft()) return await handBack(deps, lease).catch(() => {});
    throw error;
  } finally {
    hold.stop();
  }
}

type Completion = Extract<Ending, { type: 'completed' }>;

function watched(seat: Seat) {
  let left = false;
  const leave = () => {
    left = true;
    seat.leave();
  };
  return { seat: { ...seat, leave }, wasLeft: () => left };
}

/** Give a run to whoever takes jobs next: a job that merely failed would wait for its turn. */
async function handBack({ database, queue }: ExecuteDeps, { run, release }: Lease) {
  await release();
  await queue.executeRun(database, run, (await readSettings(database))['queue.max_attempts']);
}

function endingOf(error: unknown, signal: AbortSignal): Ending {
  const cause: unknown = signal.aborted ? signal.reason : error;
  if (cause instanceof LeaseLost || cause instanceof Stopped) throw cause;
  if (cause instanceof CancelRequested) return { type: 'cancelled' };
  // The database is away: another attempt finds the log as it is.
  if (isDatabaseError(cause)) throw cause;
  return { type: 'failed', failure: runFailureOf(cause) };
}

/** What nobody foresaw says nothing to the user; the operator reads here what it was. */
function tellUnforeseen(log: Log, err: unknown, { type }: Ending, { run }: Lease) {
  if (type !== 'failed' || err instanceof RunFailure || err instanceof ModelError) return;
  log.error({ err, run_id: run.id, trace_id: run.trace_id }, 'a run failed for a reason that was not foreseen');
}

const isDatabaseError = (error: unknown) => {
  const { code } = error as { code?: string };
  return (typeof code === 'string' && /^(08|53|57|40001|40P01|55P03|ECONN|EPIPE)/.test(code)) || isConnectionLost(error);
};
