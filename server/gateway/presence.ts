import { randomUUID } from 'node:crypto';
import type { Channel } from '../db/channel.ts';
import type { Log } from '../kernel/log.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import type { Rate } from './buckets.ts';
import { within } from './patience.ts';

/** How many gateways of the installation are live, this one included. */
export type Presence = { live(): number; leave(): Promise<void> };

/** Tells gateways that one has started or ended. */
export const gatewayChannel = 'arkloop_gateways';

const heartbeatMs = 1_000;
/** A gateway without a heartbeat for so long is not live. */
const lifeMs = 4_000;
/** How long the start waits for the database. */
const startMs = 2_000;

// By the clock of PostgreSQL alone. Rows that a crash left are removed by any gateway.
const announce = statement<{ live: number }>(`
  with own as (
    insert into gateways (id, seen_at) values ($1, clock_timestamp())
    on conflict (id) do update set seen_at = excluded.seen_at),
  gone as (delete from gateways where id <> $1 and seen_at < clock_timestamp() - interval '1 minute')
  select 1 + count(*)::int as live from gateways
  where id <> $1 and seen_at > clock_timestamp() - make_interval(secs => ${lifeMs / 1_000})`);
const remove = statement<never>('delete from gateways where id = $1');
const notify = statement<unknown>(`select pg_notify('${gatewayChannel}', '')`);

type Source = { database: Sql; channel: Channel; log: Log };

/** Announces this gateway in the database and counts the live ones. Without a database it counts itself only. */
export async function announceGateway(source: Source | undefined): Promise<Presence> {
  if (!source) return { live: () => 1, leave: async () => undefined };
  const { database, channel, log } = source;
  const id = randomUUID();
  let live = 1;
  let hasFailed = false;
  let failedAt = Number.NEGATIVE_INFINITY;
  let announcing: Promise<void> | undefined;

  async function write() {
    try {
      const counted = (await database.row(announce, [id]))?.live ?? 1;
      // After an outage the other gateways may not have announced themselves again yet.
      const next = performance.now() - failedAt < lifeMs ? Math.max(live, counted) : counted;
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
  const tellOthers = () => database.row(notify).catch(() => undefined);

  channel.on(gatewayChannel, () => void heartbeat());
  await within(heartbeat().then(tellOthers), startMs);
  const timer = setInterval(() => void heartbeat(), heartbeatMs).unref();
  return {
    live: () => live,
    async leave() {
      hasLeft = true;
      clearInterval(timer);
      await within(
        Promise.resolve(announcing).then(() => database.run(remove, [id])),
        startMs,
      );
      await within(tellOthers(), startMs);
    },
  };
}

/** The part of a rate that each of `live` gateways lets through; a bucket of less than one token would refuse every request. */
export const shareOf = ({ capacity, perSecond }: Rate, live: number): Rate => ({
  capacity: Math.max(1, capacity / live),
  perSecond: perSecond / live,
});
