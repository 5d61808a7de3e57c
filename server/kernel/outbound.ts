import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { type RequestInit, type Response, fetch as undiciFetch } from 'undici';
import { isLoopback, isPublicAddress } from './addresses.ts';
import { type Exit, exitBy, exitThrough, type OutboundLimits } from './outboundAgents.ts';
import {
  checkOutboundPort,
  checkOutboundUrl,
  OutboundDenied,
  type OutboundPolicy,
  type OutboundSwitches,
  type OutboundZone,
} from './outboundUrl.ts';

export { OutboundDenied, type OutboundPolicy, type OutboundReason } from './outboundUrl.ts';

/** Every address of a name, as the resolver gives them. */
export type Resolve = (hostname: string) => Promise<string[]>;

/** What an installation sets for the requests that users cause. */
export type OutboundOptions = OutboundSwitches & OutboundLimits & { proxyUrl?: string; userAgent?: string; resolve?: Resolve };

export type OutboundInit = Omit<RequestInit, 'redirect' | 'dispatcher'> & {
  policy?: OutboundPolicy;
  /** The body may be silent for longer than other answers, and the request is not repeated. */
  streams?: true;
};

/** The only way to a URL that somebody else chose. Redirects are never followed. */
export type Outbound = {
  /** Throws `OutboundDenied` before or while connecting; other failures are those of `fetch`. The policy is `https` when none is given. */
  fetch(url: string | URL, init?: OutboundInit): Promise<Response>;
  /** What can be checked when a URL is stored: everything but the addresses of its name. */
  check(url: string | URL, policy?: OutboundPolicy): URL;
  /** `check`, and the addresses that its name has now: for a URL that somebody else will open for us. Throws when the name has none. */
  admit(url: string | URL, policy?: OutboundPolicy): Promise<URL>;
  /** The port alone, for a URL whose address may be any while it is stored. */
  checkPort(url: URL): void;
  close(): Promise<void>;
};

const resolveWithSystem: Resolve = async (hostname) => (await systemLookup(hostname, { all: true })).map(({ address }) => address);

/** Open the guarded way out. */
export function createOutbound(options: OutboundOptions): Outbound {
  const resolve = options.resolve ?? resolveWithSystem;
  const admitted: Record<OutboundZone, (address: string) => boolean> = {
    public: (address) => isPublicAddress(address, options.trustFakeIp),
    loopback: isLoopback,
    internal: () => true,
  };
  const exitTo = (zone: OutboundZone) => exitBy(checkedLookup(resolve, admitted[zone]), options);
  const exits: Record<OutboundZone, Exit> = {
    public: options.proxyUrl ? exitThrough(options.proxyUrl, options) : exitTo('public'),
    loopback: exitTo('loopback'),
    internal: exitTo('internal'),
  };

  return {
    async fetch(input, { policy = 'https', headers, streams, ...init } = {}) {
      const { url, zone } = checkOutboundUrl(input, policy, options);
      // A proxy resolves the name again, out of our sight: all that can be done is to refuse what resolves badly here.
      if (zone === 'public' && options.proxyUrl) await resolveChecked(resolve, url.hostname, admitted.public);
      const named = new Headers(headers as HeadersInit | undefined);
      if (!named.has('user-agent')) named.set('user-agent', options.userAgent ?? 'Arkloop');
      try {
        return await undiciFetch(url, {
          ...init,
          headers: [...named],
          redirect: 'manual',
          dispatcher: exits[zone][streams ? 'stream' : 'whole'],
        });
      } catch (error) {
        throw denialIn(error) ?? error;
      }
    },
    check: (url, policy = 'https') => checkOutboundUrl(url, policy, options).url,
    async admit(input, policy = 'https') {
      const { url, zone } = checkOutboundUrl(input, policy, options);
      await resolveChecked(resolve, url.hostname, admitted[zone]);
      return url;
    },
    checkPort: (url) => checkOutboundPort(url, options),
    close: async () => void (await Promise.all(Object.values(exits).map((exit) => exit.destroy()))),
  };
}

/** All addresses of a name; one that is not admitted refuses them all. */
async function resolveChecked(resolve: Resolve, hostname: string, admitted: (address: string) => boolean) {
  const bare = hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(bare) ? [bare] : await resolve(hostname);
  if (addresses.length === 0) throw new Error(`No address for ${hostname}`);
  if (!addresses.every(admitted)) throw new OutboundDenied('private_ip_denied');
  return addresses.map((address) => ({ address, family: isIP(address) }));
}

/** The lookup of a socket: what it returns is what is connected to, so a name cannot change its address in between. */
function checkedLookup(resolve: Resolve, admitted: (address: string) => boolean): LookupFunction {
  return (hostname, { all }, answer) => {
    resolveChecked(resolve, hostname, admitted).then(
      (addresses) => (all ? answer(null, addresses) : answer(null, addresses[0]?.address ?? '', addresses[0]?.family)),
      (error: NodeJS.ErrnoException) => answer(error, all ? [] : ''),
    );
  };
}

/** `fetch` wraps what the socket's lookup throws; the denial lies somewhere in the chain of causes. */
function denialIn(error: unknown): OutboundDenied | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof OutboundDenied) return cause;
  return undefined;
}
