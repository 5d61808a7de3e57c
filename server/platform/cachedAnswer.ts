import { setTimeout as sleep } from 'node:timers/promises';

/** A fact that is asked for in the background, so that reading it takes no time. */
export type CachedAnswer<T> = {
  /** The last answer; undefined if the last question failed or has had no answer for too long. Waits up to 150 ms, once, for the first answer. */
  current(): Promise<T | undefined>;
  /** Resolves when the first question has been answered or has failed. */
  first: Promise<void>;
  /** Begins to ask, unless that has begun. */
  start(): void;
  /** Asks now instead of after the pause. */
  askAgain(): void;
  stop(): void;
};

/** How long the first call of `current` waits, and an answer may take before the last one is too old, in milliseconds. */
const [firstMs, maxAnswerMs] = [150, 2_500];

/** Asks first when it is started or read, and again `pauseMs` milliseconds after each answer. */
export function cacheAnswer<T>(ask: () => Promise<T>, pauseMs = 1_000): CachedAnswer<T> {
  const { promise: first, resolve } = Promise.withResolvers<void>();
  let firstOrLate: Promise<void> | undefined;
  let last: { answer: T | undefined; at: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let [isStarted, isStopped] = [false, false];

  function askNow() {
    timer = undefined;
    ask().then(keep, () => keep(undefined));
  }
  function keep(answer: T | undefined) {
    last = { answer, at: performance.now() };
    resolve();
    if (!isStopped) timer = setTimeout(askNow, pauseMs).unref();
  }
  function start() {
    if (!isStarted) askNow();
    isStarted = true;
  }
  return {
    first,
    start,
    async current() {
      start();
      firstOrLate ??= Promise.race([first, sleep(firstMs, undefined, { ref: false })]);
      await firstOrLate;
      return last && performance.now() - last.at < pauseMs + maxAnswerMs ? last.answer : undefined;
    },
    askAgain() {
      if (!timer || isStopped) return;
      clearTimeout(timer);
      askNow();
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
