import type { Issue } from '../../contract/shared/errors.ts';
import { type FailureName, failures } from '../../contract/shared/failures.ts';

/** A refusal the caller is meant to see. Anything else that is thrown is a bug and becomes a 500. */
export class Failure extends Error {
  readonly failure: FailureName;
  readonly status: number;
  readonly code: string;
  readonly details: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(failure: FailureName, message: string, details: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
    super(message);
    this.failure = failure;
    [this.status, this.code] = failures[failure];
    this.details = details;
    this.headers = headers;
  }
}

/** A refusal with a stable reason. */
export const refuse = (failure: FailureName, reason: string, message: string, details: Record<string, unknown> = {}) =>
  new Failure(failure, message, { reason, ...details });

/** A value of the request that breaks a rule: 400 with the issue, and with a reason and more where the specification names them. */
export const invalid = (issues: readonly Issue[], reason?: string, details: Record<string, unknown> = {}) =>
  new Failure('invalid', 'The request is not valid.', { ...(reason && { reason }), ...details, issues: issues.slice(0, 50).map(brief) });

/** A key of the request can be as long as its body; the answer need not repeat it. */
const brief = (issue: Issue): Issue =>
  issue.path.length > 300 ? { ...issue, path: `${issue.path.slice(0, 299).toWellFormed()}…` } : issue;

/** One value of the body that breaks a rule. */
export const invalidField = (pointer: string, message: string, reason?: string) =>
  invalid([{ location: 'body', path: pointer, message }], reason);

/** Absent, of another account, or not visible: one answer, so that ids cannot be probed. */
export const notFound = () => new Failure('not_found', 'There is nothing here.');

/** Too many calls of one kind; `seconds` until one may succeed. */
export const rateLimited = (reason: string, seconds: number, message = 'Too many requests.') =>
  new Failure('rate_limited', message, { reason }, { 'retry-after': String(Math.max(1, Math.ceil(seconds))) });
