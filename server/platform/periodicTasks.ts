import type { Log } from './telemetry/log.ts';

/** `stopping` aborts at `stop`, so that a long task can end between two steps. */
type Task = (stopping: AbortSignal) => Promise<unknown>;

/** Tasks that use the database or the network without anybody waiting for them. A failure is logged with `failure` as its message. */
export type PeriodicTasks = {
  /** Repeats a task every `ms` milliseconds. A call is left out while the one before it goes. */
  every(ms: number, task: Task, failure: string): void;
  /** Calls a task once, now. */
  once(task: Task, failure: string): void;
  /** Starts no further call. Resolves when those in progress have ended, so that what they use can be closed. */
  stop(): Promise<void>;
};

export function createPeriodicTasks(log: Log): PeriodicTasks {
  const stopping = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const inProgress = new Map<Task, Promise<void>>();
  const call = (task: Task, failure: string) => {
    if (inProgress.has(task) || stopping.signal.aborted) return;
    const called = task(stopping.signal)
      .catch((err) => log.warn({ err }, failure))
      .then(() => void inProgress.delete(task));
    inProgress.set(task, called);
  };
  return {
    every: (ms, task, failure) => void timers.push(setInterval(() => call(task, failure), ms)),
    once: call,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      stopping.abort();
      await Promise.all(inProgress.values());
    },
  };
}
