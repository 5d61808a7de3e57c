import { domainToASCII, domainToUnicode } from 'node:url';
import { hasInvisible, isInOneScript, type Skeleton, skeletonOf } from './lookalikes.ts';

declare const canonical: unique symbol;
/** The canonical form of a login: what makes it unique and what it is found by. Only `loginKeyOf` makes one. */
export type LoginKey = string & { readonly [canonical]: 'login' };
/** The canonical form of an address: what makes it unique and what it is found by. Only `emailKeyOf` makes one. */
export type EmailKey = string & { readonly [canonical]: 'email' };

/** The canonical form of a login, also of one that could not be registered today. */
export const loginKeyOf = (login: string) => login.normalize('NFKC').toLowerCase().normalize('NFKC') as LoginKey;

const atom = String.raw`[\p{L}\p{M}\p{N}!#$%&'*+/=?^_\x60{|}~\-]+`;
const label = String.raw`[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}\-]*[\p{L}\p{M}\p{N}])?`;
const quoted = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])+"`;
const dotAtom = new RegExp(String.raw`^${atom}(?:\.${atom})*$`, 'u');
const address = new RegExp(String.raw`^(${atom}(?:\.${atom})*|${quoted})@(${label}(?:\.${label})*)$`, 'u');

/** The two sides of an addr-spec (RFC 5322, with the letters of RFC 6531) in their canonical spelling; undefined for anything else. */
function partsOf(email: string): { local: string; domain: string } | undefined {
  // No more than 254 code points, none of which is longer than two units.
  const length = email.length <= 508 ? [...email].length : 0;
  if (length < 3 || length > 254 || hasInvisible(email)) return undefined;
  // Some characters become several by NFKC, among them dots and brackets, so it comes before the grammar.
  const [, local, host] = address.exec(email.normalize('NFKC')) ?? [];
  const domain = host === undefined ? '' : domainToASCII(host);
  // A label that begins with xn-- and encodes nothing stays as it is.
  if (local === undefined || domain === '' || /(?:^|\.)xn--/.test(domainToUnicode(domain))) return undefined;
  return { local: local.startsWith('"') ? unquoted(local) : local, domain };
}

/** `"bob"` is `bob` (RFC 5321, 4.1.2); what needs the quotes keeps them, with as few backslashes as possible. */
function unquoted(local: string): string {
  const text = local.slice(1, -1).replace(/\\(.)/g, '$1');
  return dotAtom.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

const keyOf = ({ local, domain }: { local: string; domain: string }) => `${local.toLowerCase().normalize('NFKC')}@${domain}` as EmailKey;

/**
 * The canonical form of an address, also of one that could not be registered today; undefined for what is none. Without case, quotes that say nothing,
 * compatibility characters and Unicode in the domain (UTS 46). `bob+list@…` stays another address than `bob@…`.
 */
export function emailKeyOf(email: string): EmailKey | undefined {
  const parts = partsOf(email);
  return parts && keyOf(parts);
}

/** An address: what is shown and mailed to, what it is found by, and what it shares with those that look like it. */
export type Email = { readonly text: string; readonly key: EmailKey; readonly skeleton: Skeleton };

/** An address as it is stored, also one that could not be registered today; undefined for what is none. */
export function emailOf(text: string): Email | undefined {
  const parts = partsOf(text);
  return (
    parts && { text: text.normalize('NFKC'), key: keyOf(parts), skeleton: skeletonOf(`${parts.local}@${domainToUnicode(parts.domain)}`) }
  );
}

/** Whether an address may be registered: each of its parts is written in one script. */
export const isPlainEmail = ({ text, key }: Email): boolean =>
  [text.slice(0, text.lastIndexOf('@')), ...domainToUnicode(key.slice(key.lastIndexOf('@') + 1)).split('.')].every(isInOneScript);

/** What the canonical forms of logins and addresses contain when they are searched for `text`. */
export const searchKeyOf = (text: string): LoginKey | EmailKey => emailKeyOf(text) ?? loginKeyOf(text);
