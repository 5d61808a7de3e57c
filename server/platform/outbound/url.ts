import { trimEnd } from '../../../contract/shared/text.ts';
import { isAddress, isLoopback, isPublicAddress } from '../network/addresses.ts';
import { isOpenPort } from '../network/ports.ts';

/** Why a URL is denied. */
export type OutboundReason =
  | 'invalid_url'
  | 'missing_hostname'
  | 'userinfo_denied'
  | 'fragment_denied'
  | 'unsupported_scheme'
  | 'insecure_scheme_denied'
  | 'localhost_denied'
  | 'private_ip_denied'
  | 'port_denied';

/** `https`: public hosts over TLS. `web`: also plain HTTP. `internal`: any address, for back ends configured by the platform. */
export type OutboundPolicy = 'https' | 'web' | 'internal';

/** The network of a checked URL. */
export type OutboundZone = 'public' | 'loopback' | 'internal';

/** Exceptions that the operator configures. */
export type OutboundSwitches = { allowLoopbackHttp: boolean; trustFakeIp: boolean; extraPorts?: readonly number[] };

const messages: Record<OutboundReason, string> = {
  invalid_url: 'The URL is not absolute.',
  missing_hostname: 'The URL has no host.',
  userinfo_denied: 'The URL must not contain a user or a password.',
  fragment_denied: 'The URL must not contain a fragment.',
  unsupported_scheme: 'The URL must be http or https.',
  insecure_scheme_denied: 'The URL must be https.',
  localhost_denied: 'The URL must not name this machine.',
  private_ip_denied: 'The URL leads to an address that is not public.',
  port_denied: 'The URL names a port that is not open to requests.',
};

/** A request that is not sent because its URL is denied. */
export class OutboundDenied extends Error {
  override name = 'OutboundDenied';
  readonly reason: OutboundReason;
  constructor(reason: OutboundReason) {
    super(messages[reason]);
    this.reason = reason;
  }
}

/** Rejects forms that parsers read differently: backslashes, whitespace, a missing `//`. */
function parseUrl(text: string) {
  if (/^https?:\/\/(?:[/?#]|:\d*(?:[/?#]|$)|$)/i.test(text)) throw new OutboundDenied('missing_hostname');
  if (/[\u0000-\u0020\\]/.test(text) || /^https?:(?!\/\/)/i.test(text)) throw new OutboundDenied('invalid_url');
  if (!URL.canParse(text)) throw new OutboundDenied('invalid_url');
  return new URL(text);
}

const isLocalName = (host: string) => host === 'localhost' || host.endsWith('.localhost');

/** Checks a URL without resolving its host name, and returns its network zone. */
export function checkOutboundUrl(
  input: string | URL,
  policy: OutboundPolicy,
  switches: OutboundSwitches,
): { url: URL; zone: OutboundZone } {
  const url = parseUrl(String(input));
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new OutboundDenied('unsupported_scheme');
  if (url.username || url.password) throw new OutboundDenied('userinfo_denied');
  if (url.hash || String(input).endsWith('#')) throw new OutboundDenied('fragment_denied');
  const host = trimEnd(url.hostname.toLowerCase(), '.');
  if (!host) throw new OutboundDenied('missing_hostname');
  if (policy === 'internal') return { url, zone: 'internal' };
  if (isOpenLoopback(url, switches)) return { url, zone: 'loopback' };
  if (policy === 'https' && url.protocol === 'http:') throw new OutboundDenied('insecure_scheme_denied');
  if (isLocalName(host)) throw new OutboundDenied('localhost_denied');
  if (isAddress(host) && !isPublicAddress(host, switches.trustFakeIp)) throw new OutboundDenied('private_ip_denied');
  checkOutboundPort(url, switches);
  return { url, zone: 'public' };
}

/** Whether the URL is plain HTTP to loopback, and `allowLoopbackHttp` permits it (development only). */
function isOpenLoopback({ protocol, hostname }: URL, { allowLoopbackHttp }: OutboundSwitches) {
  const host = trimEnd(hostname.toLowerCase(), '.');
  return allowLoopbackHttp && protocol === 'http:' && (host === 'localhost' || isLoopback(host));
}

/** Throws `OutboundDenied` if the port is not allowed. Loopback URLs may use any port if `allowLoopbackHttp` is set. */
export function checkOutboundPort(url: URL, switches: OutboundSwitches): void {
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  if (!isOpenPort(port, switches.extraPorts) && !isOpenLoopback(url, switches)) throw new OutboundDenied('port_denied');
}
