import type { NotificationChannel } from './notificationChannel.ts';

/** Notifies all processes that a run has new events. Call after the commit. */
export type RunNotifier = {
  notify(runId: string): void;
  /** For events that the worker of the run has written itself, so that it need not look. */
  notifyReaders(runId: string): void;
};

/** The topic of new run events. */
export const runChannel = 'arkloop_runs';
/** The topic of changes to the access of users. */
export const accessChannel = 'arkloop_access';

// A payload is limited to 8 000 bytes: 200 ids of 36 characters and a comma each.
const maxIdsPerPayload = 200;

/** Ends a payload that is only for readers. Earlier releases take it for the id of an unknown run. */
const readersMark = '-';

/** The runs of a notification, and whether it is only for their readers. */
export function parseRunNotification(payload: string): { runIds: string[]; isForReaders: boolean } {
  const runIds = payload.split(',');
  const isForReaders = runIds.at(-1) === readersMark;
  return { runIds: isForReaders ? runIds.slice(0, -1) : runIds, isForReaders };
}

/**
 * Sends notifications outside the writing transaction, because a notification of PostgreSQL takes a lock that all writers share. They are coalesced for
 * the same reason.
 */
export function createRunNotifier(channel: Pick<NotificationChannel, 'publish'>, onError: (error: unknown) => void): RunNotifier {
  const send = (mark: readonly string[]) => createSender((ids) => channel.publish(runChannel, [...ids, ...mark].join(',')), onError);
  return { notify: send([]), notifyReaders: send([readersMark]) };
}

function createSender(publish: (ids: readonly string[]) => Promise<void>, onError: (error: unknown) => void) {
  const waiting = new Set<string>();
  let sending = false;
  async function flush() {
    sending = true;
    try {
      while (waiting.size > 0) {
        const ids = [...waiting].slice(0, maxIdsPerPayload);
        for (const id of ids) waiting.delete(id);
        await publish(ids);
      }
    } finally {
      sending = false;
    }
  }
  return (runId: string) => {
    waiting.add(runId);
    // Readers poll, so a lost notification only delays an event.
    if (!sending) flush().catch(onError);
  };
}

/** Notifies all processes that cached data about a user is stale. */
export const createAccessNotifier =
  (channel: Pick<NotificationChannel, 'publish'>, onError: (error: unknown) => void) => (userId: string) =>
    void channel.publish(accessChannel, userId).catch(onError);
