import type { Address } from './kinds.ts';
import { address } from './kinds.ts';

const standard: Address = { host: '127.0.0.1', port: 19_000 };

/** 127.0.0.1 and all interfaces are named `localhost`, because passkeys work with names only. `localhost` need not lead to `::1`. */
const nameOf = (host: string) => (/^(127\.0\.0\.1|0\.0\.0\.0|::)$/.test(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host);

/** The address under which a browser reaches a gateway that listens on `listen`. A port that the system chooses (0) is not known: 19000 is assumed. */
export function baseUrlOfGateway({ host, port }: Address, isSecure: boolean): string {
  const { origin } = new URL(`${isSecure ? 'https' : 'http'}://${nameOf(host)}:${port || standard.port}`);
  return origin;
}

/** The default of `app.base_url`: the address of the gateway in the environment of a process. */
export function defaultBaseUrl(env: NodeJS.ProcessEnv): string {
  const read = address.schema.safeParse(env.ARKLOOP_GATEWAY_ADDR?.trim() || undefined);
  return baseUrlOfGateway(read.data ?? standard, Boolean(env.ARKLOOP_GATEWAY_TLS_CERT_FILE?.trim()));
}
