import { type CodeOf, failures, type RefusalStatus } from '../contract/shared/failures.ts';
import type { AnyCall } from './call.ts';
import type { Issue, Problem } from './generated/types.ts';

/** The server understood the request and refused it. Branch on `code` or `reason`, never on `message`. */
export class ApiError<Status extends number = number> extends Error {
  override readonly name = 'ApiError';
  readonly status: Status;
  readonly code: Status extends RefusalStatus ? CodeOf<Status> : string;
  /** The stable word for why; undefined when the code says it all. */
  readonly reason: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  /** What is wrong with the request, value by value. */
  readonly issues: readonly Issue[];
  /** Names the request in the server's log. */
  readonly traceId: string | undefined;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;

  constructor(status: Status, problem: Partial<Problem> = {}, headers: Headers = new Headers()) {
    super(problem.message ?? `The server answered ${status}.`);
    const details = problem.details ?? {};
    this.status = status;
    this.code = (problem.error ?? codeOf(status)) as ApiError<Status>['code'];
    this.reason = details.reason;
    this.details = details;
    this.issues = details.issues ?? [];
    this.traceId = headers.get('x-trace-id') ?? problem.trace_id ?? undefined;
    this.retryAfterMs = readRetryAfter(headers.get('retry-after'));
    this.retryable = [429, 502, 503, 504].includes(status) || details.reason === 'idempotency_in_progress';
  }
}

/** No usable answer came: the server is unreachable, or the connection broke. `cause` says more. */
export class ConnectionError extends Error {
  override readonly name: string = 'ConnectionError';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}

/** No answer came in time. */
export class TimeoutError extends ConnectionError {
  override readonly name = 'TimeoutError';

  constructor(timeoutMs: number) {
    super(`Nothing came from the server for ${timeoutMs} ms.`);
  }
}

/** A refusal by one of several statuses, such that checking `status` narrows `code`. */
export type Refusal<Status extends RefusalStatus> = Status extends RefusalStatus ? ApiError<Status> : never;

/** Narrows a caught error to the refusals the contract gives for a call: `if (isRefusal(client.runs.create, error)) switch (error.status) …` */
export const isRefusal = <Status extends RefusalStatus>(call: AnyCall<Status>, error: unknown): error is Refusal<Status> =>
  error instanceof ApiError && call.route.refusals.some((status) => status === error.status);

/** Whether trying again later may help. */
export const isTransient = (error: unknown): error is ApiError | ConnectionError =>
  error instanceof ConnectionError || (error instanceof ApiError && error.retryable);

const codeOf = (status: number) => Object.values(failures).find(([known]) => known === status)?.[1] ?? 'unknown';

/** Retry-After as milliseconds: seconds or a date (RFC 9110, 10.2.3). */
function readRetryAfter(text: string | null) {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
