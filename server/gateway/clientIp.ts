import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { GatewaySettings } from '../resources/settings/gateway.ts';

/** Where a request comes from; `secure` when a trusted proxy took it over HTTPS. */
export type Caller = { ip: string; secure: boolean };

/** Whose word about callers counts, and where it stands (platform 13.3). */
export type Proxies = { mode: GatewaySettings['ip_mode']; trusts(ip: string): boolean; cdnHeader: string };

/** An address in one spelling, without port, brackets, zone and IPv4 mapping; undefined for what is none. */
export function plainAddress(text: string): string | undefined {
  const [, bracketed, withPort] = /^\[([^\]]+)\](?::\d{1,5})?$|^(\d+(?:\.\d+){3}):\d{1,5}$/.exec(text) ?? [];
  const bare = (bracketed ?? withPort ?? text).replace(/%.*$/s, '');
  const kind = isIP(bare);
  if (kind === 4) return bare;
  return kind === 6 ? ipaddr.process(bare).toString() : undefined;
}

/** The caller of a request: the peer, or whom a trusted peer names. */
export function callerOf({ socket, headers }: IncomingMessage, proxies: Proxies): Caller {
  const peer = plainAddress(socket.remoteAddress ?? '') ?? '';
  if (proxies.mode === 'direct' || !proxies.trusts(peer)) return { ip: peer, secure: false };
  const named = proxies.mode === 'cdn' ? byCdn(headers[proxies.cdnHeader]) : byProxies(textOf(headers['x-forwarded-for']), proxies);
  const protocol = textOf(headers['x-forwarded-proto']).split(',').at(-1);
  return { ip: named ?? peer, secure: protocol?.trim().toLowerCase() === 'https' };
}

const textOf = (header: string | string[] | undefined) => (Array.isArray(header) ? header.join(',') : (header ?? ''));

const byCdn = (header: string | string[] | undefined) => plainAddress(textOf(header).trim());

/** From the right, the first that is no proxy of ours: what stands left of it was written by the caller. */
function byProxies(header: string, { trusts }: Proxies): string | undefined {
  for (const entry of header.split(',').reverse()) {
    const ip = plainAddress(entry.trim());
    if (ip === undefined || !trusts(ip)) return ip;
  }
  return undefined;
}

/** What requests of anonymous callers are counted under: an IPv6 subscriber has a whole /64. */
export function callerGroup(ip: string): string {
  if (!ip.includes(':')) return ip;
  const { parts } = ipaddr.IPv6.parse(ip);
  return `${parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
