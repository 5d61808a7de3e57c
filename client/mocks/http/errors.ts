import { errorCodes, type ErrorName } from '../../../contract/shared/errorCodes.ts';
import type { Issue } from '../../../contract/shared/errors.ts';

type Details = Record<string, unknown>;
type HeaderValues = Record<string, string>;

/** An error response. */
export class MockApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Details;
  readonly headers: HeaderValues;

  constructor(failure: ErrorName, message: string, details: Details = {}, headers: HeaderValues = {}) {
    super(message);
    [this.status, this.code] = errorCodes[failure];
    this.details = this.status === 400 ? { issues: [], ...details } : details;
    this.headers = { ...(this.status === 401 && { 'www-authenticate': 'Bearer' }), ...headers };
  }
}

/** An error with a `details.reason`. */
export const apiError = (failure: ErrorName, reason: string, message: string, details: Details = {}, headers: HeaderValues = {}) =>
  new MockApiError(failure, message, { reason, ...details }, headers);

/** 400 with up to 50 issues. `reason` is that of the issues without their own. */
export function invalid(issues: readonly Issue[], details: Details = {}, reason?: string): MockApiError {
  const all = issues.slice(0, 50).map((issue) => ({ ...(reason && { reason }), ...issue }));
  const first = all.find((issue) => issue.reason)?.reason;
  return new MockApiError('invalid', 'The request is not valid.', { ...(first && { reason: first }), ...details, issues: all });
}

/** 400 for one field of the body. */
export const invalidField = (path: string, message: string, reason?: string) =>
  invalid([{ location: 'body', path, message, ...(reason && { reason }) }]);

/** 404, for missing resources and for those of other accounts. */
export const notFound = () => new MockApiError('not_found', 'There is nothing here.');
