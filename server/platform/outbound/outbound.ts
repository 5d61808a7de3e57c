import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { type RequestInit, type Response, fetch as undiciFetch } from 'undici';
import { isLoopback, isPublicAddress } from '../network/addresses.ts';
import { createDirectDispatchers, createProxyDispatchers, type OutboundLimits, type ZoneDispatchers } from './dispatchers.ts';
import {
  checkOutboundPort,
  checkOutboundUrl,
  OutboundDenied,
  type OutboundPolicy,
  type OutboundSwitches,
  type OutboundZone,
} from './url.ts';

export { OutboundDenied, type OutboundPolicy } from './url.ts';

/** Resolves a host name to all of its addresses. */
type Resolve = (hostname: string) => Promise<string[]>;

/** Settings of the installation for requests to URLs that users supply. */
export type OutboundOptions = OutboundSwitches & OutboundLimits & { proxyUrl?: string; userAgent?: string; resolve?: Resolve };

export type OutboundInit = Omit<RequestInit, 'redirect' | 'dispatcher'> & {
  policy?: OutboundPolicy;
  /** The body may be silent for longer than other responses, and the request is not retried. */
  streams?: true;
};

/** The HTTP client for URLs that users supply. No other client may be used for them. Redirects are never followed. */
export type OutboundClient = {
  /** Throws `OutboundDenied` before or while connecting. Other errors are those of `fetch`. The default policy is `https`. */
  fetch(url: string | URL, init?: OutboundInit): Promise<Response>;
  /** Checks everything except the addresses of the host name. Used when a URL is stored. */
  check(url: string | URL, policy?: OutboundPolicy): URL;
  /**
   * Like `check`, but also checks the current addresses of the host name. For a URL that another system opens on our behalf. Throws if the name has
   * no address.
   */
  resolveAndCheck(url: string | URL, policy?: OutboundPolicy): Promise<URL>;
  /** Checks only the port. For a URL that may have any address while it is stored. */
  checkPort(url: URL): void;
  close(): Promise<void>;
};

const resolveWithSystem: Resolve = async (hostname) => (await systemLookup(hostname, { all: true })).map(({ address }) => address);

export function createOutboundClient(options: OutboundOptions): OutboundClient {
  const resolve = options.resolve ?? resolveWithSystem;
  const admitted: Record<OutboundZone, (address: string) => boolean> = {
    public: (address) => isPublicAddress(address, options.trustFakeIp),
    loopback: isLoopback,
    internal: () => true,
  };
  const exitTo = (zone: OutboundZone) => createDirectDispatchers(checkedLookup(resolve, admitted[zone]), options);
  const exits: Record<OutboundZone, ZoneDispatchers> = {
    public: options.proxyUrl ? createProxyDispatchers(options.proxyUrl, options) : exitTo('public'),
    loopback: exitTo('loopback'),
    internal: exitTo('internal'),
  };

  return {
    async fetch(input, { policy = 'https', headers, streams, ...init } = {}) {
      const { url, zone } = checkOutboundUrl(input, policy, options);
      // The proxy resolves the name again, which cannot be checked here. Reject at least names that resolve to a denied address here.
      if (zone === 'public' && options.proxyUrl) await resolveChecked(resolve, url.hostname, admitted.public);
      const named = new Headers(headers as HeadersInit | undefined);
      if (!named.has('user-agent')) named.set('user-agent', options.userAgent ?? 'Arkloop');
      try {
        return await undiciFetch(url, {
          ...init,
          headers: [...named],
          redirect: 'manual',
          dispatcher: exits[zone][streams ? 'streaming' : 'buffered'],
        });
      } catch (error) {
        throw denialIn(error) ?? error;
      }
    },
    check: (url, policy = 'https') => checkOutboundUrl(url, policy, options).url,
    async resolveAndCheck(input, policy = 'https') {
      const { url, zone } = checkOutboundUrl(input, policy, options);
      await resolveChecked(resolve, url.hostname, admitted[zone]);
      return url;
    },
    checkPort: (url) => checkOutboundPort(url, options),
    close: async () => void (await Promise.all(Object.values(exits).map((exit) => exit.destroy()))),
  };
}

/** Returns all addresses of a name. Throws if one of them is denied. */
async function resolveChecked(resolve: Resolve, hostname: string, admitted: (address: string) => boolean) {
  const bare = hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(bare) ? [bare] : await resolve(hostname);
  if (addresses.length === 0) throw new Error(`No address for ${hostname}`);
  if (!addresses.every(admitted)) throw new OutboundDenied('private_ip_denied');
  return addresses.map((address) => ({ address, family: isIP(address) }));
}

/** A socket lookup. The socket connects to the checked address, so the name cannot change its address in between. */
function checkedLookup(resolve: Resolve, admitted: (address: string) => boolean): LookupFunction {
  return (hostname, { all }, answer) => {
    resolveChecked(resolve, hostname, admitted).then(
      (addresses) => (all ? answer(null, addresses) : answer(null, addresses[0]?.address ?? '', addresses[0]?.family)),
      (error: NodeJS.ErrnoException) => answer(error, all ? [] : ''),
    );
  };
}

/** `fetch` wraps errors of the socket lookup. The denial is somewhere in the chain of causes. */
function denialIn(error: unknown): OutboundDenied | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof OutboundDenied) return cause;
  return undefined;
}
