import { trimEnd } from '../../../contract/shared/text.ts';
import { invalidField } from './errors.ts';

/** `https`: public hosts over TLS. `web`: also plain HTTP. `internal`: any address. */
export type UrlPolicy = 'https' | 'web' | 'internal';

const messages = {
  invalid_url: 'The URL is not absolute.',
  missing_hostname: 'The URL has no host.',
  userinfo_denied: 'The URL must not contain a user or a password.',
  fragment_denied: 'The URL must not contain a fragment.',
  query_denied: 'The URL must not contain a query.',
  unsupported_scheme: 'The URL must be http or https.',
  insecure_scheme_denied: 'The URL must be https.',
  localhost_denied: 'The URL must not name this machine.',
  private_ip_denied: 'The URL leads to an address that is not public.',
  port_denied: 'The URL names a port that is not open to requests.',
} as const;
type UrlReason = keyof typeof messages;

const isLocalName = (host: string) => host === 'localhost' || host.endsWith('.localhost');

/** `https` and `internal` as on a server with `ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP`: plain HTTP to loopback is open, on any port. */
const isOpenLoopback = ({ protocol }: URL, host: string) => protocol === 'http:' && (host === 'localhost' || /^(127\.|\[::1\])/.test(host));

/** Ports from 1,024 on that the fetch standard blocks (https://fetch.spec.whatwg.org/#port-blocking). */
const badPorts = [1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080];
export const isOpenPort = (port: number): boolean => port === 80 || port === 443 || (port >= 1_024 && !badPorts.includes(port));

const privateIPv4 =
  /^(0|10|127|22[4-9]|2[3-5]\d|169\.254|172\.(1[6-9]|2\d|3[01])|192\.0\.[02]|192\.168|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|198\.1[89]|198\.51\.100|203\.0\.113)\./;
/** What is public in 2000::/3. */
const publicIPv6 = /^\[[23][\da-f]{3}:/;
const privateIPv6 = /^\[(2001:(0?:|db8:)|2002:|3fff:0?[\da-f]{0,3}:)/;

/** Hosts of URLs are normalized. */
function isPrivateAddress(host: string): boolean {
  if (host.startsWith('[')) return !publicIPv6.test(host) || privateIPv6.test(host);
  return /^[\d.]+$/.test(host) && privateIPv4.test(host);
}

/** Why the server does not call a URL; undefined if it does. */
function urlDenial(text: string, policy: UrlPolicy): UrlReason | undefined {
  if (/^https?:\/\/(?:[/?#]|:\d*(?:[/?#]|$)|$)/i.test(text)) return 'missing_hostname';
  if (/[\u0000-\u0020\\]/.test(text) || /^https?:(?!\/\/)/i.test(text) || !URL.canParse(text)) return 'invalid_url';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'unsupported_scheme';
  if (url.username || url.password) return 'userinfo_denied';
  if (url.hash || text.endsWith('#')) return 'fragment_denied';
  const host = trimEnd(url.hostname, '.');
  if (policy === 'internal' || isOpenLoopback(url, host)) return undefined;
  if (policy === 'https' && url.protocol === 'http:') return 'insecure_scheme_denied';
  if (isLocalName(host)) return 'localhost_denied';
  if (isPrivateAddress(host)) return 'private_ip_denied';
  return hasOpenPort(url) ? undefined : 'port_denied';
}

const hasOpenPort = (url: URL) =>
  isOpenPort(Number(url.port || (url.protocol === 'https:' ? 443 : 80))) || isOpenLoopback(url, trimEnd(url.hostname, '.'));

const deny = (field: string, reason: UrlReason | undefined) => {
  if (reason) throw invalidField(field, messages[reason], reason);
};

/** Throws 400 for a URL that the server does not call. */
export const checkUrl = (field: string, text: string, policy: UrlPolicy): void => deny(field, urlDenial(text, policy));

/** Checks a base URL, to which paths are added, and returns it as it is stored. Any host is allowed. Throws 400. */
export function readBaseUrl(text: string, isOfPlatform = false): string {
  checkUrl('/base_url', text, 'internal');
  deny('/base_url', text.includes('?') ? 'query_denied' : undefined);
  if (!isOfPlatform) deny('/base_url', hasOpenPort(new URL(text)) ? undefined : 'port_denied');
  return trimEnd(text, '/');
}

/** Without a URL, the vendor decides the server. */
type Server = { url: string | null; vendor?: string };

/** Throws 400 if a stored secret would be sent to another server than the one it was entered for. `field` is that of the secret. */
export function requireSecretForMove(field: string, { from, to }: { from: Server; to: Server }): void {
  if (normalize(from) !== normalize(to))
    throw secretRequired(field, 'is needed again for another server, because the stored one is not sent there');
}

export const secretRequired = (field: string, message: string) => invalidField(field, message, 'secret_required');

/** The path counts: those of one host can belong to different services. */
const normalize = ({ url, vendor }: Server) => (url === null ? vendor : trimEnd(URL.canParse(url) ? new URL(url).href : url, '/'));
