import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Queryable } from '../database/sql.ts';
import { statement } from '../database/statement.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { NotificationChannel } from '../pubsub/notificationChannel.ts';
import type { Rate } from './rateLimits/buckets.ts';
import { withTimeout } from './timeout.ts';

/** `activeCount` is the number of active gateways, including this one. */
export type GatewayRegistration = { activeCount(): number; unregister(): Promise<void> };

/** The topic of gateways that start or stop. */
export const gatewayChannel = 'arkloop_gateways';

const heartbeatMs = 1_000;
/** A gateway whose last heartbeat is older is not active. */
const expiryMs = 4_000;
/** Maximum time that startup waits for the database. */
const startupTimeoutMs = 2_000;

// Uses only the clock of PostgreSQL. Any gateway deletes rows left behind by a crash.
const announce = statement<{ id: string }>()((db, $) =>
  db
    .with('own', (qc) =>
      qc
        .insertInto('gateways')
        .values({ id: $.id, seen_at: sql`clock_timestamp()` })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(({ ref }) => ({ seen_at: ref('excluded.seen_at') }))),
    )
    .with('gone', (qc) =>
      qc
        .deleteFrom('gateways')
        .where('id', '<>', $.id)
        .where('seen_at', '<', sql<string>`clock_timestamp() - interval '1 minute'`),
    )
    .selectFrom('gateways')
    .select(sql<number>`1 + count(*)::int`.as('live'))
    .where('id', '<>', $.id)
    .where('seen_at', '>', sql<string>`clock_timestamp() - make_interval(secs => ${sql.lit(expiryMs / 1_000)})`),
);
const remove = statement<{ id: string }>()((db, $) => db.deleteFrom('gateways').where('id', '=', $.id));

type Source = { database: Queryable; channel: NotificationChannel; log: Log };

/** Sends heartbeats to the database and counts the active gateways. Without a database `activeCount` is always 1. */
export async function registerGateway(source: Source | undefined): Promise<GatewayRegistration> {
  if (!source) return { activeCount: () => 1, unregister: async () => undefined };
  const { database, channel, log } = source;
  const id = randomUUID();
  let live = 1;
  let hasFailed = false;
  let failedAt = Number.NEGATIVE_INFINITY;
  let announcing: Promise<void> | undefined;

  async function write() {
    try {
      const counted = (await database.row(announce, { id }))?.live ?? 1;
      // After a database outage other gateways may not have sent a heartbeat yet, so the count must not drop.
      const next = performance.now() - failedAt < expiryMs ? Math.max(live, counted) : counted;
      if (next !== live) log.info({ live: next }, 'the number of live gateways changed; without Redis they divide the rate limits');
      live = next;
      hasFailed = false;
    } catch (err) {
      failedAt = performance.now();
      if (!hasFailed) log.warn({ err }, 'this gateway could not announce itself; it keeps its share of the rate limits');
      hasFailed = true;
    }
  }
  let hasLeft = false;
  const heartbeat = () => {
    if (hasLeft) return Promise.resolve();
    announcing ??= write().finally(() => {
      announcing = undefined;
    });
    return announcing;
  };
  const tellOthers = () => channel.publish(gatewayChannel, '').catch(() => undefined);

  channel.on(gatewayChannel, () => void heartbeat());
  await withTimeout(heartbeat().then(tellOthers), startupTimeoutMs);
  const timer = setInterval(() => void heartbeat(), heartbeatMs).unref();
  return {
    activeCount: () => live,
    async unregister() {
      hasLeft = true;
      clearInterval(timer);
      await withTimeout(
        Promise.resolve(announcing).then(() => database.run(remove, { id })),
        startupTimeoutMs,
      );
      await withTimeout(tellOthers(), startupTimeoutMs);
    },
  };
}

/** The share of a rate for each of `activeCount` gateways. Capacity is at least 1, because a smaller bucket rejects every request. */
export const rateShareOf = ({ capacity, perSecond }: Rate, live: number): Rate => ({
  capacity: Math.max(1, capacity / live),
  perSecond: perSecond / live,
});
