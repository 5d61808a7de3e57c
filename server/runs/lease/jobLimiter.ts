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

/** The slot of one running job. Retaking a slot never blocks, so the limit may be exceeded briefly. */
export type ConcurrencySlot = { release(): void; retake(): void };

export function createJobLimiter(config: JobLimiterConfig, now = () => performance.now()): JobLimiter {
  const { workerMinConcurrency: minSize, workerMaxConcurrency: maxSize } = config;
  let size = Math.min(Math.max(config.workerConcurrency, minSize), maxSize);
  let busy = 0;
  let lastStep = Number.NEGATIVE_INFINITY;
  return {
    isFull: () => busy >= size,
    async run(work) {
      const left = Promise.withResolvers<void>();
      let isOccupied = true;
      let isOver = false;
      busy++;
      const setOccupied = (occupied: boolean) => {
        // What the job has left behind, such as an aborted tool call, may still retake the slot.
        if (isOver) return;
        if (isOccupied !== occupied) busy += occupied ? 1 : -1;
        isOccupied = occupied;
      };
      const release = () => {
        setOccupied(false);
        left.resolve();
      };
      const done = work({ release, retake: () => setOccupied(true) }).finally(() => {
        setOccupied(false);
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
