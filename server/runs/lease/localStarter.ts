import { withoutSpan } from '../../platform/telemetry/spans.ts';
import type { HeldJob, RunStarter } from '../../pubsub/localRuns.ts';
import type { ConcurrencySlot, JobLimiter } from './jobLimiter.ts';

type LocalStarterOptions = {
  slots: JobLimiter;
  /** How long the queue holds a job, in milliseconds. */
  heldMs: number;
  execute(job: HeldJob, slot: ConcurrencySlot): Promise<void>;
  onError(error: unknown): void;
};

/** Starts runs of the same process in order, each when a slot is free. */
export type LocalStarter = RunStarter & {
  /** Call when a slot has become free. */
  startNext(): void;
  /** Starts no more runs. Resolves when those that were started have ended. The queue has the jobs of the others. */
  stop(): Promise<void>;
};

/** Runs that wait for a slot here. Further ones are left to the queue, and to all workers. */
const maxWaiting = 100;

export function createLocalStarter({ slots, heldMs, execute, onError }: LocalStarterOptions): LocalStarter {
  const waiting: { job: HeldJob; until: number }[] = [];
  const started = new Set<Promise<void>>();
  let isStopped = false;

  function startNext() {
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
  }
  return {
    canStart: () => !isStopped && !slots.hasManyWaiting() && waiting.length < maxWaiting,
    start(job) {
      if (isStopped) return;
      waiting.push({ job, until: performance.now() + heldMs * 0.75 });
      startNext();
    },
    startNext,
    async stop() {
      isStopped = true;
      waiting.length = 0;
      await Promise.all(started);
    },
  };
}
