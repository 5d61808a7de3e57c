import type { WebhookEvent, WebhookEventType, WebhookRun, WebhookTest } from '../../../contract/webhooks.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { databaseDate } from '../../platform/databaseClock.ts';
import { lockEnabledEndpoint } from './deliveries.ts';
import { countTest } from './limits.ts';
import { notifyDispatchers } from './outbox.ts';
import type { DeliveryRow, EndpointRow } from './queries.ts';
import * as queries from './queries.ts';

/** IDs of a test event refer to nothing, so that a receiver that ignores `test` finds nothing to work on. */
const nil = '00000000-0000-0000-0000-000000000000';

/** Sends an example of an event to the endpoint. Throws 409 `endpoint_disabled`, 429 `webhook_test_rate_limited`. */
export async function sendTestEvent(
  scope: Scope,
  { id: endpointId }: EndpointRow,
  { event_type: type }: WebhookTest,
): Promise<DeliveryRow> {
  const { app, tx, accountId, client } = scope;
  await countTest(scope);
  await lockEnabledEndpoint(scope, endpointId);
  const body = JSON.stringify(exampleOf(type, { accountId, traceId: client.traceId, at: databaseDate().toISOString() }));
  const ids = { accountId, endpointId, id: newId(), messageId: newId() };
  const made = (await tx.row(queries.insertTestDelivery, { ...ids, eventType: type, body }))!;
  scope.audit({ targetId: endpointId, metadata: { delivery_id: made.id, event_type: type } });
  scope.afterCommit(() => notifyDispatchers(app));
  return made;
}

type Facts = { accountId: string; traceId: string; at: string };

function exampleOf(type: WebhookEventType, facts: Facts): WebhookEvent {
  const { accountId: account_id, traceId: trace_id, at } = facts;
  const common = { timestamp: at, test: true } as const;
  switch (type) {
    case 'run.waiting_for_input':
      return {
        type,
        ...common,
        data: { run_id: nil, account_id, thread_id: nil, request_id: nil, reason: 'ask_user', expires_at: at, trace_id },
      };
    case 'member.joined':
      return { type, ...common, data: { account_id, user_id: nil, role: 'member', trace_id } };
    case 'subscription.changed': {
      const period = { current_period_start: at, current_period_end: at, cancelled_at: null, created_at: at };
      const subscription = { id: nil, account_id, plan_id: nil, status: 'active' as const, ...period };
      return { type, ...common, data: { account_id, change: 'updated', subscription, trace_id } };
    }
    case 'api_key.expiring': {
      const key = { api_key_id: nil, user_id: nil, name: 'Example', key_prefix: 'al_0000', expires_at: at };
      return { type, ...common, data: { account_id, ...key, trace_id } };
    }
    case 'credits.low':
      return { type, ...common, data: { account_id, balance: 90, threshold: 100, trace_id } };
    case 'account.erasure_scheduled':
    case 'account.erasure_cancelled':
      return { type, ...common, data: { account_id, erasure_id: nil, due_at: at, trace_id } };
    case 'account.erased':
      return { type, ...common, data: { account_id, erasure_id: nil, erased_account_id: nil, finished_at: at, trace_id } };
    default:
      return { type, ...common, data: exampleRun(type, facts) };
  }
}

function exampleRun(type: `run.${WebhookRun['status']}`, { accountId, traceId, at }: Facts): WebhookRun {
  const status = type.slice('run.'.length) as WebhookRun['status'];
  const isFailed = status === 'failed';
  return {
    run_id: nil,
    account_id: accountId,
    thread_id: nil,
    status,
    created_at: at,
    completed_at: status === 'completed' ? at : null,
    failed_at: isFailed ? at : null,
    cancelled_at: status === 'cancelled' ? at : null,
    model: 'example-model',
    total_input_tokens: 1_200,
    total_output_tokens: 300,
    total_cost_usd: 0,
    credits_used: 0,
    error_class: isFailed ? 'provider.retryable' : null,
    resumable: isFailed ? true : null,
    trace_id: traceId,
  };
}
