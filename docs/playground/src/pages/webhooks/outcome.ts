import type { WebhookDelivery } from '../../../../../client/index.ts';

/** Not below that of the list: a webhook that was deleted has no deliveries to load again. */
export const deliveriesKey = (endpointId: string) => ['webhook-deliveries', endpointId];

type Outcome = Pick<WebhookDelivery, 'response_status' | 'error'>;

/** Why there is no usable response. */
const causes: Record<NonNullable<Outcome['error']>, string> = {
  // The status tells it.
  http_status: '',
  redirect: 'redirected',
  timeout: 'no response in time',
  connection_failed: 'no connection',
  url_denied: 'URL not allowed',
  secret_unreadable: 'secret not readable',
  endpoint_disabled: 'webhook was off',
};

/** What came of the last attempt, such as `status 500` or `no connection`; empty before the first. */
export const outcomeOf = ({ response_status: status, error }: Outcome): string =>
  [status !== null && `status ${status}`, error !== null && (causes[error] ?? error.replaceAll('_', ' '))].filter(Boolean).join(' · ');

export type Health = {
  /** The latest attempt at an event. */
  lastAttempt: string | undefined;
  /** The deliveries since the last one that was received. */
  failing: readonly WebhookDelivery[];
};

/** From the latest deliveries, newest first. Test events do not count. */
export function healthOf(deliveries: readonly WebhookDelivery[]): Health {
  const tried = deliveries.filter(({ is_test, last_attempt_at }) => !is_test && last_attempt_at !== null);
  const received = tried.findIndex(({ status }) => status === 'delivered');
  return {
    lastAttempt: tried
      .map(({ last_attempt_at }) => last_attempt_at!)
      .toSorted()
      .at(-1),
    failing: (received < 0 ? tried : tried.slice(0, received)).filter(({ error }) => error !== null),
  };
}
