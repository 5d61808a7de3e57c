import { isIP } from 'node:net';
import type { Request } from 'express';
import ipaddr from 'ipaddr.js';
import type { Config } from '../../platform/config/config.ts';
import { type ClientAddress, parseClientAddress, unknownAddress } from '../../platform/network/clientAddress.ts';

/** The client of a request, as determined from trusted proxies. */
export type Caller = { ip: ClientAddress; secure: boolean; host: string; forwarded: boolean };

/** Headers that proxies add. */
const proxyHeaders = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'];

/** Determines the client of a request. Proxy headers are used only if the peer is a trusted proxy. */
export function createCallerResolver({ trustXForwardedFor, trustedProxyCidrs }: Pick<Config, 'trustXForwardedFor' | 'trustedProxyCidrs'>) {
  const ranges = trustedProxyCidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  const isTrustedProxy = (address: string) => {
    if (!isIP(address)) return false;
    const parsed = ipaddr.process(address);
    return ranges.some(([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits));
  };
  const listOf = (header: string | string[] | undefined) =>
    (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((part) => part.trim());
  return {
    trusted: isTrustedProxy,
    callerOf(req: Request): Caller {
      const peer = parseClientAddress(req.socket.remoteAddress ?? '') ?? unknownAddress;
      const header = req.headers['x-forwarded-for'];
      const forwarded = proxyHeaders.some((name) => req.headers[name] !== undefined);
      const host = req.headers.host ?? '';
      if (!trustXForwardedFor || !isTrustedProxy(peer)) return { ip: peer, secure: false, host, forwarded };
      // The right-most address that is not a trusted proxy. Everything left of it comes from the client, also if it is no address: a proxy that is
      // reached over a socket has none for its peer.
      const named = listOf(header).map(parseClientAddress);
      const own = named.findLastIndex((address) => address === undefined || !isTrustedProxy(address));
      const ip = named[Math.max(0, own)] ?? peer;
      return { ip, secure: listOf(req.headers['x-forwarded-proto'])[0] === 'https', host, forwarded };
    },
  };
}
