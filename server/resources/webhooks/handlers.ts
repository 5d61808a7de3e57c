import { webhookDeliveries, webhookEndpoints } from '../../../contract/webhooks.ts';
import { implement, type Lookup } from '../../http/implement.ts';
import * as deliveries from './deliveries.ts';
import type { DeliveryRow, EndpointRow } from './queries.ts';
import * as service from './service.ts';
import { viewDelivery, viewDeliveryDetail, viewEndpoint, viewWithSecret } from './view.ts';

const endpoint: Lookup<EndpointRow> = service.findEndpoint;
// The path names the endpoint first, so it is found by now.
const delivery: Lookup<DeliveryRow> = (scope, id, _intent, found) => deliveries.findDelivery(scope, id, found.endpoint as EndpointRow);

export const webhookEndpointHandlers = implement(
  webhookEndpoints,
  { endpoint },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewWithSecret(await service.createEndpoint(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listEndpoints(scope, query);
      return { status: 200, body: rows.map(viewEndpoint), next };
    },
    get: ({ found }) => ({ status: 200, body: viewEndpoint(found.endpoint) }),
    update: async ({ scope, found, body }) => ({
      status: 200,
      body: viewEndpoint(await service.updateEndpoint(scope, found.endpoint, body)),
    }),
    delete: async ({ scope, found }) => {
      await service.deleteEndpoint(scope, found.endpoint);
      return { status: 200, body: { ok: true } };
    },
    rotateSecret: async ({ scope, found, body }) => ({
      status: 200,
      body: viewWithSecret(await service.rotateSecret(scope, found.endpoint, body)),
    }),
  },
);

export const webhookDeliveryHandlers = implement(
  webhookDeliveries,
  { endpoint, delivery },
  {
    list: async ({ scope, found, query }) => {
      const { rows, next } = await deliveries.listDeliveries(scope, found.endpoint, query);
      return { status: 200, body: rows.map(viewDelivery), next };
    },
    get: async ({ scope, found }) => ({
      status: 200,
      body: viewDeliveryDetail(found.delivery, await deliveries.bodyOf(scope, found.delivery)),
    }),
    redeliver: async ({ scope, found }) => ({
      status: 202,
      body: viewDelivery(await deliveries.redeliver(scope, found.endpoint, found.delivery)),
    }),
  },
);
