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
} as const satisfies Record<string, keyof Settings>;

export type GatewaySettings = { [Name in keyof typeof gatewayKeys]: Settings[(typeof gatewayKeys)[Name]] };

const pickGatewaySettings = (settings: Settings) =>
  Object.fromEntries(Object.entries(gatewayKeys).map(([name, key]) => [name, settings[key]])) as GatewaySettings;

export async function readGatewaySettings(sql: Queryable, through?: Queryable, env?: NodeJS.ProcessEnv): Promise<GatewaySettings> {
  return pickGatewaySettings(await readSettings(sql, through, env));
}

/** For a transaction that has changed the settings: bypasses the cache. */
export const readUncachedGatewaySettings = async (sql: Queryable, through: Queryable): Promise<GatewaySettings> =>
  pickGatewaySettings(await readUncached(sql, through));

/** The settings before the database has been read: environment, then defaults. */
export const initialGatewaySettings = (env: NodeJS.ProcessEnv): GatewaySettings => pickGatewaySettings(resolveSettings(new Map(), env));
