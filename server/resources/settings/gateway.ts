import type { Sql } from '../../kernel/sql.ts';
import { resolveSettings } from './resolve.ts';
import { readAnew, readSettings, type Settings } from './settings.ts';

/** The settings that an administrator changes while the gateway works, by their names in its configuration: stored > environment > default. */
export const gatewayKeys = {
  ip_mode: 'gateway.ip_mode',
  trusted_cidrs: 'gateway.trusted_cidrs',
  risk_reject_threshold: 'gateway.risk_reject_threshold',
  rate_limit_capacity: 'gateway.ratelimit_capacity',
  rate_limit_per_minute: 'gateway.ratelimit_rate_per_minute',
} as const satisfies Record<string, keyof Settings>;

export type GatewaySettings = { [Name in keyof typeof gatewayKeys]: Settings[(typeof gatewayKeys)[Name]] };

const ofGateway = (settings: Settings) =>
  Object.fromEntries(Object.entries(gatewayKeys).map(([name, key]) => [name, settings[key]])) as GatewaySettings;

/** What is in force at the gateway. */
export async function readGatewaySettings(sql: Sql, through?: Sql, env?: NodeJS.ProcessEnv): Promise<GatewaySettings> {
  return ofGateway(await readSettings(sql, through, env));
}

/** The same for a transaction that has changed it. */
export const readChangedGateway = async (sql: Sql, through: Sql): Promise<GatewaySettings> => ofGateway(await readAnew(sql, through));

/** What is in force at a gateway that knows of nothing stored. */
export const initialGatewaySettings = (env: NodeJS.ProcessEnv): GatewaySettings => ofGateway(resolveSettings(new Map(), env));
