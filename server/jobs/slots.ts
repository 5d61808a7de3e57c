import type { Config } from '../kernel/config.ts';

type SlotConfig = Pick<
  Config,
  | 'workerConcurrency'
  | 'workerMinConcurrency'
  | 'workerMaxConcurrency'
  | 'workerScaleUpThreshold'
  | 'workerScaleDownThreshold'
  | 'workerScaleCooldownSecs'
>;

/** How many jobs a worker runs at once: as many as there is work for, within bounds. */
export type Slots = {
  /** Whether no further job may begin now. */
  full(): boolean;
  /** Take a slot for the time of `work`. Resolves earlier when the work gives its place up for a while: what becomes of it then is its own affair. */
  during(work: (seat: Seat) => Promise<void>): Promise<void>;
  /** One step up when jobs wait and all are busy, one down when hardly any wait and some are idle; at most one a cooldown. */
  adapt(waiting: number): number;
};

/** The place of one job among those that run. Who comes back to it may find one more than there should be. */
export type Seat = { leave(): void; take(): void };

export function createSlots(config: SlotConfig, now = () => performance.now()): Slots {
  const { workerMinConcurrency: least, workerMaxConcurrency: most } = config;
  let size = Math.min(Math.max(config.workerConcurrency, least), most);
  let busy = 0;
  let lastStep = Number.NEGATIVE_INFINITY;
  return {
    full: () => busy >= size,
    async during(work) {
      const left = Promise.withResolvers<void>();
      let seated = true;
      busy++;
      const seat = (sits: boolean) => {
        if (seated !== sits) busy += sits ? 1 : -1;
        seated = sits;
      };
      const leave = () => {
        seat(false);
        left.resolve();
      };
      const done = work({ leave, take: () => seat(true) }).finally(() => seat(false));
      await Promise.race([done, left.promise]);
    },
    adapt(waiting) {
      if (now() - lastStep < config.workerScaleCooldownSecs * 1_000) return size;
      const up = waiting >= config.workerScaleUpThreshold && busy >= size && size < most;
      const down = waiting < config.workerScaleDownThreshold && busy < size && size > least;
      if (!up && !down) return size;
      lastStep = now();
      size += up ? 1 : -1;
      return size;
    },
  };
}
