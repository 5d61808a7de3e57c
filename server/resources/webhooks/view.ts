import type { WaitReason } from '../../../contract/events.ts';
import type {
  WebhookDelivery,
  WebhookDeliveryDetail,
  WebhookEndpoint,
  WebhookEndpointWithSecret,
  WebhookEvent,
  WebhookReplay,
  WebhookRun,
} from '../../../contract/webhooks.ts';
import { databaseDate } from '../../platform/databaseClock.ts';
import type { DeliveryRow, DetailRow, EndpointRow, SubscribedRunRow } from './queries.ts';
import type { ReplayRow } from './replayQueries.ts';
import type { EndpointWithSecret } from './service.ts';

export const viewEndpoint = (row: EndpointRow): WebhookEndpoint => ({
  id: row.id,
  account_id: row.account_id,
  url: row.url,
  events: row.events,
  enabled: row.enabled,
  disabled_reason: row.disabled_reason,
  filter: { project_ids: row.filter_project_ids, persona_ids: row.filter_persona_ids },
  header_names: row.header_names,
  secret_prefix: row.secret_prefix,
  previous_secret_expires_at: row.previous_secret_expires_at,
  created_at: row.created_at,
});

export const viewWithSecret = ({ endpoint, secret }: EndpointWithSecret): WebhookEndpointWithSecret => ({
  ...viewEndpoint(endpoint),
  signing_secret: secret,
});

/** The `webhook-id` header of a message. */
export const messageIdOf = (id: string): string => `msg_${id}`;

export const viewDelivery = (row: DeliveryRow): WebhookDelivery => ({
  id: row.id,
  endpoint_id: row.endpoint_id,
  account_id: row.account_id,
  message_id: messageIdOf(row.message_id),
  event_type: row.event_type,
  status: row.status,
  attempts: row.attempts,
  last_attempt_at: row.last_attempt_at,
  next_attempt_at: row.next_attempt_at,
  response_status: row.response_status,
  response_body: row.response_body,
  error: row.error,
  redelivery_of: row.redelivery_of,
  is_test: row.is_test,
  created_at: row.created_at,
});

export const viewDeliveryDetail = (row: DeliveryRow, { body, attempt_log }: DetailRow): WebhookDeliveryDetail => ({
  ...viewDelivery(row),
  payload: JSON.parse(body),
  attempt_log,
});

export const viewReplay = (row: ReplayRow): WebhookReplay => ({
  endpoint_id: row.endpoint_id,
  account_id: row.account_id,
  status: row.status,
  since: row.since,
  until: row.until,
  only_failed: row.only_failed,
  total: row.total,
  queued: row.queued,
  created_at: row.created_at,
  ended_at: row.ended_at,
});

/** Model names and error classes come from providers. */
const maxTextLength = 500;
const shortened = (text: string | null | undefined) => (text == null ? null : [...text].slice(0, maxTextLength).join(''));

/** The event that reports the end of a run. */
export function viewRunEnd(row: SubscribedRunRow): WebhookEvent {
  const status = row.status as WebhookRun['status'];
  return {
    type: `run.${status}`,
    timestamp: (row.completed_at ?? row.failed_at ?? row.cancelled_at)!,
    data: {
      run_id: row.id,
      account_id: row.account_id,
      thread_id: row.thread_id,
      status,
      created_at: row.created_at,
      completed_at: row.completed_at,
      failed_at: row.failed_at,
      cancelled_at: row.cancelled_at,
      model: shortened(row.model),
      total_input_tokens: row.total_input_tokens,
      total_output_tokens: row.total_output_tokens,
      total_cost_usd: row.total_cost_usd,
      credits_used: row.credits_used,
      error_class: shortened(row.error?.error_class),
      resumable: status === 'failed' ? (row.error?.resumable ?? false) : null,
      trace_id: row.trace_id,
    },
  };
}

export type RunWait = { request_id: string; reason: WaitReason; expires_at: string };

/** The event that reports that a run waits for its user. */
export const viewRunWait = (row: SubscribedRunRow, { request_id, reason, expires_at }: RunWait): WebhookEvent => ({
  type: 'run.waiting_for_input',
  timestamp: databaseDate().toISOString(),
  data: { run_id: row.id, account_id: row.account_id, thread_id: row.thread_id, request_id, reason, expires_at, trace_id: row.trace_id },
});
