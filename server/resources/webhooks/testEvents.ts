import type { WebhookEvent, WebhookEventType, WebhookTest } from '../../../contract/webhooks.ts';
import { type AttemptLimit, countAttempt } from '../../http/pipeline/attemptLimits.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { lockEnabledEndpoint } from './deliveries.ts';
import { notifyDispatchers } from './outbox.ts';
import type { DeliveryRow, EndpointRow } from './queries.ts';
import * as queries from './queries.ts';

/** IDs of a test event refer to nothing, so that a receiver that ignores `test` finds nothing to work on. */
const nil = '00000000-0000-0000-0000-000000000000';

const limitOf = (accountId: string): AttemptLimit => ({
  bucket: limiterKeyOf('webhook-test', accountId),
  max: 60,
  seconds: 60,
  reason: 'webhook_test_rate_limited',
});

/** Sends an example of an event to the endpoint. Throws 409 `endpoint_disabled`, 429 `webhook_test_rate_limited`. */
export async function sendTestEvent(
  scope: Scope,
  { id: endpointId }: EndpointRow,
  { event_type: type }: WebhookTest,
): Promise<DeliveryRow> {
  const { app, tx, db, accountId, client } = scope;
  await countAttempt(db, [limitOf(accountId)]);
  await lockEnabledEndpoint(scope, endpointId);
  const body = JSON.stringify(exampleOf(type, { accountId, traceId: client.traceId, at: new Date().toISOString() }));
  const ids = { accountId, endpointId, id: newId(), messageId: newId() };
  const made = (await tx.row(queries.insertTestDelivery, { ...ids, eventType: type, body }))!;
  scope.audit({ targetId: endpointId, metadata: { delivery_id: made.id, event_type: type } });
  scope.afterCommit(() => notifyDispatchers(app));
  return made;
}

type Facts = { accountId: string; traceId: string; at: string };

function exampleOf(type: WebhookEventType, facts: Facts): WebhookEvent {
  const { accountId: account_id, traceId: trace_id, at } = facts;
  const status = type.slice('run.'.length) as WebhookEvent['data']['status'];
  return {
    type,
    timestamp: at,
    test: true,
    data: {
      run_id: nil,
      account_id,
      thread_id: nil,
      status,
      created_at: at,
      completed_at: status === 'completed' ? at : null,
      failed_at: status === 'failed' ? at : null,
      cancelled_at: status === 'cancelled' ? at : null,
      model: 'example-model',
      total_input_tokens: 1_200,
      total_output_tokens: 300,
      total_cost_usd: 0,
      credits_used: 0,
      error_class: status === 'failed' ? 'provider.retryable' : null,
      resumable: status === 'failed' ? true : null,
      trace_id,
    },
  };
}
