import type { Bucket } from '../kernel/bucket.ts';
import type { Log } from '../kernel/log.ts';
import type { Buckets, Rate, Taken } from './buckets.ts';

// One step on the server, by its clock: gateways share a bucket without a race and whatever their own clocks say.
const script = `
local capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local filled, least = {}, capacity
for i, key in ipairs(KEYS) do
  local saved = redis.call('HMGET', key, 'tokens', 'at')
  filled[i] = capacity
  if saved[1] then
    filled[i] = math.min(capacity, tonumber(saved[1]) + math.max(0, now - tonumber(saved[2])) * rate)
  end
  least = math.min(least, filled[i])
end
local granted = 0
if least >= 1 - 1e-9 then granted = 1 end
for i, key in ipairs(KEYS) do
  local tokens = math.max(0, filled[i] - granted)
  redis.call('HSET', key, 'tokens', string.format('%.9f', tokens), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', key, math.ceil((capacity - tokens) / rate * 1000) + 1000)
end
return {granted, string.format('%.9f', math.max(0, least - granted))}`;

/** After one that was too slow, requests do without Redis for so long. */
const restMs = 1_000;

type Options = { url: string; timeoutMs: number; log: Log; own(buckets: readonly Bucket[], rate: Rate): Taken };

/** Buckets that all gateways of an installation share; while Redis is absent or slow, `own` takes the token in this process. */
export async function sharedBuckets({ url, timeoutMs, log, own }: Options): Promise<Buckets & { close(): void }> {
  const { createClient, defineScript } = await import('@redis/client');
  const take = defineScript({
    SCRIPT: script,
    parseCommand: (parser, buckets: readonly Bucket[], rate: Rate) => {
      parser.pushKeysLength(buckets.map((bucket) => `arkloop:bucket:${bucket}`));
      parser.push(`${rate.capacity}`, `${rate.perSecond}`);
    },
    transformReply: ([granted, tokens]: [number, string]) => ({ granted: granted === 1, tokens: Number(tokens) }),
  });
  const client = createClient({
    url,
    scripts: { take },
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    socket: { connectTimeout: 2_000, reconnectStrategy: (tries) => Math.min(2_000, 50 * 2 ** Math.min(tries, 6)) },
  });
  let restingUntil = 0;
  const complaints = newComplaints(log);
  client.on('error', complaints.of);
  client.on('ready', complaints.over);
  client.connect().catch(complaints.of);
  return {
    async take(buckets, rate) {
      if (!client.isReady || performance.now() < restingUntil) return own(buckets, rate);
      const late = Promise.withResolvers<undefined>();
      const timer = setTimeout(late.resolve, timeoutMs, undefined);
      const asked = client.take(buckets, rate).catch((error: unknown) => void complaints.of(error));
      const taken = await Promise.race([asked, late.promise]);
      clearTimeout(timer);
      if (taken) return { ...taken, rate };
      restingUntil = performance.now() + restMs;
      return own(buckets, rate);
    },
    close: () => client.destroy(),
  };
}

/** One line in the log when Redis is lost and one when it is back, not one for each request. */
function newComplaints(log: Log) {
  let lost = false;
  return {
    of: (error: unknown) => {
      if (!lost) log.warn({ err: error }, 'Redis cannot be used; this gateway counts requests for itself');
      lost = true;
    },
    over: () => {
      if (lost) log.info('Redis can be used again');
      lost = false;
    },
  };
}
