import type { IncomingMessage } from 'node:http';
import type { RateLimitAddress } from '../kernel/clientAddress.ts';

/** The bound that a request was over: that of its address, or that of the process. */
export type Bound = 'address' | 'process';

/** Requests whose bodies have not arrived in full. */
export type UnfinishedRequests = {
  /**
   * Counts a request until its body has arrived or it is closed. Over a bound the slowest request within it has to make room: its `shed` is
   * called, which must answer it and close its connection.
   */
  enter(request: IncomingMessage, address: RateLimitAddress, shed: (bound: Bound) => void): void;
};

type Unfinished = { request: IncomingMessage; began: number; bytesBefore: number; shed(bound: Bound): void };

/** Bytes that every request has in advance, so that one that has only begun is not taken for slow. */
const head = 1_024;

/** Whether a request has a body. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** At most `perAddress` unfinished requests of an address, and `total` in the process; 0 is without limit. */
export function createUnfinishedRequests({ perAddress, total }: { perAddress: number; total: number }): UnfinishedRequests {
  const all = new Set<Unfinished>();
  const byAddress = new Map<RateLimitAddress, Set<Unfinished>>();

  function remove(entry: Unfinished, address: RateLimitAddress) {
    const own = byAddress.get(address);
    own?.delete(entry);
    if (own?.size === 0) byAddress.delete(address);
    all.delete(entry);
  }
  return {
    enter(request, address, shed) {
      const entry = { request, began: performance.now(), bytesBefore: request.socket.bytesRead, shed };
      const own = byAddress.get(address) ?? new Set();
      if (isFull(own, perAddress)) slowestOf(own).shed('address');
      else if (isFull(all, total)) slowestOf(all).shed('process');
      all.add(entry);
      byAddress.set(address, own.add(entry));
      const leave = () => remove(entry, address);
      request.once('end', leave).once('close', leave);
      entry.shed = (bound) => {
        leave();
        shed(bound);
      };
    },
  };
}

/** Bodies that have arrived but were not read yet do not count. */
const isFull = (entries: Set<Unfinished>, most: number) =>
  most > 0 && entries.size >= most && [...entries].filter(({ request }) => !request.complete).length >= most;

function slowestOf(entries: Set<Unfinished>): Unfinished {
  const now = performance.now();
  const speedOf = ({ request, began, bytesBefore }: Unfinished) =>
    request.complete ? Number.POSITIVE_INFINITY : (request.socket.bytesRead - bytesBefore + head) / Math.max(1, now - began);
  let slowest: { entry: Unfinished; speed: number } | undefined;
  for (const entry of entries) {
    const speed = speedOf(entry);
    if (!slowest || speed < slowest.speed) slowest = { entry, speed };
  }
  return slowest!.entry;
}
