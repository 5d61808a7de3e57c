import pg from 'pg';
import { nats, redis } from '../../support/cluster/brokers.ts';
import { testNotificationChannel } from '../../support/cluster/channelSuite.ts';

/** A loss is one of the connections that listen. They come back on their own. */
async function postgres(databaseUrl: string) {
  const stop = async () => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'arkloop channel' and datname = current_database()`,
    );
    await client.end();
  };
  return { url: undefined, stop, start: async () => undefined };
}

testNotificationChannel('PostgreSQL', postgres);
testNotificationChannel('Redis', () => redis());
testNotificationChannel('NATS', () => nats());
