import { webhookDeliveries, webhookEndpoints } from '../../../contract/webhooks.ts';
import { implement, type ResourceLoader } from '../../http/pipeline/implement.ts';
import * as deliveries from './deliveries.ts';
import type { DeliveryRow, EndpointRow } from './queries.ts';
import { lastReplay, startReplay } from './replays.ts';
import * as service from './service.ts';
import { sendTestEvent } from './testEvents.ts';
import { viewDelivery, viewDeliveryDetail, viewEndpoint, viewReplay, viewWithSecret } from './view.ts';

const endpoint: ResourceLoader<EndpointRow> = service.findEndpoint;
// The path names the endpoint first, so it is already loaded.
const delivery: ResourceLoader<DeliveryRow> = (scope, id, _intent, found) =>
  deliveries.findDelivery(scope, id, found.endpoint as EndpointRow);

export const webhookEndpointHandlers = implement(
  webhookEndpoints,
  { endpoint },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewWithSecret(await service.createEndpoint(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listEndpoints(scope, query);
      return { status: 200, body: rows.map(viewEndpoint), next };
    },
    get: ({ loaded }) => ({ status: 200, body: viewEndpoint(loaded.endpoint) }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewEndpoint(await service.updateEndpoint(scope, loaded.endpoint, body)),
    }),
    delete: async ({ scope, loaded }) => {
      await service.deleteEndpoint(scope, loaded.endpoint);
      return { status: 200, body: { ok: true } };
    },
    rotateSecret: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewWithSecret(await service.rotateSecret(scope, loaded.endpoint, body)),
    }),
    test: async ({ scope, loaded, body }) => ({ status: 202, body: viewDelivery(await sendTestEvent(scope, loaded.endpoint, body)) }),
    replay: async ({ scope, loaded, body }) => ({ status: 202, body: viewReplay(await startReplay(scope, loaded.endpoint, body)) }),
    lastReplay: async ({ scope, loaded }) => ({ status: 200, body: viewReplay(await lastReplay(scope, loaded.endpoint)) }),
  },
);

export const webhookDeliveryHandlers = implement(
  webhookDeliveries,
  { endpoint, delivery },
  {
    list: async ({ scope, loaded, query }) => {
      const { rows, next } = await deliveries.listDeliveries(scope, loaded.endpoint, query);
      return { status: 200, body: rows.map(viewDelivery), next };
    },
    get: async ({ scope, loaded }) => ({
      status: 200,
      body: viewDeliveryDetail(loaded.delivery, await deliveries.detailOf(scope, loaded.delivery)),
    }),
    redeliver: async ({ scope, loaded }) => ({
      status: 202,
      body: viewDelivery(await deliveries.redeliver(scope, loaded.endpoint, loaded.delivery)),
    }),
  },
);
