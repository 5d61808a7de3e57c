import { openChannel } from '../db/channel.ts';
import { openDatabase } from '../db/database.ts';
import { createUnfinishedRequests } from '../http/unfinished.ts';
import { accessChannel } from '../jobs/bell.ts';
import { changeChannel, createChanges } from '../jobs/changes.ts';
import type { Bucket } from '../kernel/bucket.ts';
import { createConcurrencyLimiter } from '../kernel/concurrency.ts';
import { type AccessLog, openAccessLog } from './accessLog.ts';
import { localBuckets, type Rate } from './buckets.ts';
import type { GatewayDeps } from './gateway.ts';
import { type Geo, openGeo } from './geo.ts';
import { identifier } from './identity.ts';
import { ipFilter } from './ipFilter.ts';
import { followRules, type Rules } from './live.ts';
import { announceGateway, gatewayChannel, shareOf } from './presence.ts';
import { sharedBuckets } from './redisBuckets.ts';
import type { Parts } from './serve.ts';
import { upstreamAt } from './upstream.ts';

/** Everything that a gateway holds open. */
export type OpenParts = Parts & { rules(): Rules; geo: Geo; accessLog: AccessLog; close(): Promise<void> };

/** Few connections: one writes the log, the other asks. */
const mostConnections = 2;

/** Open what a gateway is configured to use. Throws when the GeoIP file cannot be read. */
export async function openParts({ config, log, env = process.env, jwtSecret, databaseUrl }: GatewayDeps): Promise<OpenParts> {
  const geo = await openGeo(config.geoipDbPath, log);
  const source = databaseUrl === undefined ? undefined : openSource(databaseUrl, config.databaseDirectUrl ?? databaseUrl, log);
  // Whoever is told of changes has to listen before the channel is up, which is while the stored rules are read.
  const identify = identifier({ jwtSecret, sql: source?.database, channel: source?.channel });
  const keepsOut = ipFilter(source);
  const live = await followRules(env, config.gatewayCdnIpHeader, source && { ...source, log });
  const accessLog = openAccessLog(config.accessLogEnabled ? source?.database : undefined, log);
  const presence = await announceGateway(source && { ...source, log });
  const local = localBuckets();
  const own = (buckets: readonly Bucket[], rate: Rate) => local.take(buckets, shareOf(rate, presence.live()));
  const { gatewayRedisUrl: url, gatewayRedisTimeoutMs: timeoutMs } = config;
  const redis = url ? await sharedBuckets({ url, timeoutMs, log, own }) : undefined;
  const api = upstreamAt(config.gatewayUpstream ?? 'http://127.0.0.1:19001', config.gatewayUpstreamTimeoutMs);
  const frontend = config.gatewayFrontendUpstream && upstreamAt(config.gatewayFrontendUpstream, config.gatewayUpstreamTimeoutMs);
  return {
    identify,
    keepsOut,
    buckets: redis ?? { take: async (buckets, rate) => own(buckets, rate) },
    limits: limitsOf(config),
    api,
    frontend: frontend || undefined,
    rules: live.current,
    geo,
    accessLog,
    async close() {
      live.close();
      geo.close();
      redis?.close();
      api.agent.destroy();
      if (frontend) frontend.agent.destroy();
      await accessLog.close();
      await presence.leave();
      await source?.channel.close();
      await source?.database.close();
    },
  };
}

const limitsOf = (config: GatewayDeps['config']) => ({
  openStreams: createConcurrencyLimiter(config.gatewayMaxStreamsPerAddress),
  unfinished: createUnfinishedRequests({ perAddress: config.maxUnfinishedRequestsPerAddress, total: config.maxUnfinishedRequests }),
});

function openSource(url: string, directUrl: string, log: GatewayDeps['log']) {
  const database = openDatabase(url, { max: mostConnections, log, applicationName: 'arkloop gateway' });
  const channel = openChannel(directUrl, [changeChannel, accessChannel, gatewayChannel], log);
  const changes = createChanges(database, channel, (err) => log.warn({ err }, 'a notification was not sent'));
  return { database, channel, changes };
}
