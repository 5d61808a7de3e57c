import { useSyncExternalStore } from 'react';

/** Milliseconds after which relative times are computed again. */
const stepMs = 30_000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick() {
  now = Date.now();
  for (const listener of listeners) listener();
}

/** A hidden page has no timely timers, so that its times would be old when it is seen again. */
const onVisible = () => document.visibilityState === 'visible' && tick();

function subscribe(listener: () => void) {
  listeners.add(listener);
  if (timer === undefined) {
    timer = setInterval(tick, stepMs);
    document.addEventListener('visibilitychange', onVisible);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    document.removeEventListener('visibilitychange', onVisible);
  };
}

/** The time in milliseconds, which changes twice a minute for all relative times at once. */
export const useNow = (): number => useSyncExternalStore(subscribe, readNow);

function readNow(): number {
  // Nothing keeps it up to date. Within a render it stays the same.
  if (timer === undefined && Date.now() - now > 1_000) now = Date.now();
  return now;
}
