import { sql } from 'kysely';
import type { WebhookEvent, WebhookEventType } from '../../../contract/webhooks.ts';
import type { Queryable, Transaction } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { App } from '../../http/app.ts';
import type { RequestScope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { databaseDate } from '../../platform/databaseClock.ts';
import { selectSubscribed, selectSubscribers } from './queries.ts';
import { type RunWait, viewRunEnd, viewRunWait } from './view.ts';

/** The NOTIFY channel for new deliveries. */
export const webhookChannel = 'arkloop_webhooks';

const notifyChannel = sql<unknown>`pg_notify(${sql.lit(webhookChannel)}, '')`;

type Message = {
  accountId: string;
  messageId: string;
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
        .values({ account_id: $.accountId, id: $.messageId, event_type: $.eventType, body: $.body })
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

type RunKey = { id: string; account_id: string };

/**
 * Queues the deliveries for a finished run, in the transaction that ends it and after the run was charged. Inserts nothing for child runs or
 * without subscribed endpoints.
 */
export async function insertDeliveries(tx: Transaction, { id: runId, account_id: accountId }: RunKey) {
  const subscribed = await tx.rows(selectSubscribed, { accountId, runId });
  const [run] = subscribed;
  if (run) insertEvent(tx, { accountId, messageId: runId }, viewRunEnd(run), subscribed);
}

/**
 * Queues the deliveries for a run that waits for its user, in the transaction that appends the event. A run that is recovered waits for the
 * same request, which is the message, so it is sent once.
 */
export async function insertWaitDeliveries(tx: Transaction, { id: runId, account_id: accountId }: RunKey, wait: RunWait): Promise<void> {
  const subscribed = await tx.rows(selectSubscribed, { accountId, runId });
  const [run] = subscribed;
  if (run) insertEvent(tx, { accountId, messageId: wait.request_id }, viewRunWait(run, wait), subscribed);
}

type AccountEvent = Exclude<WebhookEvent, { type: `run.${string}` }>;
type OfAccount<E> = E extends AccountEvent ? { type: E['type']; data: Omit<E['data'], 'account_id' | 'trace_id'> } : never;

/** Queues the deliveries of an event of an account, in the transaction of the request that causes it. */
export const publishEvent = ({ tx, client }: RequestScope, accountId: string, event: OfAccount<WebhookEvent>): Promise<void> =>
  publishAccountEvent(tx, client.traceId, accountId, event);

/** The same for an event that a job causes. */
export async function publishAccountEvent(
  tx: Transaction,
  traceId: string,
  accountId: string,
  { type, data }: OfAccount<WebhookEvent>,
): Promise<void> {
  const subscribers = await tx.rows(selectSubscribers, { accountId, eventType: type });
  if (subscribers.length === 0) return;
  const timestamp = databaseDate().toISOString();
  // Safe cast: `type` and `data` belong together.
  const event = { type, timestamp, data: { account_id: accountId, ...data, trace_id: traceId } } as AccountEvent;
  insertEvent(tx, { accountId, messageId: newId() }, event, subscribers);
}

function insertEvent(
  tx: Transaction,
  key: { accountId: string; messageId: string },
  event: WebhookEvent,
  subscribed: readonly { endpoint_id: string }[],
): void {
  const endpointIds = subscribed.map(({ endpoint_id: id }) => id);
  const deliveryIds = endpointIds.map(() => newId());
  tx.awaitAtCommit(
    tx.rows(insertMessageAndDeliveries, { ...key, eventType: event.type, body: JSON.stringify(event), endpointIds, deliveryIds }),
  );
}

const notifyWorkers = statement()((db) => db.selectNoFrom(notifyChannel.as('notified')));

/** Wakes the workers. Best effort, because workers also poll. */
export function notifyDispatchers({ database, log }: Pick<App, 'log'> & { database: Queryable }): void {
  database.rows(notifyWorkers).catch((error) => log.warn({ err: error }, 'a notification was not sent'));
}
