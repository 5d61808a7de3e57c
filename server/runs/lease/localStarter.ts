import { withoutSpan } from '../../platform/telemetry/spans.ts';
import type { HeldJob, RunStarter } from '../../pubsub/localRuns.ts';
import type { ConcurrencySlot, JobLimiter } from './jobLimiter.ts';

type LocalStarterOptions = {
  slots: JobLimiter;
  /** How long the queue holds a job, in milliseconds. */
  heldMs: number;
  /** Looks for a job in the queue. `looked` gets the result. */
  lookAtQueue(): void;
  execute(job: HeldJob, slot: ConcurrencySlot): Promise<void>;
  onError(error: unknown): void;
};

/**
 * Starts runs of the same process in order, each when a slot is free. Runs of the queue come first, because they have waited longer here or elsewhere: while
 * all slots are taken again and again, the queue is looked at before the next start.
 */
export type LocalStarter = RunStarter & {
  /** Call when a slot has become free. `isLooking`: who leaves it looks at the queue next. */
  startNext(isLooking?: boolean): void;
  /** Call after a look at the queue. */
  looked(isFound: boolean): void;
  /** Starts no more runs. Resolves when those that were started have ended. The queue has the jobs of the others. */
  stop(): Promise<void>;
};

/** Runs that wait for a slot here. Further ones are left to the queue, and to all workers. */
const maxWaiting = 100;

/** Least time between two looks at a queue without jobs, in milliseconds. */
const lookMs = 100;
/** How long a look may take, in milliseconds: a runner that is being restarted does not look. */
const maxLookMs = 500;

export function createLocalStarter({ slots, heldMs, lookAtQueue, execute, onError }: LocalStarterOptions): LocalStarter {
  const waiting: { job: HeldJob; until: number }[] = [];
  const started = new Set<Promise<void>>();
  let isStopped = false;
  let looking: NodeJS.Timeout | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  /** Whether the last look found a job. */
  let hasQueued = false;
  /** Whether all slots were taken since the last look, so that the queue could get none. */
  let wasFull = false;

  const isLookDue = () => hasQueued || (wasFull && performance.now() - lookedAt >= lookMs);
  function awaitLook() {
    wasFull = false;
    looking = setTimeout(looked, maxLookMs, false).unref();
  }
  function looked(isFound: boolean) {
    clearTimeout(looking);
    looking = undefined;
    lookedAt = performance.now();
    hasQueued = isFound;
    // The job that was found takes the slot.
    if (!isFound) startNext();
  }
  function startNext(isLooking = false) {
    if (isStopped || looking || slots.isFull()) return;
    if (isLookDue()) {
      awaitLook();
      if (!isLooking) lookAtQueue();
      return;
    }
    while (waiting.length > 0 && !slots.isFull()) {
      const { job, until } = waiting.shift()!;
      // Later, another worker may be about to take the job.
      if (performance.now() < until) run(job);
    }
  }
  function run(job: HeldJob) {
    // A run does not belong to the request that created it, nor to the run whose slot it takes.
    const running: Promise<void> = withoutSpan(() => slots.run((slot) => execute(job, slot)))
      .catch(onError)
      .finally(() => {
        started.delete(running);
        startNext();
      });
    started.add(running);
    wasFull ||= slots.isFull();
  }
  return {
    canStart: () => !isStopped && !slots.hasManyWaiting() && waiting.length < maxWaiting,
    start(job) {
      if (isStopped) return;
      waiting.push({ job, until: performance.now() + heldMs * 0.75 });
      wasFull ||= slots.isFull();
      startNext();
    },
    startNext,
    looked,
    async stop() {
      isStopped = true;
      clearTimeout(looking);
      waiting.length = 0;
      await Promise.all(started);
    },
  };
}
