import type { Queryable } from '../database/sql.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { openNatsChannel } from './natsChannel.ts';
import { checkPayload, type NotificationChannel } from './notificationChannel.ts';
import { openPostgresChannel } from './postgresChannel.ts';
import { openRedisChannel } from './redisChannel.ts';
import { runChannel } from './runNotifier.ts';

type Options = {
  /** The broker. Without it, PostgreSQL carries everything. */
  pubsubUrl: string | undefined;
  /** PostgreSQL itself, past a pooler. */
  directUrl: string;
  database: Queryable;
  topics: readonly string[];
  log: Log;
};

/** Opens the notifications of a process. `topics` are those that it receives. */
export function openNotificationChannel({ pubsubUrl, directUrl: url, database, topics, log }: Options): NotificationChannel {
  if (pubsubUrl === undefined) return openPostgresChannel({ url, database, topics, log });
  const open = pubsubUrl.startsWith('redis') ? openRedisChannel : openNatsChannel;
  const broker = open({ url: pubsubUrl, topics, log });
  const postgres = openPostgresChannel({ url, database, topics: topics.filter((topic) => topic !== runChannel), log });
  return joinChannels(broker, postgres);
}

/**
 * Sends through the broker. PostgreSQL carries what triggers and statements announce in their transaction, and what the broker does not accept, except
 * run events: their readers poll, and during an outage of the broker the load of the notifications must not return to the database.
 */
function joinChannels(broker: NotificationChannel, postgres: NotificationChannel): NotificationChannel {
  const isUp = () => broker.isUp && postgres.isUp;
  return {
    on(topic, listener) {
      broker.on(topic, listener);
      postgres.on(topic, listener);
    },
    onConnectionChange(listener) {
      const tell = (up: boolean) => {
        if (!up || isUp()) listener(up);
      };
      broker.onConnectionChange(tell);
      postgres.onConnectionChange(tell);
    },
    get isUp() {
      return isUp();
    },
    async publish(topic, payload) {
      checkPayload(topic, payload);
      const isSent = await broker.publish(topic, payload).then(
        () => true,
        () => false,
      );
      const isOfRun = topic === runChannel;
      metricsEvents.notificationSent.emit(isSent ? 'broker' : isOfRun ? 'lost' : 'postgres');
      if (!isSent && !isOfRun) await postgres.publish(topic, payload);
    },
    async close() {
      await Promise.all([broker.close(), postgres.close()]);
    },
  };
}
