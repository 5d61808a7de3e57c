import type { IncomingMessage } from 'node:http';
import type { RateLimitAddress } from '../../platform/network/clientAddress.ts';

/** Which limit was exceeded: that of the client address, or that of the process. */
export type ExceededLimit = 'address' | 'process';

/** Requests whose bodies have not fully arrived. */
export type UnfinishedRequests = {
  /**
   * Counts a request until its body has arrived or it is closed. Over a limit, calls `shed` of the slowest request, which must respond and
   * close the connection.
   */
  track(request: IncomingMessage, address: RateLimitAddress, shed: (bound: ExceededLimit) => void): void;
};

type Unfinished = { request: IncomingMessage; began: number; bytesBefore: number; shed(bound: ExceededLimit): void };

/** Bytes credited to every request, so that a new request does not count as slow. */
const creditBytes = 1_024;

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** At most `perAddress` unfinished requests per client address, and `total` in the process. 0 means no limit. */
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
    track(request, address, shed) {
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

/** Does not count bodies that have arrived but have not been read. */
const isFull = (entries: Set<Unfinished>, most: number) =>
  most > 0 && entries.size >= most && [...entries].filter(({ request }) => !request.complete).length >= most;

function slowestOf(entries: Set<Unfinished>): Unfinished {
  const now = performance.now();
  const speedOf = ({ request, began, bytesBefore }: Unfinished) =>
    request.complete ? Number.POSITIVE_INFINITY : (request.socket.bytesRead - bytesBefore + creditBytes) / Math.max(1, now - began);
  let slowest: { entry: Unfinished; speed: number } | undefined;
  for (const entry of entries) {
    const speed = speedOf(entry);
    if (!slowest || speed < slowest.speed) slowest = { entry, speed };
  }
  return slowest!.entry;
}
