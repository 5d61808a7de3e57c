import type { Keys } from '../../platform/crypto/keys.ts';
import { seal, unseal } from '../../platform/crypto/seal.ts';
import { invalidField } from '../../platform/failure.ts';

type Owner = { id: string; account_id: string };
export type SealedHeaders = { headerNames: string[]; sealedHeaders: Buffer | null };

/** Headers that the connection, a proxy or the server sets. A receiver trusts them. */
const denied = new Set([
  ...['host', 'connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'http2-settings', 'date', 'via'],
  ...['accept-encoding', 'user-agent', 'forwarded', 'x-real-ip', 'signature', 'signature-input'],
  ...['traceparent', 'tracestate', 'baggage', 'x-trace-id'],
]);
const deniedPrefixes = ['content-', 'proxy-', 'sec-', 'webhook-', 'svix-', 'x-arkloop-', 'x-forwarded-'];

/** CGI and WSGI do not distinguish underscores from hyphens. */
function isDenied(given: string): boolean {
  const name = given.replaceAll('_', '-');
  return denied.has(name) || deniedPrefixes.some((prefix) => name.startsWith(prefix));
}

/** Associated data of the encryption: a ciphertext copied to another row or field does not decrypt. */
export const headersContext = ({ id, account_id: account }: Owner) => `webhook_endpoint:${id}:${account}:headers`;

/** Encrypts custom headers, with names in lowercase. Throws 400 `header_denied` or `duplicate_header`. */
export function sealHeaders({ encryptionKeys }: Keys, owner: Owner, headers: Readonly<Record<string, string>>): SealedHeaders {
  const named = new Map<string, string>();
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase();
    if (isDenied(name)) throw invalidField(`/headers/${pointerOf(given)}`, 'is set by the server or the connection', 'header_denied');
    if (named.has(name)) throw invalidField(`/headers/${pointerOf(given)}`, 'is named twice', 'duplicate_header');
    named.set(name, value);
  }
  const sealed = seal(encryptionKeys, JSON.stringify([...named]), headersContext(owner));
  return { headerNames: [...named.keys()], sealedHeaders: named.size > 0 ? sealed : null };
}

/** RFC 6901. */
const pointerOf = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** Decrypts custom headers; undefined if that fails. */
export function tryUnsealHeaders({ encryptionKeys }: Keys, owner: Owner, sealed: Buffer | null): Record<string, string> | undefined {
  if (!sealed) return {};
  try {
    return Object.fromEntries(JSON.parse(unseal(encryptionKeys, sealed, headersContext(owner)).toString()) as [string, string][]);
  } catch {
    return undefined;
  }
}
