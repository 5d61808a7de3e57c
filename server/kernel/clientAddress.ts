import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

declare const client: unique symbol;
declare const limited: unique symbol;

/** The whole address of a caller, for logs, IP rules and audit. No limit takes it: limits count by `rateLimitAddress`. */
export type ClientAddress = string & { readonly [client]: true };

/** The address that every limit by address counts by. */
export type RateLimitAddress = string & { readonly [limited]: true };

/** Any text but a whole address of a caller. */
export type NoClientAddress = string & { readonly [client]?: never };

/** Where a connection that is already closed came from. */
export const unknownAddress = '' as ClientAddress;

/** An address in one spelling, without port, brackets, zone and IPv4 mapping; undefined for text that is not an address. */
export function clientAddress(text: string): ClientAddress | undefined {
  const [, bracketed, withPort] = /^\[([^\]]+)\](?::\d{1,5})?$|^(\d+(?:\.\d+){3}):\d{1,5}$/.exec(text) ?? [];
  const bare = (bracketed ?? withPort ?? text).replace(/%.*$/s, '');
  const kind = isIP(bare);
  if (kind === 4) return bare as ClientAddress;
  return kind === 6 ? (ipaddr.process(bare).toString() as ClientAddress) : undefined;
}

/** IPv4 as it is; of IPv6 the /64, because a subscriber has all of one (RFC 6177). */
export function rateLimitAddress(address: ClientAddress): RateLimitAddress {
  if (!address.includes(':')) return address as string as RateLimitAddress;
  const { parts } = ipaddr.IPv6.parse(address);
  const network = parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64` as RateLimitAddress;
}
