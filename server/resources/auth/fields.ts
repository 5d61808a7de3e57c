import type { Issue } from '../../../contract/shared/errors.ts';
import { invalid } from '../../kernel/failure.ts';

const isSpace = (char: string | undefined) => char !== undefined && /\p{White_Space}/u.test(char);

/** Without white space at both ends, in the sense of Unicode. A loop, because a pattern takes quadratic time on a run of spaces inside. */
export function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text[from])) from++;
  while (to > from && isSpace(text[to - 1])) to--;
  return text.slice(from, to);
}

const codePoints = (text: string) => [...text].length;
const bytes = (text: string) => Buffer.byteLength(text, 'utf8');

/** A login or a name as it is shown (identity 2.3); undefined when it breaks the rule. */
export function readLogin(text: string): string | undefined {
  const typed = trim(text);
  // Normalising shrinks a text to a quarter at most, so a longer one is refused unread.
  if (typed.length > 2_048) return undefined;
  const login = trim(typed.normalize('NFKC'));
  const fits = login !== '' && bytes(login) <= 256 && !/[@\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(login);
  return fits ? login : undefined;
}

/** What makes a login unique. */
export const loginKeyOf = (login: string) => login.normalize('NFKC').toLowerCase().normalize('NFKC');

/** What somebody typed to say who he is, login or email; undefined when it can be neither. */
export function readIdentity(text: string): string | undefined {
  const identity = trim(text);
  return identity !== '' && identity.length <= 512 && codePoints(identity) <= 256 ? identity : undefined;
}

/** Whether a password may be set. It is neither trimmed nor normalised. */
export const isGoodPassword = (password: string) =>
  bytes(password) <= 256 && codePoints(password) >= 8 && /\p{L}/u.test(password) && /\p{Nd}/u.test(password) && !password.includes('\0');

const atom = String.raw`[\p{L}\p{M}\p{N}!#$%&'*+/=?^_\x60{|}~\-]+`;
const label = String.raw`[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}\-]*[\p{L}\p{M}\p{N}])?`;
const quoted = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])+"`;
const address = new RegExp(String.raw`^(?:${atom}(?:\.${atom})*|${quoted})@${label}(?:\.${label})*$`, 'u');

/** An addr-spec (RFC 5322, with the letters of RFC 6531); undefined for anything else. */
export function readEmail(text: string): string | undefined {
  const email = trim(text);
  const length = email.length <= 508 ? codePoints(email) : Number.POSITIVE_INFINITY;
  return length >= 3 && length <= 254 && address.test(email) ? email : undefined;
}

/** A BCP 47 tag; null for none, undefined for a wrong one. */
export function readLocale(text: string | null | undefined): string | null | undefined {
  if (!text) return null;
  try {
    Intl.getCanonicalLocales(text);
    return text;
  } catch {
    return undefined;
  }
}

/** The name of a time zone; null for none, undefined for a wrong one. Offsets such as `+08:00` are no names. */
export function readTimeZone(text: string | null | undefined): string | null | undefined {
  if (!text) return null;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return /^[A-Za-z]/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The same in its canonical spelling, as the zones are listed. */
export function canonicalTimeZone(text: string | null | undefined): string | null | undefined {
  const zone = readTimeZone(text);
  return zone ? new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone : zone;
}

/** An invite code as it is stored; undefined for none. */
export const readInviteCode = (text: string | null | undefined) => text?.replace(/\p{White_Space}/gu, '').toUpperCase() || undefined;

/** Gathers what is wrong with a body, to tell all of it at once. */
export function fieldChecks() {
  const issues: Issue[] = [];
  return {
    /** The value, unless it is undefined: then `message` is what is wrong at `path`. */
    take<T>(path: string, value: T | undefined, message: string): T {
      if (value === undefined) issues.push({ location: 'body', path, message });
      return value as T;
    },
    /** Throws 400 when something was wrong. */
    done(reasonAt: Readonly<Record<string, string>> = {}) {
      const reason = issues.map(({ path }) => reasonAt[path]).find(Boolean);
      if (issues.length > 0) throw invalid(issues, reason);
    },
  };
}

/** What each rule expects, for people. */
export const expected = {
  login: 'must be 1 to 256 bytes without @, control or format characters',
  identity: 'must be 1 to 256 characters',
  password: 'must have 8 characters or more, at most 256 bytes, a letter and a digit',
  email: 'must be one email address',
  locale: 'must be a BCP 47 language tag',
  timezone: 'must be the name of an IANA time zone',
} as const;
