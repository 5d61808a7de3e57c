import type { WebhookAttempt } from '../../../../contract/webhooks.ts';
import type { Database, Transaction } from '../../../database/sql.ts';
import { newId } from '../../../platform/crypto/ids.ts';
import type { Log } from '../../../platform/telemetry/log.ts';
import { notifyUsers } from '../../notifications/service.ts';
import { failPendingDeliveries } from '../queries.ts';
import { cancelReplay } from '../replayQueries.ts';
import type { Outcome } from './outcome.ts';
import type { ClaimedDelivery } from './queries.ts';
import * as queries from './queries.ts';

/** The number of consecutive failed deliveries that disables an endpoint. */
const maxConsecutiveFailures = 20;

/** Whether a delivery failed permanently. Such failures count towards disabling the endpoint; those of tests do not. */
export const isFinalFailure = ({ delivery, status, attemptedAt }: Outcome) =>
  status === 'failed' && attemptedAt !== null && !delivery.is_test;

/** The number of characters of a response that the log of attempts keeps. */
const maxLoggedCharacters = 1_000;

/** The entry of the log of attempts, as JSON. */
function attemptOf({ attemptedAt, durationMs, responseStatus, responseBody, error }: Outcome): string | null {
  if (!attemptedAt) return null;
  const entry: WebhookAttempt = {
    attempted_at: attemptedAt.toISOString(),
    duration_ms: durationMs,
    response_status: responseStatus,
    response_body: responseBody && [...responseBody].slice(0, maxLoggedCharacters).join(''),
    error,
  };
  return JSON.stringify(entry);
}

/** Records deliveries that have not failed permanently. Sent with the commit. */
export function recordOutcomes(tx: Transaction, claimOf: (delivery: ClaimedDelivery) => string, outcomes: readonly Outcome[]): void {
  const column = <T>(of: (outcome: Outcome) => T) => outcomes.map(of);
  const accountIds = column(({ delivery }) => delivery.account_id);
  const results = {
    accountIds,
    ids: column(({ delivery }) => delivery.id),
    claimIds: column(({ delivery }) => claimOf(delivery)),
    statuses: column(({ status }) => status),
    triedAt: column(({ attemptedAt }) => attemptedAt),
    waits: column(({ delaySeconds }) => delaySeconds),
    responseStatuses: column(({ responseStatus }) => responseStatus),
    responseBodies: column(({ responseBody }) => responseBody),
    errors: column(({ error }) => error),
    attempts: column(attemptOf),
  };
  tx.awaitAtCommit(tx.rows(queries.lockEndpointsKeyShare, { accountIds, endpointIds: column(({ delivery }) => delivery.endpoint_id) }));
  tx.awaitAtCommit(tx.run(queries.recordAttempts, results));
}

/** Records a permanent failure. May disable the endpoint; its account's admins are then notified. */
export const recordFinalFailure = (database: Database, claimId: string, outcome: Outcome, log: Log): Promise<void> =>
  database.transaction((tx) => countFinalFailure(tx, claimId, outcome, log));

async function countFinalFailure(tx: Transaction, claimId: string, outcome: Outcome, log: Log): Promise<void> {
  const { delivery, attemptedAt, responseStatus, responseBody, error } = outcome;
  const { account_id: accountId, endpoint_id: endpointId } = delivery;
  tx.awaitAtCommit(tx.rows(queries.lockEndpointsKeyShare, { accountIds: [accountId], endpointIds: [endpointId] }));
  const values = {
    accountId,
    id: delivery.id,
    claimId,
    triedAt: attemptedAt,
    responseStatus,
    responseBody,
    error,
    attempt: attemptOf(outcome),
  };
  if ((await tx.run(queries.failDelivery, values)) === 0) return;
  const isGone = responseStatus === 410;
  const endpoint = await tx.row(queries.countFailure, { accountId, endpointId, isGone, maxFailures: maxConsecutiveFailures });
  if (!endpoint || endpoint.enabled) return;
  await tx.run(failPendingDeliveries, { accountId, endpointId });
  await tx.run(cancelReplay, { accountId, endpointId });
  const traceId = queries.traceIdOf(delivery);
  const facts = { endpoint_id: endpointId, reason: endpoint.disabled_reason };
  const metadata = JSON.stringify({ actor: 'system', reason: facts.reason });
  await tx.run(queries.insertAudit, { id: newId(), accountId, endpointId, traceId, metadata });
  const admins = await tx.rows(queries.selectAdmins, { accountId });
  const { host } = new URL(endpoint.url);
  await notifyUsers(tx, {
    accountId,
    userIds: admins.map(({ user_id }) => user_id),
    type: 'webhook.endpoint_disabled',
    title: 'A webhook endpoint was disabled',
    body: `${host} ${disabledBecause[endpoint.disabled_reason as keyof typeof disabledBecause]}. Nothing is sent to it until somebody enables it again.`,
    payload: facts,
  });
  log.warn({ account_id: accountId, ...facts, trace_id: traceId }, 'a webhook endpoint was disabled');
}

const disabledBecause = {
  gone: 'answered that it is gone',
  consecutive_failures: `failed to take ${maxConsecutiveFailures} messages in a row`,
};
