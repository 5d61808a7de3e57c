import type { Log } from '../../platform/telemetry/log.ts';
import type { Bucket, Buckets, TakeResult } from './buckets.ts';

// Runs atomically and by the clock of the Redis server, so that gateways share a bucket without races or clock differences.
const script = `
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local filled, granted = {}, 1
for i, key in ipairs(KEYS) do
  local capacity, rate = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local saved = redis.call('HMGET', key, 'tokens', 'at')
  filled[i] = capacity
  if saved[1] then
    filled[i] = math.min(capacity, tonumber(saved[1]) + math.max(0, now - tonumber(saved[2])) * rate)
  end
  if filled[i] < 1 - 1e-9 then granted = 0 end
end
local answer = {granted}
for i, key in ipairs(KEYS) do
  local capacity, rate = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local tokens = math.max(0, filled[i] - granted)
  redis.call('HSET', key, 'tokens', string.format('%.9f', tokens), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', key, math.ceil((capacity - tokens) / rate * 1000) + 1000)
  answer[i + 1] = string.format('%.9f', tokens)
end
return answer`;

/** After a slow response, requests bypass Redis for this time. */
const bypassMs = 1_000;

type Options = { url: string; timeoutMs: number; log: Log; fallback(buckets: readonly Bucket[]): TakeResult };

/** Buckets shared by all gateways of an installation. While Redis is unavailable or slow, `fallback` takes the token in this process. */
export async function openRedisBuckets({ url, timeoutMs, log, fallback }: Options): Promise<Buckets & { close(): void }> {
  const { createClient, defineScript } = await import('@redis/client');
  const take = defineScript({
    SCRIPT: script,
    parseCommand: (parser, buckets: readonly Bucket[]) => {
      parser.pushKeysLength(buckets.map(({ key }) => `arkloop:bucket:${key}`));
      parser.push(...buckets.flatMap(({ rate }) => [`${rate.capacity}`, `${rate.perSecond}`]));
    },
    transformReply: ([granted, ...tokens]: [number, ...string[]]) => ({ granted: granted === 1, tokens: tokens.map(Number) }),
  });
  const client = createClient({
    url,
    scripts: { take },
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    socket: { connectTimeout: 2_000, reconnectStrategy: (tries) => Math.min(2_000, 50 * 2 ** Math.min(tries, 6)) },
  });
  let restingUntil = 0;
  const outageLog = createOutageLog(log);
  client.on('error', outageLog.lost);
  client.on('ready', outageLog.restored);
  client.connect().catch(outageLog.lost);
  return {
    async take(buckets) {
      if (!client.isReady || performance.now() < restingUntil) return fallback(buckets);
      const late = Promise.withResolvers<undefined>();
      const timer = setTimeout(late.resolve, timeoutMs, undefined);
      const asked = client.take(buckets).catch((error: unknown) => void outageLog.lost(error));
      const taken = await Promise.race([asked, late.promise]);
      clearTimeout(timer);
      if (taken)
        return { granted: taken.granted, levels: buckets.map(({ policy, rate }, at) => ({ policy, rate, tokens: taken.tokens[at]! })) };
      restingUntil = performance.now() + bypassMs;
      return fallback(buckets);
    },
    close: () => client.destroy(),
  };
}

/** Logs once when Redis is lost and once when it is back, instead of once per request. */
function createOutageLog(log: Log) {
  let isLost = false;
  return {
    lost: (error: unknown) => {
      if (!isLost) log.warn({ err: error }, 'Redis cannot be used; this gateway counts requests for itself');
      isLost = true;
    },
    restored: () => {
      if (isLost) log.info('Redis can be used again');
      isLost = false;
    },
  };
}
