import { failWith } from '../../platform/failure.ts';
import { isAddress, isLoopback } from '../../platform/network/addresses.ts';
import type { App } from '../app.ts';

/**
 * Protects against DNS rebinding: if an attacker's name resolves to this server, a page of the attacker is same-origin with it, and only
 * `Host` still contains the name. Throws 403 `host_not_allowed`.
 *
 * `ownOnly` allows loopback names, loopback addresses, the host of `app.base_url` and ARKLOOP_ALLOWED_HOSTS. Without it, names that cannot
 * be rebound are allowed too: IP addresses, and names without a dot, which only the local resolver defines. In production, a request
 * without `ownOnly` is checked only if ARKLOOP_ALLOWED_HOSTS is set: only setup trusts the network there, and the names of load balancers
 * are not known.
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
  throw failWith('forbidden', 'host_not_allowed', 'This host name is not configured: see ARKLOOP_APP_BASE_URL and ARKLOOP_ALLOWED_HOSTS.');
}

/** The name in a `Host` header (RFC 9110 section 7.2) in lower case, without port and final dot. Undefined if the header is invalid. */
function hostNameOf(header: string): string | undefined {
  if (!/^(?:\[[\da-f:.]+\]|[^\s:/?#@\\[\]]*)(?::\d{0,5})?$/i.test(header)) return undefined;
  return header.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}
