import { newId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { Database, Transaction } from '../../kernel/sql.ts';
import { notify } from '../../resources/notifications/service.ts';
import { refuseWaiting } from '../../resources/webhooks/queries.ts';
import type { Outcome } from './outcome.ts';
import type { Claimed } from './queries.ts';
import * as queries from './queries.ts';

/** After how many failed deliveries in a row an endpoint is disabled. */
const mostFailures = 20;

/** Whether a delivery failed for good: that is counted, and may disable its endpoint. */
export const isLost = ({ status, triedAt }: Outcome) => status === 'failed' && triedAt !== null;

/** Write what became of deliveries that have not failed for good. Sent with the commit. */
export function recordTogether(tx: Transaction, claimOf: (delivery: Claimed) => string, outcomes: readonly Outcome[]): void {
  const column = <T>(of: (outcome: Outcome) => T) => outcomes.map(of);
  const accountIds = column(({ delivery }) => delivery.account_id);
  const values = [
    column(({ delivery }) => delivery.id),
    column(({ delivery }) => claimOf(delivery)),
    column(({ status }) => status),
    column(({ triedAt }) => triedAt),
    column(({ wait }) => wait),
    column(({ responseStatus }) => responseStatus),
    column(({ responseBody }) => responseBody),
    column(({ error }) => error),
  ];
  tx.withCommit(tx.rows(queries.holdEndpoints, [accountIds, column(({ delivery }) => delivery.endpoint_id)]));
  tx.withCommit(tx.run(queries.recordAttempts, [accountIds, ...values]));
}

/** Write that a delivery failed for good. One too many disables the endpoint, and its admins are told. */
export const recordLost = (database: Database, claimId: string, outcome: Outcome, log: Log): Promise<void> =>
  database.transaction((tx) => countLost(tx, claimId, outcome, log));

async function countLost(tx: Transaction, claimId: string, outcome: Outcome, log: Log): Promise<void> {
  const { delivery, triedAt, responseStatus, responseBody, error } = outcome;
  const { account_id: accountId, endpoint_id: endpointId } = delivery;
  tx.withCommit(tx.rows(queries.holdEndpoints, [[accountId], [endpointId]]));
  const values = [accountId, delivery.id, claimId, triedAt, responseStatus, responseBody, error];
  if ((await tx.run(queries.failDelivery, values)) === 0) return;
  const endpoint = await tx.row(queries.countFailure, [accountId, endpointId, responseStatus === 410, mostFailures]);
  if (!endpoint || endpoint.enabled) return;
  await tx.run(refuseWaiting, [accountId, endpointId]);
  const traceId: string = JSON.parse(delivery.body).data.trace_id;
  const facts = { endpoint_id: endpointId, reason: endpoint.disabled_reason };
  await tx.run(queries.insertAudit, [newId(), accountId, endpointId, traceId, JSON.stringify({ actor: 'system', reason: facts.reason })]);
  const admins = await tx.rows(queries.selectAdmins, [accountId]);
  const { host } = new URL(endpoint.url);
  await notify(tx, {
    accountId,
    userIds: admins.map(({ user_id }) => user_id),
    type: 'webhook.endpoint_disabled',
    title: 'A webhook endpoint was disabled',
    body: `${host} ${why[endpoint.disabled_reason as keyof typeof why]}. Nothing is sent to it until somebody enables it again.`,
    payload: facts,
  });
  log.warn({ account_id: accountId, ...facts, trace_id: traceId }, 'a webhook endpoint was disabled');
}

const why = { gone: 'answered that it is gone', consecutive_failures: `failed to take ${mostFailures} messages in a row` };
