import type { RunStatus } from '../../contract/runRequests.ts';
import { ended } from '../resources/runs/statuses.ts';
import type { EncodedEvent, EventBroker } from '../runs/follow/eventBroker.ts';

/** Whether nothing happens any more without the caller. */
export const isSettled = (status: RunStatus): boolean => ended.has(status) || status === 'waiting_for_input';

type Wait = {
  runId: string;
  /** The last event that the caller knows. */
  after: number;
  maxMs: number;
  signal: AbortSignal;
  onEvents(events: readonly EncodedEvent[]): void;
};

/** Whether a run has ended or asks something. False after `maxMs`, when `signal` aborts, or when the process ends its streams. */
export async function waitForRun(eventBroker: EventBroker, { runId, after, maxMs, signal, onEvents }: Wait): Promise<boolean> {
  let isOver = signal.aborted;
  let resume = () => {};
  const end = () => {
    isOver = true;
    resume();
  };
  const timer = setTimeout(end, maxMs);
  signal.addEventListener('abort', end, { once: true });
  const reader = eventBroker.subscribe(runId, end, false);
  try {
    for (let at = after; !isOver;) {
      // Created before the read, so that a notification during the read is not missed.
      const more = reader.waitForMore();
      const events = await reader.eventsAfter(at);
      if (events.length > 0) {
        at = events.at(-1)!.seq;
        onEvents(events);
        if (events.some(({ last, type }) => last || type === 'run.waiting_for_input')) return true;
      } else if (!isOver)
        await new Promise<void>((resolve, reject) => {
          resume = resolve;
          more.then(resolve, reject);
        });
    }
    return false;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    reader.leave();
  }
}
