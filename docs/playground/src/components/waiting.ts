import { useEffect, useState, useSyncExternalStore } from 'react';

/** Until when a request waits before it is sent again, in milliseconds since 1970. */
let until = 0;
const listeners = new Set<() => void>();

/** Call when a request will be repeated. Short pauses are not worth a word. */
export function noteRetry(inMs: number) {
  if (inMs < 2_000 || Date.now() + inMs <= until) return;
  until = Date.now() + inMs;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Seconds until requests are sent again that the server has put off; 0 if there are none. */
export function useRetrySeconds(): number {
  const end = useSyncExternalStore(subscribe, () => until);
  const [now, setNow] = useState(Date.now);
  const seconds = Math.max(0, Math.ceil((end - now) / 1_000));
  const isWaiting = seconds > 0;
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isWaiting]);
  return seconds;
}

/** Whether something has been shown for some time. */
export function useIsLong(afterMs: number): boolean {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), afterMs);
    return () => clearTimeout(timer);
  }, [afterMs]);
  return isLong;
}
