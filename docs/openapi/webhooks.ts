import type { ParameterObject, PathItemObject } from 'openapi3-ts/oas31';
import { WebhookEvent, type WebhookEventType } from '../../contract/webhooks.ts';
import type { Components } from './components.ts';

const header = (name: string, description: string): ParameterObject => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
});

const headers = [
  header('webhook-id', 'The same for every attempt and redelivery of an event, at all endpoints. Use it to detect duplicates.'),
  header('webhook-timestamp', 'Time of this attempt in Unix seconds.'),
  header(
    'webhook-signature',
    '`v1,` followed by the base64 HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>`. The key is the base64-decoded part of the secret after `whsec_`. After a rotation there are two signatures, separated by a space.',
  ),
  header('X-Arkloop-Event', 'The event type. Not signed.'),
  header('X-Arkloop-Delivery', 'The ID of the delivery. Not signed.'),
];

/** Apart from the operations of webhook endpoints, because generators put operations and webhooks with one tag into one class. */
export const webhooksTag = {
  name: 'webhooks',
  description: 'The requests that the server sends to webhook endpoints.',
  'x-displayName': 'Webhooks',
};

const titles: Record<WebhookEventType, string> = {
  'run.completed': 'A run completed',
  'run.failed': 'A run failed',
  'run.cancelled': 'A run was canceled',
  'run.waiting_for_input': 'A run waits for input',
  'member.joined': 'A member joined',
  'subscription.changed': 'The subscription changed',
  'api_key.expiring': 'An API key expires soon',
  'credits.low': 'Credits are low',
  'account.erasure_scheduled': 'The account will be erased',
  'account.erasure_cancelled': 'The erasure of the account was canceled',
  'account.erased': 'An account was erased',
};

const descriptions: Record<WebhookEventType, string> = {
  'run.completed': 'Sent when a run has answered. Retrieve the messages of its thread to read the answer.',
  'run.failed': 'Sent when a run has failed; `error_class` says why. If `resumable` is true, the next run of the thread can continue it.',
  'run.cancelled': 'Sent when a run was canceled, by a user or because its worker disappeared. A partial answer is kept in its thread.',
  'run.waiting_for_input':
    'Sent when a run asks its user and waits. Answer with `POST /v1/runs/{run_id}/input` before `expires_at`. Sent once for each question.',
  'member.joined': 'Sent when a user has accepted an invitation to the account.',
  'subscription.changed': 'Sent when a platform admin has created, renewed or canceled the subscription of the account.',
  'api_key.expiring': 'Sent 7 days before an API key expires, once for each expiry. Keys that live no longer than 7 days send none.',
  'credits.low':
    'Sent when a charge or a deduction takes the balance from at or above the threshold to below it, once for each crossing. Changing the threshold sends none.',
  'account.erasure_scheduled': 'Sent when the erasure of the account was requested. Export what you need before `due_at`.',
  'account.erasure_cancelled': 'Sent when the erasure was canceled before it began.',
  'account.erased': 'Sent to the personal account of the user who requested an erasure, when it is completed.',
};

const idOf = (type: string) => type.replaceAll(/[._](.)/g, (_, letter: string) => letter.toUpperCase());

/** The requests that the server sends to webhook endpoints, by event type. */
export const webhooksOf = (components: Components): [name: string, item: PathItemObject][] =>
  WebhookEvent.options.map((event) => {
    const type = event.shape.type.value;
    return [
      type,
      {
        post: {
          operationId: `${idOf(type)}Webhook`,
          tags: [webhooksTag.name],
          summary: titles[type],
          description: descriptions[type],
          security: [],
          parameters: headers,
          requestBody: { required: true, content: { 'application/json': { schema: components.schemaOf(event, 'output') } } },
          responses: {
            '2XX': { description: 'Accepted. After any other response, or no response within 10 seconds, the delivery is retried.' },
            '410': { description: 'The server disables the endpoint.' },
          },
        },
      },
    ];
  });
