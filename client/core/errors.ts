import { type ErrorCodeOf, errorCodes, type ErrorStatus } from '../../contract/shared/errorCodes.ts';
import type { Issue, Problem } from '../generated/types.ts';
import type { AnyCall, ErrorReasons } from './call.ts';

const retryableStatuses: readonly number[] = [429, 500, 502, 503, 504];
/** A repeat of the request cannot succeed: it has used up what it was sent with. */
const finalReasons: readonly unknown[] = ['authorization_failed'];

/** An error response of the server. Branch on `code` or `reason`, never on `message`. */
export class ApiError<Status extends number = number, Reason extends string = string> extends Error {
  override readonly name = 'ApiError';
  /** `threads.create`; undefined if the error was not made by a client. */
  readonly operation: string | undefined;
  readonly status: Status;
  readonly code: Status extends ErrorStatus ? ErrorCodeOf<Status> : string;
  /** Stable identifier of the cause; undefined if `code` is specific enough. */
  readonly reason: Reason | undefined;
  /** The server's explanation. `message` also names the operation and the status. */
  readonly serverMessage: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** The invalid values of the request. */
  readonly issues: readonly Issue[];
  /** Identifies the request in the server's log. */
  readonly traceId: string | undefined;
  /** From Retry-After. */
  readonly retryAfterMs: number | undefined;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;

  constructor(status: Status, problem: Partial<Problem> = {}, headers: Headers = new Headers(), operation?: string) {
    const details = problem.details ?? {};
    const serverMessage = problem.message ?? `The server answered ${status}.`;
    super(`${operation ?? 'The call'} failed with ${status} ${details.reason ?? problem.error ?? codeOf(status)}: ${serverMessage}`);
    this.operation = operation;
    this.serverMessage = serverMessage;
    this.status = status;
    this.code = (problem.error ?? codeOf(status)) as ApiError<Status>['code'];
    this.reason = details.reason as Reason | undefined;
    this.details = details;
    this.issues = details.issues ?? [];
    this.traceId = headers.get('x-trace-id') ?? problem.trace_id ?? undefined;
    this.retryAfterMs = readRetryAfter(headers.get('retry-after'));
    this.retryable =
      (retryableStatuses.includes(status) && !finalReasons.includes(details.reason)) || details.reason === 'idempotency_in_progress';
  }
}

/** No usable response: the server is unreachable or the connection broke. See `cause`. */
export class ConnectionError extends Error {
  override readonly name: string = 'ConnectionError';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}

/** No response within the timeout. */
export class TimeoutError extends ConnectionError {
  override readonly name = 'TimeoutError';

  constructor(timeoutMs: number, operation: string) {
    super(`${operation} failed: the server sent nothing for ${timeoutMs} ms.`);
  }
}

/** The errors of an operation, one per status: checking `status` narrows `code` and `reason`. */
export type ApiErrorOf<Errors extends ErrorReasons> = {
  [Status in keyof Errors & ErrorStatus]: ApiError<Status, Errors[Status] & string>;
}[keyof Errors & ErrorStatus];

/**
 * Narrows a caught error to the statuses and reasons that the contract declares for a call:
 * `if (isApiError(client.runs.create, error) && error.reason === 'thread_busy') …`. A reason that the call does not have does not compile.
 */
export const isApiError = <Errors extends ErrorReasons>(call: AnyCall<Errors>, error: unknown): error is ApiErrorOf<Errors> =>
  error instanceof ApiError && call.route.errorStatuses.some((status) => status === error.status);

/** Whether a later retry may succeed. */
export const isTransient = (error: unknown): error is ApiError | ConnectionError =>
  error instanceof ConnectionError || (error instanceof ApiError && error.retryable);

const codeOf = (status: number) => Object.values(errorCodes).find(([known]) => known === status)?.[1] ?? 'unknown';

/** Retry-After in milliseconds, from seconds or a date (RFC 9110, 10.2.3). */
function readRetryAfter(text: string | null) {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
