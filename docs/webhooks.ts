import type { ParameterObject, PathItemObject } from 'openapi3-ts/oas31';
import { WebhookEvent, type WebhookEventType } from '../contract/webhooks.ts';
import type { Components } from './components.ts';

const header = (name: string, description: string): ParameterObject => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
});

const headers = [
  header('webhook-id', 'The same for every attempt and redelivery of an event, at every endpoint: by it repetitions are seen.'),
  header('webhook-timestamp', 'Unix seconds of this attempt.'),
  header(
    'webhook-signature',
    '`v1,` and the base64 of HMAC-SHA-256 over `<webhook-id>.<webhook-timestamp>.<body>`, keyed by the bytes behind `whsec_`; after a rotation two, with a space between.',
  ),
  header('X-Arkloop-Event', 'The type; not signed.'),
  header('X-Arkloop-Delivery', 'The delivery; not signed.'),
];

const titles: Record<WebhookEventType, string> = {
  'run.completed': 'A run has completed',
  'run.failed': 'A run has failed',
  'run.cancelled': 'A run was cancelled',
};

const idOf = (type: string) => type.replace(/\.(.)/, (_, letter: string) => letter.toUpperCase());

/** The requests that the server sends to endpoints, by name. */
export const webhooksOf = (components: Components): [name: string, item: PathItemObject][] =>
  WebhookEvent.options.map((event) => {
    const type = event.shape.type.value;
    return [
      type,
      {
        post: {
          operationId: `${idOf(type)}Webhook`,
          tags: ['webhookEndpoints'],
          summary: titles[type],
          security: [],
          parameters: headers,
          requestBody: { required: true, content: { 'application/json': { schema: components.schemaOf(event, 'output') } } },
          responses: {
            '2XX': { description: 'Taken. Any other answer, or none within 10 seconds, is tried again.' },
            '410': { description: 'The endpoint is disabled.' },
          },
        },
      },
    ];
  });
