import { isAddress, isLoopback } from '../kernel/addresses.ts';
import type { App } from '../kernel/app.ts';
import { refuse } from '../kernel/failure.ts';

/**
 * The check against DNS rebinding: a page of an attacker whose name suddenly resolves to this server is same-origin with it, and only `Host` still
 * shows the name. Throws 403 `host_not_allowed`.
 *
 * `ownOnly` admits loopback names, loopback addresses, the host of `app.base_url` and ARKLOOP_ALLOWED_HOSTS. Everything else also admits what cannot
 * be rebound: IP addresses, and names without a dot, which only the local resolver defines. In production it is checked once
 * ARKLOOP_ALLOWED_HOSTS is set: nothing but setup trusts the network there, and the names of load balancers are not known.
 */
export async function checkHost({ config, baseUrl }: App, header: string, ownOnly: boolean): Promise<void> {
  const { env, allowedHosts } = config;
  if (!ownOnly && env === 'production' && allowedHosts === undefined) return;
  const host = hostNameOf(header);
  if (host !== undefined) {
    if (isLoopback(host) || host === 'localhost' || host.endsWith('.localhost') || allowedHosts?.includes(host)) return;
    if (!ownOnly && (isAddress(host) || !host.includes('.'))) return;
    if (host === hostNameOf(new URL(await baseUrl()).host)) return;
  }
  throw refuse('forbidden', 'host_not_allowed', 'This host name is not configured: see ARKLOOP_APP_BASE_URL and ARKLOOP_ALLOWED_HOSTS.');
}

/** The name in a `Host` header (RFC 9110, 7.2), in lower case and without port and final dot; undefined for what is none. */
function hostNameOf(header: string): string | undefined {
  if (!/^(?:\[[\da-f:.]+\]|[^\s:/?#@\\[\]]*)(?::\d{0,5})?$/i.test(header)) return undefined;
  return header.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}
