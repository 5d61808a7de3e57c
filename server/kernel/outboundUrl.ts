import { isAddress, isLoopback, isPublicAddress } from './addresses.ts';

/** Why a URL is refused (specification, platform 7.4). */
export type OutboundReason =
  | 'invalid_url'
  | 'missing_hostname'
  | 'userinfo_denied'
  | 'fragment_denied'
  | 'unsupported_scheme'
  | 'insecure_scheme_denied'
  | 'localhost_denied'
  | 'private_ip_denied';

/** What a request may reach: `https` public hosts over TLS, `web` also plain HTTP, `internal` any address (back ends named by the platform). */
export type OutboundPolicy = 'https' | 'web' | 'internal';

/** The network a checked URL lies in. */
export type OutboundZone = 'public' | 'loopback' | 'internal';

/** What an installation admits beyond the rules. */
export type OutboundSwitches = { allowLoopbackHttp: boolean; trustFakeIp: boolean };

const messages: Record<OutboundReason, string> = {
  invalid_url: 'The URL is not absolute.',
  missing_hostname: 'The URL has no host.',
  userinfo_denied: 'The URL must not contain a user or a password.',
  fragment_denied: 'The URL must not contain a fragment.',
  unsupported_scheme: 'The URL must be http or https.',
  insecure_scheme_denied: 'The URL must be https.',
  localhost_denied: 'The URL must not name this machine.',
  private_ip_denied: 'The URL leads to an address that is not public.',
};

/** A request that is not made because of where it would go. */
export class OutboundDenied extends Error {
  override name = 'OutboundDenied';
  readonly reason: OutboundReason;
  constructor(reason: OutboundReason) {
    super(messages[reason]);
    this.reason = reason;
  }
}

/** Parse a URL as it was written; forms that parsers read differently (backslashes, blanks, a missing `//`) are refused. */
function parseUrl(text: string) {
  if (/^https?:\/\/(?:[/?#]|:\d*(?:[/?#]|$)|$)/i.test(text)) throw new OutboundDenied('missing_hostname');
  if (/[\u0000-\u0020\\]/.test(text) || /^https?:(?!\/\/)/i.test(text)) throw new OutboundDenied('invalid_url');
  if (!URL.canParse(text)) throw new OutboundDenied('invalid_url');
  return new URL(text);
}

const isLocalName = (host: string) => host === 'localhost' || host.endsWith('.localhost');

/** Check what can be seen without resolving the name, and say which network the URL lies in. */
export function checkOutboundUrl(
  input: string | URL,
  policy: OutboundPolicy,
  switches: OutboundSwitches,
): { url: URL; zone: OutboundZone } {
  const url = parseUrl(String(input));
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new OutboundDenied('unsupported_scheme');
  if (url.username || url.password) throw new OutboundDenied('userinfo_denied');
  if (url.hash || String(input).endsWith('#')) throw new OutboundDenied('fragment_denied');
  const host = url.hostname.toLowerCase().replace(/\.+$/, '');
  if (!host) throw new OutboundDenied('missing_hostname');
  if (policy === 'internal') return { url, zone: 'internal' };
  if (switches.allowLoopbackHttp && url.protocol === 'http:' && (host === 'localhost' || isLoopback(host)))
    return { url, zone: 'loopback' };
  if (policy === 'https' && url.protocol === 'http:') throw new OutboundDenied('insecure_scheme_denied');
  if (isLocalName(host)) throw new OutboundDenied('localhost_denied');
  if (isAddress(host) && !isPublicAddress(host, switches.trustFakeIp)) throw new OutboundDenied('private_ip_denied');
  return { url, zone: 'public' };
}
