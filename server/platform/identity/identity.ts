import { domainToASCII, domainToUnicode } from 'node:url';
import { hasInvisible, isInOneScript, type Skeleton, skeletonOf } from './lookalikes.ts';

declare const canonical: unique symbol;
/** The canonical form of a login, used for uniqueness and lookup. Only `loginKeyOf` creates one. */
export type LoginKey = string & { readonly [canonical]: 'login' };
/** The canonical form of an email address, used for uniqueness and lookup. Only `emailKeyOf` creates one. */
export type EmailKey = string & { readonly [canonical]: 'email' };

/** Also accepts a login that could not be registered today. */
export const loginKeyOf = (login: string) => login.normalize('NFKC').toLowerCase().normalize('NFKC') as LoginKey;

const atom = String.raw`[\p{L}\p{M}\p{N}!#$%&'*+/=?^_\x60{|}~\-]+`;
const label = String.raw`[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}\-]*[\p{L}\p{M}\p{N}])?`;
const quoted = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])+"`;
const dotAtom = new RegExp(String.raw`^${atom}(?:\.${atom})*$`, 'u');
const address = new RegExp(String.raw`^(${atom}(?:\.${atom})*|${quoted})@(${label}(?:\.${label})*)$`, 'u');

/** Splits an addr-spec (RFC 5322, with the characters of RFC 6531) into its canonical local part and domain. Undefined if it is not valid. */
function splitEmail(email: string): { local: string; domain: string } | undefined {
  // At most 254 code points, each of at most two UTF-16 units.
  const length = email.length <= 508 ? [...email].length : 0;
  if (length < 3 || length > 254 || hasInvisible(email)) return undefined;
  // Normalize before matching: NFKC expands some characters to several, including dots and brackets.
  const [, local, host] = address.exec(email.normalize('NFKC')) ?? [];
  const domain = host === undefined ? '' : domainToASCII(host);
  // Reject labels that keep their `xn--` prefix when they are decoded: they do not encode anything.
  if (local === undefined || domain === '' || /(?:^|\.)xn--/.test(domainToUnicode(domain))) return undefined;
  return { local: local.startsWith('"') ? unquoted(local) : local, domain };
}

/** `"bob"` equals `bob` (RFC 5321, 4.1.2). Keeps the quotes only where they are required, with as few backslashes as possible. */
function unquoted(local: string): string {
  const text = local.slice(1, -1).replace(/\\(.)/g, '$1');
  return dotAtom.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

const keyOf = ({ local, domain }: { local: string; domain: string }) => `${local.toLowerCase().normalize('NFKC')}@${domain}` as EmailKey;

/**
 * The canonical form of an address, or undefined if it is not an address. Also accepts addresses that could not be registered today. Folds case,
 * redundant quotes, compatibility characters and Unicode domains (UTS 46). Keeps subaddresses: `bob+list@…` differs from `bob@…`.
 */
export function emailKeyOf(email: string): EmailKey | undefined {
  const parts = splitEmail(email);
  return parts && keyOf(parts);
}

/** An email address: `text` is displayed and mailed to, `key` is used for lookup, `skeleton` is shared with lookalikes. */
export type Email = { readonly text: string; readonly key: EmailKey; readonly skeleton: Skeleton };

/** An address in its stored form, or undefined if it is not an address. Also accepts addresses that could not be registered today. */
export function parseEmail(text: string): Email | undefined {
  const parts = splitEmail(text);
  return (
    parts && { text: text.normalize('NFKC'), key: keyOf(parts), skeleton: skeletonOf(`${parts.local}@${domainToUnicode(parts.domain)}`) }
  );
}

/** Whether an address may be registered: the local part and each label of the domain use a single script. */
export const isPlainEmail = ({ text, key }: Email): boolean =>
  [text.slice(0, text.lastIndexOf('@')), ...domainToUnicode(key.slice(key.lastIndexOf('@') + 1)).split('.')].every(isInOneScript);

/** The text to search for in canonical logins and addresses. */
export const searchKeyOf = (text: string): LoginKey | EmailKey => emailKeyOf(text) ?? loginKeyOf(text);
