import type { Database } from '../database/sql.ts';
import { isWithin, parseNetwork } from '../platform/network/addresses.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { CacheInvalidation } from '../pubsub/cacheInvalidation.ts';
import { type GatewaySettings, initialGatewaySettings, readGatewaySettings } from '../resources/settings/gateway.ts';
import type { TrustedProxies } from './caller/clientIp.ts';
import type { MaintenanceSettings } from './maintenance.ts';
import { compileRule, type RateLimits } from './rateLimits/rateLimitRules.ts';
import { withTimeout } from './timeout.ts';

/** The gateway settings that administrators can change, parsed for use by requests. */
export type LiveConfig = RateLimits & Readonly<{ proxies: TrustedProxies; riskRejectThreshold: number; maintenance: MaintenanceSettings }>;

/** `current` returns the settings in effect. They can change between requests. */
export type ConfigWatcher = { current(): LiveConfig; close(): void };

/** Polling interval, in case a change notification is lost. Changes must take effect within 30 s. */
const pollMs = 10_000;
/** Maximum time that startup waits for the database. */
const startupTimeoutMs = 2_000;

type Source = { database: Database; changes: CacheInvalidation; log: Log };

/** Reads the stored settings and reloads them when they change. Without a database the environment's settings apply. */
export async function watchConfig(env: NodeJS.ProcessEnv, cdnHeader: string, source: Source | undefined): Promise<ConfigWatcher> {
  let config = configOf(initialGatewaySettings(env), cdnHeader);
  if (!source) return { current: () => config, close: () => undefined };
  const { database, changes, log } = source;
  const read = async () => {
    const next = configOf(await readGatewaySettings(database, database, env), cdnHeader);
    if (next.maintenance.isOn !== config.maintenance.isOn)
      log.warn(`the stored configuration turned maintenance ${next.maintenance.isOn ? 'on' : 'off'}`);
    config = next;
  };
  // Reads run one at a time, so that an older result does not replace a newer one.
  let reading: Promise<void> = Promise.resolve();
  let isClosed = false;
  // A read that the end of the process interrupts is no failure.
  const complain = (err: unknown) => isClosed || log.warn({ err }, 'the stored configuration of the gateway was not read');
  const look = () => {
    reading = reading.then(read).catch((err) => void complain(err));
  };
  changes.on('settings', look);
  changes.onConnectionChange((up) => up && look());
  const timer = setInterval(look, pollMs).unref();
  look();
  await withTimeout(reading, startupTimeoutMs);
  return {
    current: () => config,
    close() {
      isClosed = true;
      clearInterval(timer);
    },
  };
}

function configOf(settings: GatewaySettings, cdnHeader: string): LiveConfig {
  const networks = settings.trusted_cidrs.map(parseNetwork);
  const allowed = settings.maintenance_allowed_cidrs.map(parseNetwork);
  return {
    proxies: { mode: settings.ip_mode, isTrusted: (ip) => isWithin(ip, networks), cdnHeader },
    // A bucket of less than one token rejects every request.
    rate: { capacity: Math.max(1, settings.rate_limit_capacity), perSecond: settings.rate_limit_per_minute / 60 },
    accountRate: { burst: settings.account_request_burst, perMinute: settings.account_requests_per_minute },
    rateRules: settings.rate_limit_rules.map(compileRule),
    riskRejectThreshold: settings.risk_reject_threshold,
    maintenance: {
      isOn: settings.maintenance,
      retryAfterSeconds: settings.maintenance_retry_after_seconds,
      isAllowed: (ip) => isWithin(ip, allowed),
    },
  };
}
