import type { IncomingMessage } from 'node:http';
import { type ClientAddress, clientAddress, unknownAddress } from '../kernel/clientAddress.ts';
import type { GatewaySettings } from '../resources/settings/gateway.ts';

/** Where a request comes from; `secure` when a trusted proxy took it over HTTPS. */
export type Caller = { ip: ClientAddress; secure: boolean };

/** Whose word about callers counts, and where it stands (platform 13.3). */
export type Proxies = { mode: GatewaySettings['ip_mode']; trusts(ip: string): boolean; cdnHeader: string };

/** The caller of a request: the peer, or whom a trusted peer names. */
export function callerOf({ socket, headers }: IncomingMessage, proxies: Proxies): Caller {
  const peer = clientAddress(socket.remoteAddress ?? '') ?? unknownAddress;
  if (proxies.mode === 'direct' || !proxies.trusts(peer)) return { ip: peer, secure: false };
  const named = proxies.mode === 'cdn' ? byCdn(headers[proxies.cdnHeader]) : byProxies(textOf(headers['x-forwarded-for']), proxies);
  const protocol = textOf(headers['x-forwarded-proto']).split(',').at(-1);
  return { ip: named ?? peer, secure: protocol?.trim().toLowerCase() === 'https' };
}

const textOf = (header: string | string[] | undefined) => (Array.isArray(header) ? header.join(',') : (header ?? ''));

const byCdn = (header: string | string[] | undefined) => clientAddress(textOf(header).trim());

/** From the right, the first that is no proxy of ours: what stands left of it was written by the caller. */
function byProxies(header: string, { trusts }: Proxies): ClientAddress | undefined {
  for (const entry of header.split(',').reverse()) {
    const ip = clientAddress(entry.trim());
    if (ip === undefined || !trusts(ip)) return ip;
  }
  return undefined;
}
