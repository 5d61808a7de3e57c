import type {
  webhookDeliveries as deliveryRoutes,
  webhookEndpoints as endpointRoutes,
  WebhookDelivery,
  WebhookEndpointWithSecret,
} from '../../../contract/webhooks.ts';
import { type RouteHandlers, untypedContext } from '../context.ts';
import { apiError, notFound } from '../http/errors.ts';
import { serveGeneric } from '../resources/generic.ts';
import type { Row } from '../state.ts';
import { failPending, type MockEndpoint } from './sending.ts';

export const webhookEndpoints: RouteHandlers<typeof endpointRoutes> = {
  update: (context) => {
    const { engine, loaded, body } = context;
    const endpoint = loaded.endpoint_id!.value as MockEndpoint;
    serveGeneric(untypedContext(context));
    if (body.enabled) endpoint.consecutive_failures = 0;
    if (!endpoint.enabled) failPending(engine, endpoint.id);
    return { status: 200, body: endpoint };
  },
  rotateSecret: (context) => {
    const endpoint = context.loaded.endpoint_id!.value as MockEndpoint;
    if (endpoint.signing_secret) endpoint.previous_signing_secret = endpoint.signing_secret;
    return { status: 200, body: serveGeneric(untypedContext(context)).body as WebhookEndpointWithSecret };
  },
  test: ({ engine, loaded, body, traceId }) => ({ status: 202, body: engine.webhooks.test(enabled(loaded), body.event_type, traceId) }),
  replay: ({ engine, loaded, body }) => ({ status: 202, body: engine.webhooks.replay(enabled(loaded), body) }),
  lastReplay: ({ loaded }) => {
    const { last_replay: body } = loaded.endpoint_id!.value as MockEndpoint;
    if (!body) throw notFound();
    return { status: 200, body };
  },
};

/** The endpoint of the path. Throws 409 if it is disabled. */
function enabled(loaded: Record<string, Row>): MockEndpoint {
  const endpoint = loaded.endpoint_id!.value as MockEndpoint;
  if (!endpoint.enabled) throw apiError('conflict', 'endpoint_disabled', 'The endpoint is disabled.');
  return endpoint;
}

export const webhookDeliveries: RouteHandlers<typeof deliveryRoutes> = {
  redeliver: ({ engine, loaded }) => {
    const endpoint = enabled(loaded);
    const delivery = loaded.delivery_id!.value as WebhookDelivery;
    if (delivery.status === 'pending') throw apiError('conflict', 'delivery_pending', 'The delivery has not ended yet.');
    return { status: 202, body: engine.webhooks.redeliver(endpoint, delivery) };
  },
};
