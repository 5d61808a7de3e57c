import { type RateLimitRule, RateLimitRules } from '../../../contract/gatewayConfig.ts';
import type { Queryable } from '../../database/sql.ts';
import { resolveSettings } from './resolve.ts';
import { readSettings, readUncached, type Settings } from './settings.ts';

/** Settings that administrators change while the gateway runs. Stored values take precedence over the environment, then defaults apply. */
export const gatewayKeys = {
  ip_mode: 'gateway.ip_mode',
  trusted_cidrs: 'gateway.trusted_cidrs',
  risk_reject_threshold: 'gateway.risk_reject_threshold',
  rate_limit_capacity: 'gateway.ratelimit_capacity',
  rate_limit_per_minute: 'gateway.ratelimit_rate_per_minute',
  rate_limit_rules: 'gateway.ratelimit_rules',
  maintenance: 'gateway.maintenance_enabled',
  maintenance_retry_after_seconds: 'gateway.maintenance_retry_after_seconds',
  maintenance_allowed_cidrs: 'gateway.maintenance_allowed_cidrs',
} as const satisfies Record<string, keyof Settings>;

/** The rate of accounts without one in their plan or override, which is no part of the gateway configuration. */
const keys = {
  ...gatewayKeys,
  account_requests_per_minute: 'limit.requests_per_minute',
  account_request_burst: 'limit.request_burst',
} as const satisfies Record<string, keyof Settings>;

type StoredSettings = { [Name in keyof typeof keys]: Settings[(typeof keys)[Name]] };

export type GatewaySettings = Omit<StoredSettings, 'rate_limit_rules'> & { rate_limit_rules: RateLimitRule[] };

function pickGatewaySettings(settings: Settings): GatewaySettings {
  const stored = Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, settings[key]])) as StoredSettings;
  return { ...stored, rate_limit_rules: RateLimitRules.parse(JSON.parse(stored.rate_limit_rules)) };
}

/** The text of a value, as settings are stored. Networks are a comma-separated list. */
export const gatewaySettingText = (name: keyof GatewaySettings, value: GatewaySettings[keyof GatewaySettings]): string =>
  name === 'rate_limit_rules' ? JSON.stringify(value) : String(value);

export async function readGatewaySettings(sql: Queryable, through?: Queryable, env?: NodeJS.ProcessEnv): Promise<GatewaySettings> {
  return pickGatewaySettings(await readSettings(sql, through, env));
}

/** For a transaction that has changed the settings: bypasses the cache. */
export const readUncachedGatewaySettings = async (sql: Queryable, through: Queryable): Promise<GatewaySettings> =>
  pickGatewaySettings(await readUncached(sql, through));

/** The settings before the database has been read: environment, then defaults. */
export const initialGatewaySettings = (env: NodeJS.ProcessEnv): GatewaySettings => pickGatewaySettings(resolveSettings(new Map(), env));
