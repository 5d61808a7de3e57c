import type { Worker } from 'node:cluster';

type Handle = { close(): void };
/** A message of `node:cluster` itself. */
type InternalMessage = { act?: string; seq?: number; ack?: number };

/**
 * Closes the connections that a process was given but did not take before it ended. `node:cluster` keeps them open and waits for the process, so their
 * clients would wait too. The fields of its messages are internal to Node.js; a test fails if they change.
 */
export function closeUntakenConnections({ process: child }: Worker): void {
  const untaken = new Map<number, Handle>();
  const send = child.send.bind(child) as (...args: unknown[]) => boolean;
  child.send = (...args: unknown[]) => {
    const [{ act, seq }, handle] = args as [InternalMessage, Handle | undefined];
    if (act === 'newconn' && seq !== undefined && handle) untaken.set(seq, handle);
    return send(...args);
  };
  // The types list only public events.
  (child as NodeJS.EventEmitter).on('internalMessage', ({ ack }: InternalMessage) => {
    if (ack !== undefined) untaken.delete(ack);
  });
  child.once('exit', () => {
    for (const handle of untaken.values()) handle.close();
  });
}
