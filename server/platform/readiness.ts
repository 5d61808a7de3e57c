import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from './config/config.ts';

/** Whether a process accepts requests, regardless of its dependencies. */
export type Readiness = {
  /** Why the process is not ready; undefined if it is. */
  reason(): string | undefined;
  /** Call when startup is complete. */
  started(): void;
  /** Makes the process unready, and resolves once probes have had time to notice. Resolves at once if it was never ready. */
  drain(): Promise<void>;
  /** Called when startup is complete, and when shutdown begins. */
  onChange(listener: (state: ReadinessChange) => void): void;
  close(): void;
};

export type ReadinessChange = 'started' | 'shutting down';

/** How long the process is unready after a stall, and the interval of the event loop checks, in milliseconds. */
const stallMs = 5_000;
const beatMs = 100;

export function createReadiness(config: Pick<Config, 'env' | 'shutdownDrainMs' | 'readyMaxLoopDelayMs'>): Readiness {
  const loop = watchEventLoop(config.readyMaxLoopDelayMs);
  const listeners: ((state: ReadinessChange) => void)[] = [];
  let state: 'starting' | ReadinessChange = 'starting';
  const change = (to: ReadinessChange) => {
    state = to;
    for (const listener of listeners) listener(to);
  };
  return {
    reason: () => (state === 'started' ? loop.reason() : state),
    started() {
      loop.reset();
      change('started');
    },
    async drain() {
      const wasReady = state === 'started';
      change('shutting down');
      if (wasReady) await sleep(drainMsOf(config));
    },
    onChange: (listener) => void listeners.push(listener),
    close: loop.close,
  };
}

/** In milliseconds. Defaults to 0 in development: there is no load balancer, and Ctrl-C should end the process at once. */
export const drainMsOf = ({ env, shutdownDrainMs }: Pick<Config, 'env' | 'shutdownDrainMs'>): number =>
  shutdownDrainMs ?? (env === 'production' ? 5_000 : 0);

/** Detects that the event loop was blocked for more than `maxMs`; 0 disables the check. */
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
