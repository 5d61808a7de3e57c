import { errorCodes, type ErrorName } from '../../contract/shared/errorCodes.ts';
import type { Issue } from '../../contract/shared/errors.ts';

/** An error that is returned to the caller. Any other error that is thrown is a bug and becomes a 500. */
export class Failure extends Error {
  readonly failure: ErrorName;
  readonly status: number;
  readonly code: string;
  readonly details: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(failure: ErrorName, message: string, details: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
    super(message);
    this.failure = failure;
    [this.status, this.code] = errorCodes[failure];
    this.details = details;
    this.headers = headers;
  }
}

/**
 * An error that is returned after the effects of the request are committed, with their audit entries. It is not stored for an idempotency key: a
 * repeat with the same key runs again.
 */
export class CommittedFailure extends Failure {}

/** An error with a body in the format of another protocol. */
export class ForeignFailure extends Failure {
  readonly body: object;

  constructor(failure: ErrorName, message: string, body: object) {
    super(failure, message);
    this.body = body;
  }
}

/** An error with a stable reason. */
export const failWith = (failure: ErrorName, reason: string, message: string, details: Record<string, unknown> = {}) =>
  new Failure(failure, message, { reason, ...details });

/**
 * A 400 for invalid values of the request. `reason` applies to issues without their own. `details.reason` defaults to the first reason of the issues.
 * The response lists at most 50 issues.
 */
export function invalid(issues: readonly Issue[], reason?: string, details: Record<string, unknown> = {}): Failure {
  const all = reason ? issues.map((issue) => ({ ...issue, reason: issue.reason ?? reason })) : issues;
  const first = all.find((issue) => issue.reason)?.reason;
  return new Failure('invalid', 'The request is not valid.', {
    ...(first && { reason: first }),
    ...details,
    issues: all.slice(0, 50).map(brief),
  });
}

/** Truncates the path: a key of the request can be as long as its body. */
const brief = (issue: Issue): Issue =>
  issue.path.length > 300 ? { ...issue, path: `${issue.path.slice(0, 299).toWellFormed()}…` } : issue;

/** A 400 for one invalid value of the body. `pointer` is its path. */
export const invalidField = (pointer: string, message: string, reason?: string) =>
  invalid([{ location: 'body', path: pointer, message }], reason);

/** The same response for a resource that is absent, not visible, or of another account, so that ids cannot be probed. */
export const notFound = () => new Failure('not_found', 'There is nothing here.');

/** `seconds` is the time until a call may succeed, sent as `retry-after`. */
export const rateLimited = (reason: string, seconds: number, message = 'Too many requests.') =>
  new Failure('rate_limited', message, { reason }, { 'retry-after': String(Math.max(1, Math.ceil(seconds))) });
