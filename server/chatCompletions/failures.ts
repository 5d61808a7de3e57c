import { ModelError } from '../models/model.ts';
import { RunFailure } from '../models/runFailure.ts';
import { isAboveLimit } from '../models/wire/answerLimits.ts';
import { isKeyRejected } from '../models/wire/failures.ts';
import { Failure, failWith } from '../platform/failure.ts';

export const modelNotFound = (model: string) =>
  failWith('not_found', 'model_not_found', `There is no model '${model}' that this account can use. GET /v1/models lists the models.`);

/** Converts an exception of a call to an API error. Other exceptions are returned unchanged. */
export function toFailure(error: unknown): unknown {
  if (error instanceof ModelError) return fromProvider(error);
  if (error instanceof RunFailure) return fromRouting(error);
  return error;
}

function fromRouting({ code = '', errorClass, message }: RunFailure): Failure {
  if (code === 'entitlement.credits_exhausted') return failWith('unpaid', 'credits_exhausted', message);
  // Not 429: the clients of OpenAI repeat that at once, but the month has to end.
  if (errorClass === 'entitlement.quota_exceeded') return failWith('unpaid', 'monthly_quota_exceeded', message);
  if (code === 'policy.model_not_allowed') return failWith('forbidden', 'model_not_allowed', message);
  if (code === 'policy.byok_disabled') return failWith('forbidden', 'feature_disabled', message);
  return failWith('upstream', 'provider_not_usable', message);
}

/** A rejected credential of the provider is not a rejected credential of the caller. */
function fromProvider({ message, details, errorClass, retryAfterMs }: ModelError): Failure {
  const status = typeof details.status_code === 'number' ? details.status_code : undefined;
  const facts = status === undefined ? {} : { status_code: status };
  if (status === 429) {
    const seconds = Math.max(1, Math.ceil((retryAfterMs ?? 1_000) / 1_000));
    return new Failure('rate_limited', message, { reason: 'provider_rate_limited', ...facts }, { 'retry-after': String(seconds) });
  }
  // Not 502: the clients of OpenAI repeat that, and every attempt is charged.
  if (isAboveLimit(details)) return new Failure('invalid', message, { reason: 'answer_too_long', issues: [] });
  if (isKeyRejected(details)) return failWith('upstream', 'upstream_auth_failed', message, facts);
  if (status !== undefined && [400, 413, 422].includes(status) && errorClass === 'provider.non_retryable')
    return new Failure('invalid', message, { reason: 'provider_rejected', issues: [], ...facts });
  return failWith('upstream', status === undefined ? 'upstream_unreachable' : 'upstream_request_failed', message, facts);
}
