import { isIP } from 'node:net';
import type { Request } from 'express';
import ipaddr from 'ipaddr.js';
import { type ClientAddress, clientAddress, unknownAddress } from '../kernel/clientAddress.ts';
import type { Config } from '../kernel/config.ts';

/** Where a request really came from. */
export type Caller = { ip: ClientAddress; secure: boolean; host: string; forwarded: boolean };

/** What proxies say of themselves. */
const passedOn = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'];

/** Tells the caller behind trusted proxies from whatever else a header may claim. */
export function callers({ trustXForwardedFor, trustedProxyCidrs }: Pick<Config, 'trustXForwardedFor' | 'trustedProxyCidrs'>) {
  const ranges = trustedProxyCidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  const trusted = (address: string) => {
    if (!isIP(address)) return false;
    const parsed = ipaddr.process(address);
    return ranges.some(([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits));
  };
  const listOf = (header: string | string[] | undefined) =>
    (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((part) => part.trim());
  return {
    trusted,
    callerOf(req: Request): Caller {
      const peer = clientAddress(req.socket.remoteAddress ?? '') ?? unknownAddress;
      const header = req.headers['x-forwarded-for'];
      const forwarded = passedOn.some((name) => req.headers[name] !== undefined);
      const host = req.headers.host ?? '';
      if (!trustXForwardedFor || !trusted(peer)) return { ip: peer, secure: false, host, forwarded };
      // The right-most address that is not one of our proxies: everything left of it was written by the caller.
      const named = listOf(header).flatMap((entry) => clientAddress(entry) ?? []);
      const ip = [...named, peer].findLast((address) => !trusted(address)) ?? named[0] ?? peer;
      return { ip, secure: listOf(req.headers['x-forwarded-proto'])[0] === 'https', host, forwarded };
    },
  };
}
