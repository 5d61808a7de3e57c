import type { IncomingMessage } from 'node:http';
import { type ClientAddress, parseClientAddress, unknownAddress } from '../../platform/network/clientAddress.ts';
import type { GatewaySettings } from '../../resources/settings/gateway.ts';

/** `secure` is true if the gateway, or a trusted proxy in front of it, received the request over HTTPS. */
export type Caller = { ip: ClientAddress; secure: boolean };

/** Which peers are trusted to report the client's address, and in which header. */
export type TrustedProxies = { mode: GatewaySettings['ip_mode']; isTrusted(ip: string): boolean; cdnHeader: string };

/** The client of a request: the peer, or the address that a trusted peer reports. */
export function callerOf({ socket, headers }: IncomingMessage, proxies: TrustedProxies): Caller {
  const peer = parseClientAddress(socket.remoteAddress ?? '') ?? unknownAddress;
  const isEncrypted = 'encrypted' in socket;
  if (proxies.mode === 'direct' || !proxies.isTrusted(peer)) return { ip: peer, secure: isEncrypted };
  const named =
    proxies.mode === 'cdn'
      ? clientFromCdnHeader(headers[proxies.cdnHeader])
      : clientFromForwardedFor(textOf(headers['x-forwarded-for']), proxies);
  const protocol = textOf(headers['x-forwarded-proto']).split(',').at(-1)?.trim().toLowerCase();
  return { ip: named ?? peer, secure: protocol ? protocol === 'https' : isEncrypted };
}

const textOf = (header: string | string[] | undefined) => (Array.isArray(header) ? header.join(',') : (header ?? ''));

const clientFromCdnHeader = (header: string | string[] | undefined) => parseClientAddress(textOf(header).trim());

/** The right-most address that is not a trusted proxy. Everything left of it comes from the client. */
function clientFromForwardedFor(header: string, { isTrusted }: TrustedProxies): ClientAddress | undefined {
  for (const entry of header.split(',').reverse()) {
    const ip = parseClientAddress(entry.trim());
    if (ip === undefined || !isTrusted(ip)) return ip;
  }
  return undefined;
}
