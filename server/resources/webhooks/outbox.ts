import { sql } from 'kysely';
import type { WebhookEvent, WebhookEventType } from '../../../contract/webhooks.ts';
import type { Queryable, Transaction } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { App } from '../../http/app.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { selectSubscribed } from './queries.ts';
import { viewRunEnd } from './view.ts';

/** The NOTIFY channel for new deliveries. */
export const webhookChannel = 'arkloop_webhooks';

const notifyChannel = sql<unknown>`pg_notify(${sql.lit(webhookChannel)}, '')`;

type Message = {
  accountId: string;
  runId: string;
  eventType: WebhookEventType;
  body: string;
  endpointIds: string[];
  deliveryIds: string[];
};

const insertMessageAndDeliveries = statement<Message>()((db, $) =>
  db
    .with('message', (qc) =>
      qc
        .insertInto('webhook_messages')
        .values({ account_id: $.accountId, id: $.runId, event_type: $.eventType, body: $.body })
        .onConflict((conflict) => conflict.doNothing())
        .returning(['account_id', 'id', 'event_type']),
    )
    .with('delivery', (qc) =>
      qc
        .insertInto('webhook_deliveries')
        .columns(['account_id', 'id', 'endpoint_id', 'message_id', 'event_type', 'next_attempt_at'])
        .expression((eb) =>
          eb
            .selectFrom('message as m')
            .crossJoin(
              sql<{ id: string; endpoint_id: string }>`unnest(${$.deliveryIds}::uuid[], ${$.endpointIds}::uuid[])`.as<'new'>(
                sql`new (id, endpoint_id)`,
              ),
            )
            .select([
              'm.account_id',
              'new.id',
              'new.endpoint_id',
              'm.id as message_id',
              'm.event_type',
              sql<string>`now()`.as('next_attempt_at'),
            ]),
        )
        .returning('id'),
    )
    .selectFrom(({ selectFrom }) => selectFrom('delivery').select('id').limit(sql.lit(1)).as('one'))
    .select(notifyChannel.as('notified')),
);

/**
 * Queues the deliveries for a finished run, in the transaction that ends it and after the run was charged. Inserts nothing for child runs or
 * without subscribed endpoints.
 */
export async function insertDeliveries(tx: Transaction, { id: runId, account_id: accountId }: { id: string; account_id: string }) {
  const subscribed = await tx.rows(selectSubscribed, { accountId, runId });
  const [run] = subscribed;
  if (!run) return;
  const event: WebhookEvent = viewRunEnd(run);
  const message = { accountId, runId, eventType: event.type, body: JSON.stringify(event) };
  const endpointIds = subscribed.map(({ endpoint_id: id }) => id);
  tx.awaitAtCommit(tx.rows(insertMessageAndDeliveries, { ...message, endpointIds, deliveryIds: endpointIds.map(() => newId()) }));
}

const notifyWorkers = statement()((db) => db.selectNoFrom(notifyChannel.as('notified')));

/** Wakes the workers. Best effort, because workers also poll. */
export function notifyDispatchers({ database, log }: Pick<App, 'log'> & { database: Queryable }): void {
  database.rows(notifyWorkers).catch((error) => log.warn({ err: error }, 'a notification was not sent'));
}
