import { type FailureName, failures, type RefusalStatus } from '../../contract/shared/failures.ts';
import { pause } from '../waiting.ts';
import { Refusal } from './refusal.ts';

/** Something that goes wrong instead of an answer. */
export type Fault = {
  /** The refusal; `lost` breaks the connection. */
  status: RefusalStatus | 'lost';
  /** Only for this operation, as the client names it: `threads.create`. */
  operation?: string | undefined;
  /** `details.reason` of the refusal. */
  reason?: string | undefined;
  /** Seconds that the caller is asked to wait. */
  retryAfter?: number | undefined;
};

/** The connection broke before an answer came. */
export class Lost extends Error {}

/** What can be made to go wrong. */
export type Faults = {
  /** The next requests that fit fail, once unless `times` says otherwise. */
  next(fault: Fault & { times?: number }): void;
  /** Every answer takes so many milliseconds longer; 0 is as before. */
  slow(ms: number): void;
  /** The next stream breaks off after so many events, as do the ones after it if `times` is more than 1. */
  cutStream(afterEvents: number, times?: number): void;
  /** A share of the requests that fit fails, from 0 to 1; which ones follows from the seed. */
  rate(share: number, fault: Fault): void;
  /** Everything works again. */
  clear(): void;
};

/** The same with the questions that the mock asks. */
export type FaultQueue = Faults & {
  /** Throws what is to go wrong with a request. */
  strike(operation: string, signal: AbortSignal): Promise<void>;
  /** The number of events after which a stream that begins now breaks off. */
  cutAfter(): number;
};

const nameOf = (status: RefusalStatus) =>
  (Object.keys(failures) as FailureName[]).find((name) => failures[name][0] === status) ?? 'internal';

/** The refusal of a fault. Rates say how long to wait, as the API does. */
function failureOf({ status, reason, retryAfter = status === 429 ? 1 : undefined }: Fault): Error {
  if (status === 'lost') return new Lost();
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return new Refusal(nameOf(status), 'The mock was told to refuse this.', reason ? { reason } : {}, headers);
}

/** Nothing goes wrong until it is told to; `chance` decides about rates. */
export function createFaults(chance: () => number): FaultQueue {
  let queue: (Fault & { left: number })[] = [];
  let rates: (Fault & { share: number })[] = [];
  let cuts: number[] = [];
  let delayMs = 0;
  const fits = (id: string, { operation = id }: Fault) => operation === id;
  return {
    next: ({ times = 1, ...fault }) => void queue.push({ ...fault, left: times }),
    slow: (ms) => {
      delayMs = ms;
    },
    cutStream: (afterEvents, times = 1) => void cuts.push(...Array<number>(times).fill(afterEvents)),
    rate: (share, fault) => void rates.push({ ...fault, share }),
    clear() {
      [queue, rates, cuts, delayMs] = [[], [], [], 0];
    },
    async strike(id, signal) {
      if (delayMs > 0) await pause(delayMs, signal);
      const due = queue.find((fault) => fits(id, fault)) ?? rates.find((fault) => fits(id, fault) && chance() < fault.share);
      if (due && 'left' in due && --due.left <= 0) queue = queue.filter((each) => each !== due);
      if (due) throw failureOf(due);
    },
    cutAfter: () => cuts.shift() ?? Number.POSITIVE_INFINITY,
  };
}
