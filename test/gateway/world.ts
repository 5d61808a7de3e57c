import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll } from 'vitest';
import { type Gateway, startGateway } from '../../server/gateway/gateway.ts';
import { readConfig } from '../../server/kernel/config.ts';
import { type Call, callTo, freshDatabase, testKeys, type World } from '../setup/world.ts';

/** The environment of an API that stands behind a gateway on the same machine. */
export const behindGateway = { ARKLOOP_TRUST_X_FORWARDED_FOR: '1', ARKLOOP_TRUST_INCOMING_TRACE_ID: '1' };

/**
 * A gateway in front of a real API, on its database; ended after the file's last test. Gateways on one database divide the rate limits: one
 * that has to be `alone` gets an empty database of its own, or the others are shut down before.
 */
export async function gatewayOf(
  { url, databaseUrl: shared }: Pick<World, 'url' | 'databaseUrl'>,
  env: Record<string, string> = {},
  { alone = false } = {},
): Promise<{ gateway: Gateway; call: Call }> {
  const databaseUrl = alone ? await freshDatabase() : shared;
  const config = readConfig({ ARKLOOP_GATEWAY_ADDR: '127.0.0.1:0', ARKLOOP_GATEWAY_UPSTREAM: url, ...env });
  const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
  const started = await startGateway({ config, env, log, jwtSecret: testKeys.jwtSecret, databaseUrl });
  let ended: Promise<void> | undefined;
  const gateway = {
    ...started,
    shutDown() {
      ended ??= started.shutDown();
      return ended;
    },
  };
  afterAll(gateway.shutDown);
  return { gateway, call: callTo(gateway.address) };
}

/** Lines of the access log that match, once there are as many as expected (they are written within moments). */
export async function linesOf({ sql }: Pick<World, 'sql'>, where: string, values: unknown[], count = 1): Promise<any[]> {
  for (const until = Date.now() + 3_000; ; await sleep(50)) {
    const rows = await sql(`select * from access_log where ${where} order by id`, values);
    if (rows.length >= count || Date.now() > until) return rows;
  }
}

/** Proxies on this machine are trusted, so that a test can say where a request comes from. */
export const trusting = { ARKLOOP_GATEWAY_IP_MODE: 'proxy', ARKLOOP_GATEWAY_TRUSTED_CIDRS: '127.0.0.0/8,10.0.0.0/8' };
