import { withoutSpan } from '../../platform/telemetry/spans.ts';
import type { LocalRun, RunStarter } from '../../pubsub/localRuns.ts';
import type { ConcurrencySlot, JobLimiter } from './jobLimiter.ts';

type LocalStarterOptions = {
  slots: JobLimiter;
  /** How long a run waits for a slot here before it is queued, in milliseconds. */
  waitMs: number;
  /** Looks for a job in the queue. `looked` gets the result. */
  lookAtQueue(): void;
  execute(run: LocalRun, slot: ConcurrencySlot): Promise<void>;
  /** Queues a run that is not started here. */
  enqueue(run: LocalRun): Promise<void>;
  onError(error: unknown): void;
};

/**
 * Starts runs of the same process in turn by account, each when a slot is free. Runs of the queue come first, because they have waited longer here or elsewhere: while
 * all slots are taken again and again, the queue is looked at before the next start.
 */
export type LocalStarter = RunStarter & {
  /** Call when a slot has become free. `isLooking`: who leaves it looks at the queue next. */
  startNext(isLooking?: boolean): void;
  /** Call after a look at the queue. */
  looked(isFound: boolean): void;
  /** Starts no more runs, and queues those that wait. Resolves when those that were started have ended. */
  stop(): Promise<void>;
};

type Waiting = { run: LocalRun; until: number; round: number };

/** Runs that wait for a slot here. Further ones are queued, for all workers. */
const maxWaiting = 100;

/** Least time between two looks at a queue without jobs, in milliseconds. */
const lookMs = 100;
/** How long a look may take, in milliseconds: a runner that is being restarted does not look. */
const maxLookMs = 500;

export function createLocalStarter({ slots, waitMs, lookAtQueue, execute, enqueue, onError }: LocalStarterOptions): LocalStarter {
  const waiting: Waiting[] = [];
  /** In each round an account starts one run. */
  let round = 0;
  /** Runs that have been started, or are being queued. */
  const underway = new Set<Promise<void>>();
  let expiry: NodeJS.Timeout | undefined;
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
    if (isStopped || looking) return;
    if (!slots.isFull() && isLookDue()) {
      awaitLook();
      if (!isLooking) lookAtQueue();
      return;
    }
    for (let next = takeNext(); next; next = takeNext()) start(next);
  }
  function takeNext() {
    const next = waiting
      .filter(({ run }) => slots.hasSlot(run.account_id))
      .reduce<Waiting | undefined>((first, each) => (first && first.round <= each.round ? first : each), undefined);
    if (!next) return undefined;
    waiting.splice(waiting.indexOf(next), 1);
    round = next.round;
    return next.run;
  }
  function start(run: LocalRun) {
    // A run does not belong to the request that created it, nor to the run whose slot it takes. One that could not be started is tried again from the queue.
    const running = withoutSpan(() => slots.run(run.account_id, (slot) => execute(run, slot))).catch((error: unknown) => {
      onError(error);
      leave(run);
    });
    track(running, startNext);
    wasFull ||= slots.isFull();
  }
  /** If this fails, `recoverRuns` finds the run without a job. */
  const leave = (run: LocalRun) => track(withoutSpan(() => enqueue(run)).catch(onError));
  function track(work: Promise<void>, then = () => {}) {
    const tracked: Promise<void> = work.finally(() => {
      underway.delete(tracked);
      then();
    });
    underway.add(tracked);
  }
  function leaveExpired() {
    while (waiting.length > 0 && waiting[0]!.until <= performance.now()) leave(waiting.shift()!.run);
    expiry = waiting.length > 0 ? setTimeout(leaveExpired, waiting[0]!.until - performance.now()).unref() : undefined;
  }
  return {
    canStart: () => !isStopped && !slots.hasManyWaiting() && waiting.length < maxWaiting,
    start(run) {
      if (isStopped) return leave(run);
      const previous = waiting.findLast((each) => each.run.account_id === run.account_id);
      waiting.push({ run, until: performance.now() + waitMs, round: previous ? previous.round + 1 : round });
      wasFull ||= slots.isFull();
      startNext();
      if (waiting.length > 0) expiry ??= setTimeout(leaveExpired, waitMs).unref();
    },
    startNext,
    looked,
    async stop() {
      isStopped = true;
      clearTimeout(looking);
      clearTimeout(expiry);
      for (const { run } of waiting.splice(0)) leave(run);
      while (underway.size > 0) await Promise.all(underway);
    },
  };
}
