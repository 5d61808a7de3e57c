import { errorCodes, type ErrorName, type ErrorStatus } from '../../../contract/shared/errorCodes.ts';
import { pause } from '../../core/retry.ts';
import type { Reasons } from '../../generated/reasons.ts';
import { operations } from '../operations.ts';
import { MockApiError } from './errors.ts';

/** An injected error. */
export type Fault = {
  /** Status of the error response; `lost` breaks the connection. */
  status: ErrorStatus | 'lost';
  /** Limits the fault to one operation: `threads.create`. Another name throws. */
  operation?: keyof Reasons | (string & Record<never, never>) | undefined;
  /** `details.reason` of the error. */
  reason?: string | undefined;
  /** Retry-After in seconds. */
  retryAfter?: number | undefined;
};

/** The connection broke before the response. */
export class ConnectionLost extends Error {}

/** Injects faults. */
export type Faults = {
  /** Fails the next `times` matching requests (default 1). */
  next(fault: Fault & { times?: number }): void;
  /** Delays every response by `ms`; 0 turns the delay off. */
  slow(ms: number): void;
  /** Breaks the next `times` streams (default 1) after `afterEvents` events. */
  cutStream(afterEvents: number, times?: number): void;
  /** Fails a share (0 to 1) of the matching requests. The seed determines which ones. */
  rate(share: number, fault: Fault): void;
  /** Removes all faults. */
  clear(): void;
};

/** The internal interface of the mock. */
export type FaultQueue = Faults & {
  /** Delays the request and throws its fault, if there is one. */
  apply(operation: string, signal: AbortSignal): Promise<void>;
  /** Number of events after which the next stream breaks; Infinity without a fault. */
  cutAfter(): number;
};

const nameOf = (status: ErrorStatus) =>
  (Object.keys(errorCodes) as ErrorName[]).find((name) => errorCodes[name][0] === status) ?? 'internal';

/** 429 gets Retry-After: 1 by default, as the API always sends one. */
function errorOfFault({ status, reason, retryAfter = status === 429 ? 1 : undefined }: Fault): Error {
  if (status === 'lost') return new ConnectionLost();
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return new MockApiError(nameOf(status), 'The mock was told to refuse this.', reason ? { reason } : {}, headers);
}

/** A misspelt name would never fail a request, and the test that waits for the error would say nothing about it. */
function checkOperation({ operation }: Fault) {
  if (operation !== undefined && !operations.some(({ id }) => id === operation))
    throw new TypeError(`There is no operation ${operation}. Names are those of the client, such as threads.create.`);
}

/** `chance` returns a number in [0, 1) and decides about `rate`. */
export function createFaults(chance: () => number): FaultQueue {
  let queue: (Fault & { left: number })[] = [];
  let rates: (Fault & { share: number })[] = [];
  let cuts: number[] = [];
  let delayMs = 0;
  const fits = (id: string, { operation = id }: Fault) => operation === id;
  return {
    next({ times = 1, ...fault }) {
      checkOperation(fault);
      queue.push({ ...fault, left: times });
    },
    slow: (ms) => {
      delayMs = ms;
    },
    cutStream: (afterEvents, times = 1) => void cuts.push(...Array<number>(times).fill(afterEvents)),
    rate(share, fault) {
      checkOperation(fault);
      rates.push({ ...fault, share });
    },
    clear() {
      [queue, rates, cuts, delayMs] = [[], [], [], 0];
    },
    async apply(id, signal) {
      if (delayMs > 0) await pause(delayMs, signal);
      const due = queue.find((fault) => fits(id, fault)) ?? rates.find((fault) => fits(id, fault) && chance() < fault.share);
      if (due && 'left' in due && --due.left <= 0) queue = queue.filter((each) => each !== due);
      if (due) throw errorOfFault(due);
    },
    cutAfter: () => cuts.shift() ?? Number.POSITIVE_INFINITY,
  };
}
