import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

declare const client: unique symbol;
declare const limited: unique symbol;

/** The full address of a client, for logs, IP rules and audit. Limits do not accept it: they count by `rateLimitAddress`. */
export type ClientAddress = string & { readonly [client]: true };

/** The address that all limits per address count by. */
export type RateLimitAddress = string & { readonly [limited]: true };

/** Any text except a full client address. */
export type NoClientAddress = string & { readonly [client]?: never };

/** Used if the connection is already closed. */
export const unknownAddress = '' as ClientAddress;

/** Normalizes an address: no port, brackets, zone or IPv4 mapping. Undefined if `text` is not an address. */
export function parseClientAddress(text: string): ClientAddress | undefined {
  const [, bracketed, withPort] = /^\[([^\]]+)\](?::\d{1,5})?$|^(\d+(?:\.\d+){3}):\d{1,5}$/.exec(text) ?? [];
  const bare = (bracketed ?? withPort ?? text).replace(/%.*$/s, '');
  const kind = isIP(bare);
  if (kind === 4) return bare as ClientAddress;
  return kind === 6 ? (ipaddr.process(bare).toString() as ClientAddress) : undefined;
}

/** IPv4 unchanged; IPv6 as its /64, because a subscriber controls a whole /64 (RFC 6177). */
export function rateLimitAddress(address: ClientAddress): RateLimitAddress {
  if (!address.includes(':')) return address as string as RateLimitAddress;
  const { parts } = ipaddr.IPv6.parse(address);
  const network = parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64` as RateLimitAddress;
}
