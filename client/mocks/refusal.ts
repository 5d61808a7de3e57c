import type { Issue } from '../../contract/shared/errors.ts';
import { type FailureName, failures } from '../../contract/shared/failures.ts';

type Details = Record<string, unknown>;
type HeaderValues = Record<string, string>;

/** A refusal that the caller is meant to see. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Details;
  readonly headers: HeaderValues;

  constructor(failure: FailureName, message: string, details: Details = {}, headers: HeaderValues = {}) {
    super(message);
    [this.status, this.code] = failures[failure];
    this.details = this.status === 400 ? { issues: [], ...details } : details;
    this.headers = { ...(this.status === 401 && { 'www-authenticate': 'Bearer' }), ...headers };
  }
}

/** A refusal with a stable reason. */
export const refuse = (failure: FailureName, reason: string, message: string, details: Details = {}, headers: HeaderValues = {}) =>
  new Refusal(failure, message, { reason, ...details }, headers);

/** 400 with all that is wrong with a request. */
export const invalid = (issues: readonly Issue[], details: Details = {}) =>
  new Refusal('invalid', 'The request is not valid.', { ...details, issues: issues.slice(0, 50) });

/** One value of the body that breaks a rule. */
export const invalidField = (path: string, message: string, reason?: string) =>
  invalid([{ location: 'body', path, message }], reason ? { reason } : {});

/** Absent, or somebody else's. */
export const notFound = () => new Refusal('not_found', 'There is nothing here.');
