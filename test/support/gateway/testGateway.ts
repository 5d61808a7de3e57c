import { setTimeout as sleep } from 'node:timers/promises';
import { type Gateway, startGateway } from '../../../server/gateway/gateway.ts';
import { readConfig } from '../../../server/platform/config/config.ts';
import { onFileFinished } from '../app/fileCleanup.ts';
import { type Call, callTo, freshDatabase, type TestApp, testKeys } from '../app/testApp.ts';
import { createTestLog } from '../failures/serverErrors.ts';

/** The environment of an API behind a gateway on the same machine. */
export const behindGatewayEnv = { ARKLOOP_TRUST_X_FORWARDED_FOR: '1', ARKLOOP_TRUST_INCOMING_TRACE_ID: '1' };

/**
 * Starts a gateway in front of a real API, on its database. Stopped after the file's last test. Gateways on one database divide the rate
 * limits: with `alone`, the gateway gets an empty database of its own.
 */
export async function startTestGateway(
  { url, databaseUrl: shared }: Pick<TestApp, 'url' | 'databaseUrl'>,
  env: Record<string, string> = {},
  { alone = false } = {},
): Promise<{ gateway: Gateway; call: Call }> {
  const databaseUrl = alone ? await freshDatabase() : shared;
  const config = readConfig({ ARKLOOP_GATEWAY_ADDR: '127.0.0.1:0', ARKLOOP_GATEWAY_UPSTREAM: url, ...env });
  const log = createTestLog();
  const started = await startGateway({ config, env, log, jwtSecrets: testKeys.jwtSecrets, databaseUrl });
  let ended: Promise<void> | undefined;
  const gateway = {
    ...started,
    shutDown() {
      ended ??= started.shutDown();
      return ended;
    },
  };
  onFileFinished(gateway.shutDown);
  return { gateway, call: callTo(gateway.address) };
}

/** Matching lines of the access log, once there are `count`, or after a minute. */
export async function accessLogLines({ sql }: Pick<TestApp, 'sql'>, where: string, values: unknown[], count = 1): Promise<any[]> {
  for (const until = Date.now() + 60_000; ; await sleep(50)) {
    const rows = await sql(`select * from access_log where ${where} order by id`, values);
    if (rows.length >= count || Date.now() > until) return rows;
  }
}

/** Trusts proxies on this machine, so that a test can set the client address. */
export const trustedProxyEnv = { ARKLOOP_GATEWAY_IP_MODE: 'proxy', ARKLOOP_GATEWAY_TRUSTED_CIDRS: '127.0.0.0/8,10.0.0.0/8' };
