import type { RunStatus } from '../../contract/runRequests.ts';
import type { Config } from '../kernel/config.ts';
import type { Log } from '../kernel/log.ts';
import { longestTimer } from '../kernel/timers.ts';
import { CancelRequested, type Lease, LeaseLost } from './lease.ts';

type HoldDeps = {
  config: Pick<Config, 'workerHeartbeatSeconds'>;
  /** The runs this process executes, by id: what a notification about one has to reach. */
  held: Map<string, () => void>;
  /** Aborted when the process stops. */
  stopping: AbortSignal;
  log: Log;
};

/** The process stops, or cannot keep its lease: the run goes on elsewhere. */
export class Stopped extends Error {
  override name = 'Stopped';
}

/** Renew the lease at every heartbeat; the signal aborts when the run must stop here, and its reason says why. */
export function keepLease({ config, held, stopping, log }: HoldDeps, lease: Lease) {
  const abort = new AbortController();
  let misses = 0;
  let over = false;
  const listeners = new Set<() => void>();
  const hear = (status: RunStatus) => {
    if (status === 'running') for (const listener of listeners) listener();
  };
  const judge = (error: unknown) => {
    if (over) return;
    if (error instanceof LeaseLost || error instanceof CancelRequested) abort.abort(error);
    else log.debug({ err: error, run_id: lease.run.id }, 'a heartbeat failed');
  };
  const beat = oneAtATime(async () => {
    try {
      hear(await lease.renew());
      misses = 0;
    } catch (error) {
      judge(error);
      if (++misses === 3) abort.abort(new Stopped('the lease could not be renewed'));
    }
  }, judge);
  // The worker's own events ring too, so what a ring costs is a read.
  const look = oneAtATime(async () => hear(await lease.check()), judge);
  const timer = setInterval(beat, config.workerHeartbeatSeconds * 1_000);
  const stop = () => abort.abort(new Stopped('the worker stops'));
  if (stopping.aborted) stop();
  stopping.addEventListener('abort', stop, { once: true });
  held.set(lease.run.id, look);
  return {
    signal: abort.signal,
    /** Resolves when a waiting run is seen to go on, or after `ms`; rejects with the reason of `signal`. */
    async whileWaiting(ms: number, signal: AbortSignal) {
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      const done = () => resolve();
      const timer = setTimeout(done, Math.min(Math.max(0, ms), longestTimer));
      listeners.add(done);
      signal.addEventListener('abort', done);
      // It may have gone on before anybody listened.
      look();
      await promise;
      listeners.delete(done);
      signal.removeEventListener('abort', done);
      clearTimeout(timer);
      signal.throwIfAborted();
    },
    /** What a write was told of the lease holds for everything that is under way. */
    learn(error: unknown) {
      if (error instanceof LeaseLost || error instanceof CancelRequested) abort.abort(error);
    },
    stop() {
      over = true;
      clearInterval(timer);
      stopping.removeEventListener('abort', stop);
      held.delete(lease.run.id);
    },
  };
}

export type Hold = ReturnType<typeof keepLease>;

/** Calls that come during a call make one more, since what they are about may have been missed by it. */
function oneAtATime(work: () => Promise<void>, onError: (error: unknown) => void): () => void {
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
