import type { WebhookDeliveryStatus, WebhookError } from '../../../../contract/webhooks.ts';
import type { Config } from '../../../platform/config/config.ts';
import type { Keys } from '../../../platform/crypto/keys.ts';
import { UnknownKeyError } from '../../../platform/crypto/seal.ts';
import { reportUnopened } from '../../../platform/crypto/unopened.ts';
import { databaseDate, databaseNow } from '../../../platform/databaseClock.ts';
import type { OutboundClient } from '../../../platform/outbound/outbound.ts';
import type { Log } from '../../../platform/telemetry/log.ts';
import { metricsEvents } from '../../../platform/telemetry/metricsEvents.ts';
import { inSpan, type SpanEnd, type SpanStart } from '../../../platform/telemetry/spans.ts';
import { tryUnsealHeaders } from '../headers.ts';
import { tryUnsealSecret } from '../secrets.ts';
import { messageIdOf } from '../view.ts';
import type { ClaimedDelivery } from './queries.ts';
import { retryDelaySeconds } from './retryDelay.ts';
import { send, type SendResult } from './send.ts';
import { headersOf } from './sign.ts';

/** The result of an attempt. `attemptedAt` is null if no request was sent. */
export type Outcome = {
  delivery: ClaimedDelivery;
  status: WebhookDeliveryStatus;
  attemptedAt: Date | null;
  durationMs: number;
  /** Seconds until the next attempt. */
  delaySeconds: number;
  responseStatus: number | null;
  responseBody: string | null;
  error: WebhookError | null;
};

type SendDeps = { config: Config; keys: Keys; outbound: OutboundClient; timeoutMs: number; log: Log };

const untried = { attemptedAt: null, durationMs: 0, delaySeconds: 0, responseStatus: null, responseBody: null };

/**
 * A delivery that this process lacks the key for is left to others, without counting as an attempt: for a time that grows with its age, in seconds, and
 * until its age says that no process has the key.
 */
const [minLeftSeconds, maxLeftSeconds, maxUnopenedSeconds] = [2, 60, 86_400];

/** Sends a delivery once, unless its endpoint is disabled. A test is not tried again. */
export async function attemptDelivery(
  { config, keys, outbound, timeoutMs, log }: SendDeps,
  delivery: ClaimedDelivery,
  stop: AbortSignal,
): Promise<Outcome> {
  if (!delivery.enabled) return { delivery, status: 'failed', ...untried, error: 'endpoint_disabled' };
  const attemptedAt = databaseDate();
  const secrets = secretsOf(keys, delivery);
  const own = tryUnsealHeaders(keys, ownerOf(delivery), delivery.headers_sealed);
  if (secrets instanceof UnknownKeyError || own instanceof UnknownKeyError) {
    const isLeft = delivery.age_seconds < maxUnopenedSeconds;
    if (isLeft) reportUnopened(log, 'webhook', secrets instanceof UnknownKeyError ? secrets : (own as UnknownKeyError));
    const delaySeconds = Math.max(minLeftSeconds, Math.min(maxLeftSeconds, delivery.age_seconds));
    return { delivery, status: isLeft ? 'pending' : 'failed', ...untried, delaySeconds, error: 'secret_unreadable' };
  }
  const { id, event_type: eventType, body } = delivery;
  const message = { id: messageIdOf(delivery.message_id), deliveryId: id, eventType, body };
  const made: SendResult | undefined =
    secrets && own
      ? await inSpan(
          () => startOf(delivery),
          () => send(outbound, delivery.url, { ...own, ...headersOf(message, secrets, attemptedAt) }, body, { stop, timeoutMs }),
          endOf,
        )
      : { error: 'secret_unreadable', status: null, body: null, retryAfter: 0 };
  if (!made) return { delivery, status: 'pending', ...untried, error: null };
  const { error, status, body: responseBody, retryAfter } = made;
  // The clock may have been set back meanwhile.
  const durationMs = Math.max(0, databaseNow() - attemptedAt.getTime());
  metricsEvents.webhookAttempted.emit({ outcome: error ?? 'delivered', seconds: durationMs / 1_000 });
  const number = delivery.attempts + 1;
  const isFinal = delivery.is_test || number >= config.webhookMaxAttempts || status === 410;
  return {
    delivery,
    status: error === null ? 'delivered' : isFinal ? 'failed' : 'pending',
    attemptedAt,
    durationMs,
    delaySeconds: retryDelaySeconds(number, config.webhookRetryBaseSeconds, retryAfter),
    responseStatus: status,
    responseBody,
    error,
  };
}

/** Without the path and query of the URL, which may contain a secret. */
const startOf = ({ url, event_type: eventType, attempts }: ClaimedDelivery): SpanStart => ({
  name: 'POST webhook',
  kind: 'client',
  attributes: {
    'http.request.method': 'POST',
    'http.request.resend_count': attempts || undefined,
    'server.address': URL.canParse(url) ? new URL(url).hostname : undefined,
    'arkloop.webhook.event_type': eventType,
  },
});

const endOf = (result: SendResult | undefined): SpanEnd => ({
  attributes: { 'http.response.status_code': result?.status ?? undefined },
  errorType: result ? (result.error ?? undefined) : 'stopped',
});

const ownerOf = ({ endpoint_id: id, account_id }: ClaimedDelivery) => ({ id, account_id });

/** The secrets that sign, the current one first; undefined if the current one is damaged. */
function secretsOf({ encryptionKeys }: Keys, delivery: ClaimedDelivery): string[] | UnknownKeyError | undefined {
  const owner = ownerOf(delivery);
  const current = tryUnsealSecret(encryptionKeys, owner, delivery.secret_sealed);
  if (typeof current !== 'string') return current;
  const previous = delivery.previous_secret_sealed && tryUnsealSecret(encryptionKeys, owner, delivery.previous_secret_sealed);
  return typeof previous === 'string' ? [current, previous] : [current];
}
