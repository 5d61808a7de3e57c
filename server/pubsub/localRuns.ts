import { randomBytes } from 'node:crypto';

/** An event of a run as it is stored. */
export type StoredRunEvent = {
  run_id: string;
  seq: number;
  event_id: string;
  type: string;
  data: Record<string, unknown>;
  created_at: string;
};

type EventListener = (runId: string, events: readonly StoredRunEvent[]) => void;

/** A run that this process starts without a job. `payload` is what its job would say. */
export type LocalRun = { id: string; account_id: string; trace_id: string; payload: Record<string, unknown> };

/** Starts runs in this process without a look at the queue. */
export type RunStarter = {
  /** Whether a run would probably start soon. */
  canStart(): boolean;
  /** Call after the commit. A run that has to wait for long is queued. */
  start(run: LocalRun): void;
};

/**
 * What the API and the worker of the same process tell each other, without the database in between. Other processes get a notification, and read the
 * events.
 */
export type LocalRuns = {
  /** Marks notifications of this process, which then has no need to read the events. */
  readonly sender: string;
  onEvents(listener: EventListener): void;
  /** Call after the commit. `events` are consecutive; empty if they must be read. */
  publishEvents: EventListener;
  /** Set while the worker takes runs. */
  starter: RunStarter | undefined;
};

export function createLocalRuns(): LocalRuns {
  const listeners: EventListener[] = [];
  return {
    sender: randomBytes(6).toString('base64url'),
    onEvents: (listener) => void listeners.push(listener),
    publishEvents(runId, events) {
      for (const listener of listeners) listener(runId, events);
    },
    starter: undefined,
  };
}
