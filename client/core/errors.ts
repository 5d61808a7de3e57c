import { type ErrorCodeOf, errorCodes, type ErrorStatus } from '../../contract/shared/errorCodes.ts';
import type { Issue, Problem } from '../generated/types.ts';
import type { AnyCall } from './call.ts';

/** An error response of the server. Branch on `code` or `reason`, never on `message`. */
export class ApiError<Status extends number = number> extends Error {
  override readonly name = 'ApiError';
  readonly status: Status;
  readonly code: Status extends ErrorStatus ? ErrorCodeOf<Status> : string;
  /** Stable identifier of the cause; undefined if `code` is specific enough. */
  readonly reason: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  /** The invalid values of the request. */
  readonly issues: readonly Issue[];
  /** Identifies the request in the server's log. */
  readonly traceId: string | undefined;
  /** From Retry-After. */
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

  constructor(timeoutMs: number) {
    super(`Nothing came from the server for ${timeoutMs} ms.`);
  }
}

/** An ApiError per status, so that checking `status` narrows `code`. */
export type ApiErrorOf<Status extends ErrorStatus> = Status extends ErrorStatus ? ApiError<Status> : never;

/** Narrows a caught error to the statuses that the contract declares for a call: `if (isApiError(client.runs.create, error)) switch (error.status) …` */
export const isApiError = <Status extends ErrorStatus>(call: AnyCall<Status>, error: unknown): error is ApiErrorOf<Status> =>
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
