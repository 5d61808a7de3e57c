import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from './config.ts';

/** Whether a process takes requests, apart from what it depends on. */
export type Readiness = {
  /** Why it takes none; undefined when it does. */
  reason(): string | undefined;
  /** Everything that start-up promises is done. */
  started(): void;
  /** Unready from now on; resolves once probes have had the time to see that. At once when it never was ready. */
  drain(): Promise<void>;
  close(): void;
};

/** Time after a stall in which the process counts as unready, and time between two beats of the event loop, in milliseconds. */
const stallMs = 5_000;
const beatMs = 100;

/** The readiness of a process that is starting. */
export function createReadiness(config: Pick<Config, 'env' | 'shutdownDrainMs' | 'readyMaxLoopDelayMs'>): Readiness {
  const loop = watchEventLoop(config.readyMaxLoopDelayMs);
  let state: 'starting' | 'started' | 'shutting down' = 'starting';
  return {
    reason: () => (state === 'started' ? loop.reason() : state),
    started() {
      loop.reset();
      state = 'started';
    },
    async drain() {
      const wasReady = state === 'started';
      state = 'shutting down';
      if (wasReady) await sleep(drainMsOf(config));
    },
    close: loop.close,
  };
}

/** In milliseconds. Nothing balances load in development, where Ctrl-C is to end at once. */
export const drainMsOf = ({ env, shutdownDrainMs }: Pick<Config, 'env' | 'shutdownDrainMs'>): number =>
  shutdownDrainMs ?? (env === 'production' ? 5_000 : 0);

/** Finds that the event loop stood still for more than `maxMs`; 0 is never. */
function watchEventLoop(maxMs: number) {
  let [lastBeat, unreadyUntil] = [performance.now(), 0];
  const beat = () => {
    const now = performance.now();
    if (now - lastBeat - beatMs > maxMs) unreadyUntil = now + stallMs;
    lastBeat = now;
  };
  const timer = maxMs > 0 ? setInterval(beat, beatMs).unref() : undefined;
  return {
    reason() {
      if (timer) beat();
      return performance.now() < unreadyUntil ? 'event loop delayed' : undefined;
    },
    reset() {
      [lastBeat, unreadyUntil] = [performance.now(), 0];
    },
    close() {
      clearInterval(timer);
    },
  };
}
