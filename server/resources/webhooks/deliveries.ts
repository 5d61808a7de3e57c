import type { DeliveryQuery } from '../../../contract/webhooks.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { countTest } from './limits.ts';
import { notifyDispatchers } from './outbox.ts';
import type { DeliveryRow, EndpointRow } from './queries.ts';
import * as queries from './queries.ts';

export async function listDeliveries(scope: Scope, { id: endpointId }: EndpointRow, query: DeliveryQuery) {
  const { app, db, accountId } = scope;
  const { status = null, event_type: eventType = null } = query;
  return app.cursors.fetchPage(
    query,
    ['webhook deliveries', accountId, endpointId, status, eventType],
    (key) => db.rows(queries.selectDeliveries, { accountId, endpointId, status, eventType, ...key }),
    (row) => [row.created_at, row.id],
  );
}

export async function findDelivery({ db, accountId }: Scope, id: string, endpoint: EndpointRow): Promise<DeliveryRow> {
  const delivery = await db.row(queries.selectDelivery, { accountId, endpointId: endpoint.id, id });
  if (!delivery) throw notFound();
  return delivery;
}

export async function detailOf({ db, accountId }: Scope, { id }: DeliveryRow): Promise<queries.DetailRow> {
  const detail = await db.row(queries.selectDetail, { accountId, id });
  if (!detail) throw notFound();
  return detail;
}

/** Locks the endpoint, so that it cannot be disabled before deliveries are inserted. Throws 409 `endpoint_disabled`. */
export async function lockEnabledEndpoint({ tx, accountId }: Scope, id: string): Promise<void> {
  const endpoint = await tx.row(queries.lockEndpoint, { accountId, id });
  if (!endpoint) throw notFound();
  if (!endpoint.enabled) throw failWith('conflict', 'endpoint_disabled', 'The endpoint is disabled.');
}

/** Sends the message again. Throws 409 `endpoint_disabled` or `delivery_pending`, and for a test event 429 `webhook_test_rate_limited`. */
export async function redeliver(scope: Scope, { id: endpointId }: EndpointRow, { id, is_test: isTest }: DeliveryRow): Promise<DeliveryRow> {
  const { tx, accountId } = scope;
  if (isTest) await countTest(scope);
  await lockEnabledEndpoint(scope, endpointId);
  const made = await tx.row(queries.insertRedelivery, { accountId, endpointId, deliveryId: id, id: newId() });
  if (!made) throw failWith('conflict', 'delivery_pending', 'The delivery has not ended yet.');
  scope.audit({ targetId: endpointId, metadata: { delivery_id: made.id, redelivery_of: id } });
  scope.afterCommit(() => notifyDispatchers(scope.app));
  return made;
}
