import type { Log } from '../kernel/log.ts';
import { type Buckets, localBuckets, type Rate, type Taken } from './buckets.ts';

// One step on the server, by its clock: gateways share a bucket without a race and whatever their own clocks say.
const script = `
local capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local saved = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = capacity
if saved[1] then
  tokens = math.min(capacity, tonumber(saved[1]) + math.max(0, now - tonumber(saved[2])) * rate)
end
local granted = 0
if tokens >= 1 - 1e-9 then
  granted = 1
  tokens = math.max(0, tokens - 1)
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.9f', tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - tokens) / rate * 1000) + 1000)
return {granted, string.format('%.9f', tokens)}`;

/** After one that was too slow, requests do without Redis for so long. */
const restMs = 1_000;

/** Buckets that all gateways of an installation share; while Redis is absent or slow, those of this process are used. */
export async function sharedBuckets(url: string, timeoutMs: number, log: Log): Promise<Buckets & { close(): void }> {
  const { createClient, defineScript } = await import('@redis/client');
  const take = defineScript({
    SCRIPT: script,
    NUMBER_OF_KEYS: 1,
    parseCommand: (parser, key: string, rate: Rate) => {
      parser.pushKey(`arkloop:bucket:${key}`);
      parser.push(`${rate.capacity}`, `${rate.perSecond}`);
    },
    transformReply: ([granted, tokens]: [number, string]): Taken => ({ granted: granted === 1, tokens: Number(tokens) }),
  });
  const client = createClient({
    url,
    scripts: { take },
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    socket: { connectTimeout: 2_000, reconnectStrategy: (tries) => Math.min(2_000, 50 * 2 ** Math.min(tries, 6)) },
  });
  const own = localBuckets();
  let restingUntil = 0;
  const complaints = newComplaints(log);
  client.on('error', complaints.of);
  client.on('ready', complaints.over);
  client.connect().catch(complaints.of);
  return {
    async take(key, rate) {
      if (!client.isReady || performance.now() < restingUntil) return own.take(key, rate);
      const late = Promise.withResolvers<undefined>();
      const timer = setTimeout(late.resolve, timeoutMs, undefined);
      const asked = client.take(key, rate).catch((error: unknown) => void complaints.of(error));
      const taken = await Promise.race([asked, late.promise]);
      clearTimeout(timer);
      if (taken) return taken;
      restingUntil = performance.now() + restMs;
      return own.take(key, rate);
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
