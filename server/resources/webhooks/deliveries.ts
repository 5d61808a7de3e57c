import type { DeliveryQuery } from '../../../contract/webhooks.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { announceDeliveries } from './outbox.ts';
import type { DeliveryRow, EndpointRow } from './queries.ts';
import * as queries from './queries.ts';

/** The deliveries to an endpoint, newest first. */
export async function listDeliveries(scope: Scope, { id: endpointId }: EndpointRow, query: DeliveryQuery) {
  const { app, read, accountId } = scope;
  const { limit, before, status = null, event_type: type = null } = query;
  const list = ['webhook deliveries', accountId, endpointId, status, type];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectDeliveries, [accountId, endpointId, status, type, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The delivery a path names, of the endpoint it names. */
export async function findDelivery({ read, accountId }: Scope, id: string, endpoint: EndpointRow): Promise<DeliveryRow> {
  const delivery = await read.row(queries.selectDelivery, [accountId, endpoint.id, id]);
  if (!delivery) throw notFound();
  return delivery;
}

/** The bytes that are sent with a delivery. */
export async function bodyOf({ read, accountId }: Scope, { message_id: messageId }: DeliveryRow): Promise<string> {
  const message = await read.row(queries.selectBody, [accountId, messageId]);
  if (!message) throw notFound();
  return message.body;
}

/** Send a message once more. Throws 409 `endpoint_disabled` or `delivery_pending`. */
export async function redeliver(scope: Scope, { id: endpointId }: EndpointRow, { id }: DeliveryRow): Promise<DeliveryRow> {
  const { tx, accountId } = scope;
  const endpoint = await tx.row(queries.lockEndpoint, [accountId, endpointId]);
  if (!endpoint) throw notFound();
  if (!endpoint.enabled) throw refuse('conflict', 'endpoint_disabled', 'The endpoint is disabled.');
  const made = await tx.row(queries.insertRedelivery, [accountId, endpointId, id, newId()]);
  if (!made) throw refuse('conflict', 'delivery_pending', 'The delivery has not ended yet.');
  scope.audit({ targetId: endpointId, metadata: { delivery_id: made.id, redelivery_of: id } });
  scope.afterCommit(() => announceDeliveries(scope.app));
  return made;
}
