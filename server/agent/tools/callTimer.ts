import { maxTimerMs } from '../../platform/timers.ts';

/** The time limit of a call. */
export type CallTimer = {
  /** Starts the limit again, because the call makes progress. */
  extend(): void;
  /** Runs `work` without counting its time. */
  whilePaused<T>(work: () => Promise<T>): Promise<T>;
  stop(): void;
};

/** Calls `expire` after `limitMs`. Extended, the limit is at most `longestMs` in total. Undefined means no limit. */
export function startCallTimer(limitMs: number | undefined, longestMs: number, expire: (limitMs: number) => void): CallTimer {
  let end = limitMs;
  let ran = 0;
  let resumedAt = performance.now();
  let pauses = 0;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;

  const elapsed = () => ran + (pauses > 0 ? 0 : performance.now() - resumedAt);
  const set = () => {
    clearTimeout(timer);
    if (end === undefined || pauses > 0 || isOver) return;
    timer = setTimeout(expire, Math.min(Math.max(0, end - elapsed()), maxTimerMs), Math.round(end));
  };
  set();
  return {
    extend() {
      if (limitMs === undefined || end === undefined) return;
      end = Math.max(end, Math.min(elapsed() + limitMs, longestMs));
      set();
    },
    async whilePaused(work) {
      ran = elapsed();
      pauses++;
      set();
      try {
        return await work();
      } finally {
        pauses--;
        resumedAt = performance.now();
        set();
      }
    },
    stop() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
