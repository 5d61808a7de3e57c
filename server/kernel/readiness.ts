import { monitorEventLoopDelay } from 'node:perf_hooks';
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

/** Time after a stall in which the process counts as unready, and time between two looks, in milliseconds. */
const stallMs = 5_000;
const lookMs = 1_000;

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

/** Finds that the event loop stood still for more than `mostMs`; 0 is never. */
function watchEventLoop(mostMs: number) {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  let unreadyUntil = 0;
  const look = () => {
    if (delay.max / 1e6 > mostMs) unreadyUntil = performance.now() + stallMs;
    delay.reset();
  };
  const timer = mostMs > 0 ? setInterval(look, lookMs).unref() : undefined;
  if (timer) delay.enable();
  return {
    reason() {
      if (timer) look();
      return performance.now() < unreadyUntil ? 'event loop delayed' : undefined;
    },
    reset() {
      delay.reset();
      unreadyUntil = 0;
    },
    close() {
      clearInterval(timer);
      delay.disable();
    },
  };
}
