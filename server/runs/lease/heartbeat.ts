import type { RunStatus } from '../../../contract/runRequests.ts';
import type { Config } from '../../platform/config/config.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { maxTimerMs } from '../../platform/timers.ts';
import { CancelRequested, type Lease, LeaseLost } from './lease.ts';

type HeartbeatDeps = {
  config: Pick<Config, 'workerHeartbeatSeconds' | 'workerLeaseSeconds'>;
  /** The runs of this process by id. A notification about a run calls its function. */
  activeRuns: Map<string, () => void>;
  /** Aborted when the process stops. */
  stopping: AbortSignal;
  log: Log;
};

/** The process stops, or cannot renew its lease. The run continues in another worker. */
export class WorkerStopped extends Error {
  override name = 'WorkerStopped';
}

/** Renews the lease at every heartbeat. `signal` aborts when the run must stop in this process; its reason says why. */
export function startHeartbeat({ config, activeRuns, stopping, log }: HeartbeatDeps, lease: Lease) {
  const abort = new AbortController();
  let misses = 0;
  // The lease lasts from when PostgreSQL renewed it, which is later.
  let renewedAt = performance.now();
  let over = false;
  const listeners = new Set<() => void>();
  const notified = new Set<() => void>();
  const hear = (status: RunStatus) => {
    if (status === 'running') for (const listener of listeners) listener();
  };
  const judge = (error: unknown) => {
    if (over) return;
    if (error instanceof LeaseLost || error instanceof CancelRequested) abort.abort(error);
    else log.debug({ err: error, run_id: lease.run.id }, 'a heartbeat failed');
  };
  const beat = coalesceCalls(async () => {
    const sentAt = performance.now();
    try {
      hear(await lease.renew());
      renewedAt = sentAt;
      misses = 0;
    } catch (error) {
      judge(error);
      if (++misses === 3) abort.abort(new WorkerStopped('the lease could not be renewed'));
    }
  }, judge);
  // The worker's own events also notify it, so the reaction to a notification must not cost more than a read.
  const look = coalesceCalls(async () => hear(await lease.check()), judge);
  const timer = setInterval(() => {
    // A renewal without answer neither succeeds nor fails. Nothing more can be written, and another worker may have the run.
    if (performance.now() - renewedAt > config.workerLeaseSeconds * 1_000) abort.abort(new LeaseLost(lease.run.id));
    beat();
  }, config.workerHeartbeatSeconds * 1_000);
  const stop = () => abort.abort(new WorkerStopped('the worker stops'));
  if (stopping.aborted) stop();
  stopping.addEventListener('abort', stop, { once: true });
  activeRuns.set(lease.run.id, () => {
    lease.run.pending_inputs = undefined;
    look();
    for (const listener of notified) listener();
  });
  return {
    signal: abort.signal,
    /** Resolves when a waiting run continues, or after `ms`. Rejects with the reason of `signal`. */
    whileWaiting(ms: number, signal: AbortSignal): Promise<void> {
      const waiting = untilCalled(listeners, ms, signal);
      // The run may have continued before the listener was added.
      look();
      return waiting;
    },
    /** Resolves at the next notification about the run, or after `ms`. Rejects with the reason of `signal`. */
    nextNotification: (ms: number, signal: AbortSignal): Promise<void> => untilCalled(notified, ms, signal),
    /** Stops all work of the run if a write found the lease lost or a cancellation requested. */
    reportError(error: unknown) {
      if (error instanceof LeaseLost || error instanceof CancelRequested) abort.abort(error);
    },
    stop() {
      over = true;
      clearInterval(timer);
      stopping.removeEventListener('abort', stop);
      activeRuns.delete(lease.run.id);
    },
  };
}

export type Heartbeat = ReturnType<typeof startHeartbeat>;

/** Resolves when its listener is called, or after `ms`. Rejects with the reason of `signal`. */
async function untilCalled(listeners: Set<() => void>, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => resolve();
  const timer = setTimeout(done, Math.min(Math.max(0, ms), maxTimerMs));
  listeners.add(done);
  signal.addEventListener('abort', done);
  await promise;
  listeners.delete(done);
  signal.removeEventListener('abort', done);
  clearTimeout(timer);
  signal.throwIfAborted();
}

/** Calls during a running call cause one more call afterwards, because the running one may have missed the change. */
function coalesceCalls(work: () => Promise<void>, onError: (error: unknown) => void): () => void {
  let busy = false;
  let again = false;
  return function call() {
    again = busy;
    if (busy) return;
    busy = true;
    work()
      .catch(onError)
      .finally(() => {
        busy = false;
        if (again) call();
      });
  };
}
