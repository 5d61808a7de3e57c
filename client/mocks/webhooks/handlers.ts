import type {
  webhookDeliveries as deliveryRoutes,
  webhookEndpoints as endpointRoutes,
  WebhookDelivery,
  WebhookEndpointWithSecret,
} from '../../../contract/webhooks.ts';
import { type RouteHandlers, untypedContext } from '../context.ts';
import { apiError } from '../http/errors.ts';
import { serveGeneric } from '../resources/generic.ts';
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
};

export const webhookDeliveries: RouteHandlers<typeof deliveryRoutes> = {
  redeliver: ({ engine, loaded }) => {
    const endpoint = loaded.endpoint_id!.value as MockEndpoint;
    const delivery = loaded.delivery_id!.value as WebhookDelivery;
    if (!endpoint.enabled) throw apiError('conflict', 'endpoint_disabled', 'The endpoint is disabled.');
    if (delivery.status === 'pending') throw apiError('conflict', 'delivery_pending', 'The delivery has not ended yet.');
    return { status: 202, body: engine.webhooks.redeliver(endpoint, delivery) };
  },
};
