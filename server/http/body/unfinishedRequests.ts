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
  // Not sets: the tables that a set outgrows keep its former members until a full collection (docs/decisions/0103-requests-in-the-young-generation.md).
  const all: Unfinished[] = [];
  const byAddress = new Map<RateLimitAddress, Unfinished[]>();

  return {
    track(request, address, shed) {
      const own = byAddress.get(address) ?? [];
      if (isFull(own, perAddress)) slowestOf(own).shed('address');
      else if (isFull(all, total)) slowestOf(all).shed('process');
      let hasLeft = false;
      const leave = () => {
        if (hasLeft) return;
        hasLeft = true;
        remove(all, entry);
        remove(own, entry);
        if (own.length === 0) byAddress.delete(address);
      };
      const entry: Unfinished = {
        request,
        began: performance.now(),
        bytesBefore: request.socket.bytesRead,
        shed(bound) {
          leave();
          shed(bound);
        },
      };
      all.push(entry);
      own.push(entry);
      byAddress.set(address, own);
      request.once('end', leave).once('close', leave);
    },
  };
}

function remove(entries: Unfinished[], entry: Unfinished) {
  const last = entries.pop()!;
  if (last !== entry) entries[entries.indexOf(entry)] = last;
}

/** Does not count bodies that have arrived but have not been read. */
const isFull = (entries: readonly Unfinished[], most: number) =>
  most > 0 && entries.length >= most && entries.filter(({ request }) => !request.complete).length >= most;

function slowestOf(entries: readonly Unfinished[]): Unfinished {
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
