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

/**
 * Limits how many jobs a worker runs at once. The limit adapts to the load, within bounds. If all slots are taken, one spare slot is there for an account
 * that has no job in a slot, so that long jobs of others do not delay its first ([0107](../../../docs/decisions/0107-turns-of-queued-runs.md)).
 */
export type JobLimiter = {
  /** Whether all slots are taken, or would be with `more` jobs. The spare one may be free. */
  isFull(more?: number): boolean;
  /** Whether a job of the account may start now. Without an account: whether a job of some account may. */
  hasSlot(accountId?: string): boolean;
  /** The accounts that have a job in a slot, which cannot take the spare one. */
  busyAccounts(): string[];
  /** Whether so many runs wait for their sub-agents that only sub-agents should be taken: each waiting run still occupies memory. */
  hasManyWaiting(): boolean;
  /**
   * Holds a slot while `work` of the account runs. Resolves early if `work` releases its slot for a while; later errors of `work` are
   * not reported here.
   */
  run(accountId: string | undefined, work: (slot: ConcurrencySlot) => Promise<void>): Promise<void>;
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
  /** How many slots each account occupies. */
  const taken = new Map<string, number>();
  /** The job in the spare slot. It counts in `busy`, and gives the spare slot back when that is within the limit again. */
  let spare: ConcurrencySlot | undefined;
  const isFull = (more = 0) => busy + more >= size;
  const hasSlot = (accountId?: string) => !isFull() || (!spare && !(accountId && taken.has(accountId)));
  return {
    isFull,
    hasSlot,
    busyAccounts: () => [...taken.keys()],
    hasManyWaiting: () => lent >= size * maxLentPerSlot,
    async run(accountId, work) {
      const left = Promise.withResolvers<void>();
      let state: 'occupied' | 'released' | 'lent' = 'released';
      let isOver = false;
      const change = (next: typeof state) => {
        // What the job has left behind, such as an aborted tool call, may still retake the slot.
        if (isOver) return;
        const occupied = Number(next === 'occupied') - Number(state === 'occupied');
        busy += occupied;
        if (accountId) addTo(taken, accountId, occupied);
        if (busy <= size || (spare === slot && occupied < 0)) spare = undefined;
        lent += Number(next === 'lent') - Number(state === 'lent');
        state = next;
      };
      const leave = (next: typeof state) => {
        change(next);
        left.resolve();
      };
      const slot: ConcurrencySlot = { release: () => leave('released'), lend: () => leave('lent'), retake: () => change('occupied') };
      // A job that was queued without its account, or started here during a look, may exceed the limit. It leaves the spare slot to others.
      if (isFull() && accountId && hasSlot(accountId)) spare = slot;
      change('occupied');
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
      if (busy <= size) spare = undefined;
      return size;
    },
  };
}

function addTo(counts: Map<string, number>, key: string, amount: number) {
  const count = (counts.get(key) ?? 0) + amount;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
