import type { WebhookDeliveryStatus, WebhookError } from '../../../contract/webhooks.ts';
import type { Config } from '../../kernel/config.ts';
import { facts } from '../../kernel/facts.ts';
import type { Keys } from '../../kernel/keys.ts';
import type { Outbound } from '../../kernel/outbound.ts';
import { openSecret } from '../../resources/webhooks/secrets.ts';
import { messageIdOf } from '../../resources/webhooks/view.ts';
import type { Claimed } from './queries.ts';
import { waitAfter } from './schedule.ts';
import { type Attempt, send } from './send.ts';
import { headersOf } from './sign.ts';

/** What a delivery becomes. Without `triedAt` nothing was sent. */
export type Outcome = {
  delivery: Claimed;
  status: WebhookDeliveryStatus;
  triedAt: Date | null;
  /** Seconds until the next attempt. */
  wait: number;
  responseStatus: number | null;
  responseBody: string | null;
  error: WebhookError | null;
};

type SendDeps = { config: Config; keys: Keys; outbound: Outbound };

const untried = { triedAt: null, wait: 0, responseStatus: null, responseBody: null };

/** Send a delivery once, unless its endpoint is disabled, and say what becomes of it. */
export async function attempt({ config, keys, outbound }: SendDeps, delivery: Claimed, stop: AbortSignal): Promise<Outcome> {
  if (!delivery.enabled) return { delivery, status: 'failed', ...untried, error: 'endpoint_disabled' };
  const triedAt = new Date();
  const secrets = secretsOf(keys, delivery);
  const { id, event_type: eventType, body } = delivery;
  const message = { id: messageIdOf(delivery.message_id), deliveryId: id, eventType, body };
  const made: Attempt | undefined = secrets
    ? await send(outbound, delivery.url, headersOf(message, secrets, triedAt), body, stop)
    : { error: 'secret_unreadable', status: null, body: null, retryAfter: 0 };
  if (!made) return { delivery, status: 'pending', ...untried, error: null };
  const { error, status, body: responseBody, retryAfter } = made;
  facts.webhookTried.tell({ outcome: error ?? 'delivered', seconds: (Date.now() - triedAt.getTime()) / 1_000 });
  const number = delivery.attempts + 1;
  const isFinal = number >= config.webhookMaxAttempts || status === 410;
  return {
    delivery,
    status: error === null ? 'delivered' : isFinal ? 'failed' : 'pending',
    triedAt,
    wait: waitAfter(number, config.webhookRetryBaseSeconds, retryAfter),
    responseStatus: status,
    responseBody,
    error,
  };
}

/** The secrets that sign now, the current one first; undefined when it cannot be opened. */
function secretsOf({ encryptionKey }: Keys, delivery: Claimed): string[] | undefined {
  const owner = { id: delivery.endpoint_id, account_id: delivery.account_id };
  const current = openSecret(encryptionKey, owner, delivery.secret_sealed);
  if (current === undefined) return undefined;
  const previous = delivery.previous_secret_sealed && openSecret(encryptionKey, owner, delivery.previous_secret_sealed);
  return previous ? [current, previous] : [current];
}
