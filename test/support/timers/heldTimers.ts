import { onTestFinished, vi } from 'vitest';

/** Holds the timers of exactly `ms` that this process starts until the test ends. They pass when `pass` is called; all others are real. */
export function holdTimers(ms: number) {
  const { setTimeout: start, clearTimeout: stop } = globalThis;
  const held = new Map<unknown, () => void>();
  let started = 0;
  const hold = (callback: (...args: unknown[]) => void, delay?: number, ...args: unknown[]) => {
    if (delay !== ms) return start(callback, delay, ...args);
    started++;
    const timer = start(() => undefined, 2 ** 31 - 1).unref();
    held.set(timer, () => callback(...args));
    return timer;
  };
  const release = (timer: Parameters<typeof clearTimeout>[0]) => {
    held.delete(timer);
    stop(timer);
  };
  const mocks = [
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(hold as typeof setTimeout),
    vi.spyOn(globalThis, 'clearTimeout').mockImplementation(release),
  ];
  onTestFinished(() => {
    for (const mock of mocks) mock.mockRestore();
  });
  return {
    /** How many were started, and how many of them run. */
    started: () => started,
    running: () => held.size,
    /** Ends those that run, as if their time had passed. */
    pass() {
      for (const [timer, callback] of [...held]) {
        release(timer as NodeJS.Timeout);
        callback();
      }
    },
  };
}
