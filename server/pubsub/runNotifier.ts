import type { LocalRuns, StoredRunEvent } from './localRuns.ts';
import type { NotificationChannel } from './notificationChannel.ts';

/** Notifies all processes that a run has new events. Call after the commit. */
export type RunNotifier = {
  notify(runId: string): void;
  /**
   * For events that the worker of the run has written itself, so that it need not look. Readers in the same process get `events`, which must be
   * consecutive, if they are given.
   */
  notifyReaders(runId: string, events?: readonly StoredRunEvent[]): void;
};

/** The topic of new run events. */
export const runChannel = 'arkloop_runs';
/** The topic of changes to the access of users, which triggers of PostgreSQL announce. The payload is the user, or `*` for all. */
export const accessChannel = 'arkloop_access';

// A payload is limited to 8 000 bytes: 200 ids of 36 characters and a comma each.
const maxIdsPerPayload = 200;

/** Begins the last part of a payload that is only for readers; the sender may follow. Earlier releases take it for the id of an unknown run. */
const readersMark = '-';
/** How long a process that informs its own readers itself gathers notifications for others, in milliseconds. */
const gatherMs = 20;

/** The runs of a notification, whether it is only for their readers, and the process that has already informed its own. */
export function parseRunNotification(payload: string): { runIds: string[]; isForReaders: boolean; sender: string } {
  const runIds = payload.split(',');
  const last = runIds.at(-1)!;
  if (!last.startsWith(readersMark)) return { runIds, isForReaders: false, sender: '' };
  return { runIds: runIds.slice(0, -1), isForReaders: true, sender: last.slice(readersMark.length) };
}

/**
 * Sends notifications outside the writing transaction, because a notification of PostgreSQL takes a lock that all writers share. They are coalesced for
 * the same reason.
 */
export function createRunNotifier(
  channel: Pick<NotificationChannel, 'publish'>,
  onError: (error: unknown) => void,
  local?: LocalRuns,
): RunNotifier & { close(): Promise<void> } {
  const sender = (mark: readonly string[], waitMs: number) =>
    createSender((ids) => channel.publish(runChannel, [...ids, ...mark].join(',')), onError, waitMs);
  const all = sender([], 0);
  const readers = sender([readersMark + (local?.sender ?? '')], local ? gatherMs : 0);
  return {
    notify: all.send,
    notifyReaders(runId, events = []) {
      local?.publishEvents(runId, events);
      readers.send(runId);
    },
    close: readers.close,
  };
}

function createSender(publish: (ids: readonly string[]) => Promise<void>, onError: (error: unknown) => void, waitMs: number) {
  const waiting = new Set<string>();
  let isSending = false;
  let gathering: NodeJS.Timeout | undefined;
  async function publishAll() {
    isSending = true;
    try {
      while (waiting.size > 0) {
        const ids = [...waiting].slice(0, maxIdsPerPayload);
        for (const id of ids) waiting.delete(id);
        await publish(ids);
      }
    } finally {
      isSending = false;
    }
  }
  async function flush() {
    clearTimeout(gathering);
    gathering = undefined;
    if (!isSending) await publishAll();
  }
  // Readers poll, so a lost notification only delays an event.
  const flushSoon = () => void flush().catch(onError);
  return {
    send(runId: string) {
      waiting.add(runId);
      if (waitMs === 0) flushSoon();
      else gathering ??= setTimeout(flushSoon, waitMs);
    },
    close: () => flush().catch(onError),
  };
}
