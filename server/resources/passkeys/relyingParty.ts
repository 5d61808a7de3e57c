import { isIP } from 'node:net';
import type { App } from '../../http/app.ts';
import { failWith } from '../../platform/failure.ts';

/** Who asks for passkeys: the domain to which they belong, and the origins whose pages may use them. */
export type RelyingParty = { id: string; allows(origin: string): boolean };

const isWithin = (host: string, id: string) => host === id || host.endsWith(`.${id}`);

/**
 * From ARKLOOP_PASSKEY_RP_ID and ARKLOOP_PASSKEY_ORIGINS, or by default the host and the origin of `app.base_url`, with the origins of
 * ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS in the same domain. Every port of http://localhost is allowed for `localhost`, because servers of developers
 * have many. Throws 503 if passkeys cannot work, as with an IP address, to which no passkey can belong.
 */
export async function relyingParty({ config, baseUrl }: Pick<App, 'config' | 'baseUrl'>): Promise<RelyingParty> {
  const base = new URL(await baseUrl());
  const id = config.passkeyRpId ?? base.hostname;
  if (isIP(id.replace(/[[\]]/g, '')) !== 0)
    throw notConfigured('Passkeys need a host name: set ARKLOOP_APP_BASE_URL or ARKLOOP_PASSKEY_RP_ID.');
  const origins =
    config.passkeyOrigins ?? [base.origin, ...config.gatewayCorsAllowedOrigins].filter((origin) => isWithin(new URL(origin).hostname, id));
  if (origins.length === 0) throw notConfigured('No origin belongs to ARKLOOP_PASSKEY_RP_ID: set ARKLOOP_PASSKEY_ORIGINS.');
  const anyPort = id === 'localhost' && config.passkeyOrigins === undefined;
  return { id, allows: (origin) => origins.includes(origin) || (anyPort && /^http:\/\/localhost(:\d{1,5})?$/.test(origin)) };
}

const notConfigured = (message: string) => failWith('unavailable', 'passkeys_not_configured', message);
