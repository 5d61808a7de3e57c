import { sql } from 'kysely';
import pg from 'pg';
import { queryableOf } from '../database/database.ts';
import type { Queryable } from '../database/sql.ts';
import { statement } from '../database/statement.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { ChannelListeners, checkPayload, inTime, type NotificationChannel } from './notificationChannel.ts';
import { runChannel } from './runNotifier.ts';

// A notification need not survive a crash, so its commit does not wait for the disk.
const sendNotification = statement<{ topic: string; payload: string }>()((db, $) =>
  db.selectNoFrom([
    sql<string>`set_config('synchronous_commit', 'off', true)`.as('synchronous_commit'),
    sql<unknown>`pg_notify(${$.topic}, ${$.payload})`.as('notified'),
  ]),
);

/** Sends notifications through PostgreSQL. */
export const createPostgresPublisher = (database: Queryable): Pick<NotificationChannel, 'publish'> => ({
  async publish(topic, payload) {
    checkPayload(topic, payload);
    await database.rows(sendNotification, { topic, payload });
  },
});

type Options = { url: string; database: Queryable; topics: readonly string[]; log: Log };

/**
 * Notifications of PostgreSQL, received over one connection of this process. Reconnects without limit. Invalidations are sent over it too, because a
 * pool whose connections are all in use would delay or lose them, and other processes would go on with what they have cached. Run events, of which there
 * are many, are sent over the pool: their readers poll.
 */
export function openPostgresChannel({ url, database, topics, log }: Options): NotificationChannel {
  const listeners = new ChannelListeners('postgres');
  let client: pg.Client | undefined;
  let closed = false;
  let retry: NodeJS.Timeout | undefined;

  async function connect() {
    const next = new pg.Client({
      connectionString: url,
      application_name: 'arkloop channel',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      // Invalidations may be sent at the same time.
      pipeline: true,
    });
    client = next;
    next.on('error', (error) => log.warn({ err: error }, 'the notification channel was lost'));
    next.on('notification', ({ channel, payload = '' }) => listeners.receive(channel, payload));
    next.once('end', () => {
      if (client === next) lost();
    });
    try {
      await next.connect();
      await next.query(topics.map((topic) => `listen ${topic}`).join(';'));
      listeners.setUp(true);
    } catch {
      await next.end().catch(() => {});
      if (client === next) lost();
    }
  }
  function lost() {
    client = undefined;
    if (closed || retry) return;
    retry = setTimeout(() => {
      retry = undefined;
      start();
    }, 250);
    listeners.setUp(false);
  }
  const start = () => {
    connect().catch((error) => log.error({ err: error }, 'a listener of the notification channel failed'));
  };
  // A half-open connection reports no error, so it is probed regularly: a silent loss is found within 15 s.
  const pulse = setInterval(() => {
    const asked = client;
    const dead = setTimeout(() => void asked?.end().catch(() => {}), 5_000);
    asked?.query('select 1').then(
      () => clearTimeout(dead),
      () => clearTimeout(dead),
    );
  }, 10_000);

  const pooled = createPostgresPublisher(database);
  async function publish(topic: string, payload: string) {
    if (topic !== runChannel && listeners.isUp && client) {
      const own = createPostgresPublisher(queryableOf(client)).publish(topic, payload);
      const isSent = await inTime(own).then(
        () => true,
        () => false,
      );
      if (isSent) return;
    }
    await pooled.publish(topic, payload);
  }

  start();
  return listeners.asChannel({
    publish,
    async close() {
      closed = true;
      clearInterval(pulse);
      clearTimeout(retry);
      await client?.end().catch(() => {});
    },
  });
}
