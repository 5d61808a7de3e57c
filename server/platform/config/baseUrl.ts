import { type Address, address } from './kinds.ts';
import type { Config } from './shape.ts';

const standard: Address = { host: '127.0.0.1', port: 19_000 };

/** 127.0.0.1 and all interfaces are named `localhost`, because passkeys work with names only. `localhost` need not lead to `::1`. */
const nameOf = (host: string) => (/^(127\.0\.0\.1|0\.0\.0\.0|::)$/.test(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host);

/** The address under which a browser reaches a gateway. A port that the system chooses (0) is not known: 19000 is assumed. */
function addressOf({ host, port }: Address, isSecure: boolean): string {
  return new URL(`${isSecure ? 'https' : 'http'}://${nameOf(host)}:${port || standard.port}`).origin;
}

/** The base URL of the environment, without what is stored in the database. */
export const configuredBaseUrl = (config: Pick<Config, 'appBaseUrl' | 'gatewayAddr' | 'gatewayTlsCertFile'>): string =>
  config.appBaseUrl ?? addressOf(config.gatewayAddr, config.gatewayTlsCertFile !== undefined);

/** The default of `app.base_url`: the address of the gateway in the environment of a process. */
export function defaultBaseUrl(env: NodeJS.ProcessEnv): string {
  const read = address.schema.safeParse(env.ARKLOOP_GATEWAY_ADDR?.trim() || undefined);
  return addressOf(read.data ?? standard, Boolean(env.ARKLOOP_GATEWAY_TLS_CERT_FILE?.trim()));
}
