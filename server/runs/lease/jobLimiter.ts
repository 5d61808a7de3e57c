import type { Config } from '../../platform/config/config.ts';

type JobLimiterConfig = Pick<
  Config,
  | 'workerConcurrency'
  | 'workerMinConcurrency'
  | 'workerMaxConcurrency'
  | 'workerScaleUpThreshold'
  | 'workerScaleDownThreshold'
  | 'workerScaleCooldownSecs'
>;

/** Limits how many jobs a worker runs at once. The limit adapts to the load, within bounds. */
export type JobLimiter = {
  isFull(): boolean;
  /** Whether so many runs wait for their sub-agents that only sub-agents should be taken: each waiting run still occupies memory. */
  hasManyWaiting(): boolean;
  /**
   * Holds a slot while `work` runs. Resolves early if `work` releases its slot for a while; later errors of `work` are
   * not reported here.
   */
  run(work: (slot: ConcurrencySlot) => Promise<void>): Promise<void>;
  /**
   * Raises the limit by one if jobs wait and all slots are busy. Lowers it by one if few jobs wait and slots are idle.
   * At most one step per cooldown.
   */
  adjustLimit(waiting: number): number;
};

/**
 * The slot of one running job. Retaking a slot never blocks, so the limit may be exceeded briefly. `lend` is a release for the time in which a run
 * waits for its sub-agents.
 */
export type ConcurrencySlot = { release(): void; lend(): void; retake(): void };

/** Runs that wait for their sub-agents, for each slot. */
const maxLentPerSlot = 10;

export function createJobLimiter(config: JobLimiterConfig, now = () => performance.now()): JobLimiter {
  const { workerMinConcurrency: minSize, workerMaxConcurrency: maxSize } = config;
  let size = Math.min(Math.max(config.workerConcurrency, minSize), maxSize);
  let busy = 0;
  let lent = 0;
  let lastStep = Number.NEGATIVE_INFINITY;
  return {
    isFull: () => busy >= size,
    hasManyWaiting: () => lent >= size * maxLentPerSlot,
    async run(work) {
      const left = Promise.withResolvers<void>();
      let state: 'occupied' | 'released' | 'lent' = 'occupied';
      let isOver = false;
      busy++;
      const change = (next: typeof state) => {
        // What the job has left behind, such as an aborted tool call, may still retake the slot.
        if (isOver) return;
        busy += Number(next === 'occupied') - Number(state === 'occupied');
        lent += Number(next === 'lent') - Number(state === 'lent');
        state = next;
      };
      const leave = (next: typeof state) => {
        change(next);
        left.resolve();
      };
      const slot = { release: () => leave('released'), lend: () => leave('lent'), retake: () => change('occupied') };
      const done = work(slot).finally(() => {
        change('released');
        isOver = true;
      });
      await Promise.race([done, left.promise]);
    },
    adjustLimit(waiting) {
      if (now() - lastStep < config.workerScaleCooldownSecs * 1_000) return size;
      const up = waiting >= config.workerScaleUpThreshold && busy >= size && size < maxSize;
      const down = waiting < config.workerScaleDownThreshold && busy < size && size > minSize;
      if (!up && !down) return size;
      lastStep = now();
      size += up ? 1 : -1;
      return size;
    },
  };
}
