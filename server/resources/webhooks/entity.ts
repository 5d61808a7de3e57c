import { defineEntity, p } from '@mikro-orm/core';
import type { WebhookAttempt, WebhookError, WebhookEventType } from '../../../contract/webhooks.ts';
import { timestamptz } from '../../database/columns.ts';
import { sealed } from '../../database/sealedColumns.ts';
import { headersContext } from './headers.ts';
import { secretContext } from './secrets.ts';

export const WebhookEndpoint = defineEntity({
  name: 'WebhookEndpoint',
  tableName: 'webhook_endpoints',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    url: p.text(),
    events: p.array<WebhookEventType>().columnType('text[]'),
    enabled: p.boolean().default(true),
    disabledReason: p.enum(['manual', 'consecutive_failures', 'gone'] as const).nullable(),
    consecutiveFailures: p.integer().default(0),
    secretSealed: sealed(['id', 'account_id'], secretContext),
    secretPrefix: p.text(),
    filterProjectIds: p.array<string>().columnType('uuid[]').defaultRaw("'{}'::uuid[]"),
    filterPersonaIds: p.array<string>().columnType('text[]').defaultRaw("'{}'::text[]"),
    headerNames: p.array<string>().columnType('text[]').defaultRaw("'{}'::text[]"),
    headersSealed: sealed(['id', 'account_id'], headersContext).nullable(),
    previousSecretSealed: sealed(['id', 'account_id'], secretContext).nullable(),
    previousSecretExpiresAt: timestamptz().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [
    { name: 'webhook_endpoints_check', expression: 'enabled = (disabled_reason IS NULL)' },
    { name: 'webhook_endpoints_check1', expression: '(previous_secret_sealed IS NULL) = (previous_secret_expires_at IS NULL)' },
  ],
  indexes: [
    {
      name: 'webhook_endpoints_list',
      expression: 'create index webhook_endpoints_list on webhook_endpoints (account_id, created_at desc, id desc)',
    },
  ],
});

export const WebhookMessage = defineEntity({
  name: 'WebhookMessage',
  tableName: 'webhook_messages',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    eventType: p.text().$type<WebhookEventType>(),
    body: p.text(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [{ name: 'webhook_messages_body_check', expression: 'octet_length(body) <= 20480' }],
  indexes: [{ name: 'webhook_messages_age', expression: 'create index webhook_messages_age on webhook_messages (created_at)' }],
});

export const WebhookDelivery = defineEntity({
  name: 'WebhookDelivery',
  tableName: 'webhook_deliveries',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    endpointId: p.uuid(),
    messageId: p.uuid(),
    eventType: p.text().$type<WebhookEventType>(),
    status: p.enum(['pending', 'delivered', 'failed'] as const).default('pending'),
    attempts: p.integer().default(0),
    lastAttemptAt: timestamptz().nullable(),
    nextAttemptAt: timestamptz().nullable(),
    claimId: p.uuid().nullable(),
    claimedUntil: timestamptz().nullable(),
    responseStatus: p.integer().nullable(),
    responseBody: p.text().nullable(),
    error: p.text().$type<WebhookError>().nullable(),
    redeliveryOf: p.uuid().nullable(),
    isTest: p.boolean().default(false),
    attemptLog: p.json<WebhookAttempt[]>().defaultRaw("'[]'::jsonb"),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [
    { name: 'webhook_deliveries_check', expression: "(status = 'pending') = (next_attempt_at IS NOT NULL)" },
    { name: 'webhook_deliveries_check1', expression: '(claim_id IS NULL) = (claimed_until IS NULL)' },
  ],
  indexes: [
    {
      name: 'webhook_deliveries_claimed',
      expression: 'create index webhook_deliveries_claimed on webhook_deliveries (account_id, endpoint_id) where (claim_id is not null)',
    },
    {
      name: 'webhook_deliveries_due',
      expression:
        "create index webhook_deliveries_due on webhook_deliveries (account_id, endpoint_id, next_attempt_at) where (status = 'pending')",
    },
    {
      name: 'webhook_deliveries_list',
      expression: 'create index webhook_deliveries_list on webhook_deliveries (account_id, endpoint_id, created_at desc, id desc)',
    },
    {
      name: 'webhook_deliveries_message',
      expression: 'create index webhook_deliveries_message on webhook_deliveries (account_id, message_id)',
    },
    {
      name: 'webhook_deliveries_once',
      expression:
        'create unique index webhook_deliveries_once on webhook_deliveries (account_id, message_id, endpoint_id) where (redelivery_of is null)',
    },
    { name: 'webhook_deliveries_age', expression: 'create index webhook_deliveries_age on webhook_deliveries (created_at)' },
  ],
});

/** The last replay of an endpoint. */
export const WebhookReplay = defineEntity({
  name: 'WebhookReplay',
  tableName: 'webhook_replays',
  properties: {
    accountId: p.uuid().primary(),
    endpointId: p.uuid().primary(),
    status: p.enum(['running', 'completed', 'cancelled'] as const).default('running'),
    since: timestamptz(),
    until: timestamptz(),
    onlyFailed: p.boolean(),
    total: p.integer(),
    queued: p.integer().default(0),
    // The last original delivery that was looked at.
    cursorAt: timestamptz(),
    cursorId: p.uuid(),
    createdAt: timestamptz().defaultRaw('now()'),
    endedAt: timestamptz().nullable(),
  },
  checks: [{ name: 'webhook_replays_check', expression: "(status = 'running') = (ended_at IS NULL)" }],
  indexes: [
    {
      name: 'webhook_replays_running',
      expression: "create index webhook_replays_running on webhook_replays (created_at) where (status = 'running')",
    },
  ],
});
