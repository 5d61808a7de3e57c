import type { Issue } from '../../../contract/shared/errors.ts';
import { invalid } from '../../kernel/failure.ts';
import { type Email, type EmailKey, emailKeyOf, emailOf, isPlainEmail } from '../../kernel/identity.ts';
import { isInOneScript, isPlainName } from '../../kernel/lookalikes.ts';

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

/** A login or a name in NFKC (identity 2.3), without its script being looked at; undefined when it breaks the rule. */
function readLine(text: string): string | undefined {
  const typed = trim(text);
  // Normalising shrinks a text to a quarter at most, so a longer one is refused unread.
  if (typed.length > 2_048) return undefined;
  const line = trim(typed.normalize('NFKC'));
  const fits = line !== '' && bytes(line) <= 256 && !/[@\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line);
  return fits ? line : undefined;
}

/** A login as it is shown, which is written in one script; undefined when it breaks the rule. */
export function readLogin(text: string): string | undefined {
  const login = readLine(text);
  return login !== undefined && isInOneScript(login) ? login : undefined;
}

/** The name that a user is shown under; undefined when it breaks the rule. */
export function readUsername(text: string): string | undefined {
  const name = readLine(text);
  return name !== undefined && isPlainName(name) ? name : undefined;
}

/** What somebody typed to say who he is, login or email; undefined when it can be neither. */
export function readIdentity(text: string): string | undefined {
  const identity = trim(text);
  return identity !== '' && identity.length <= 512 && codePoints(identity) <= 256 ? identity : undefined;
}

/** Whether a password may be set. It is neither trimmed nor normalised. */
export const isGoodPassword = (password: string) =>
  bytes(password) <= 256 && codePoints(password) >= 8 && /\p{L}/u.test(password) && /\p{Nd}/u.test(password) && !password.includes('\0');

/** An address that may be registered or invited: an addr-spec (RFC 5322, with the letters of RFC 6531), each part in one script. */
export function readEmail(text: string): Email | undefined {
  const email = emailOf(trim(text));
  return email && isPlainEmail(email) ? email : undefined;
}

/** What an address that was typed is looked up by, whether it could be registered today or not; undefined for what is none. */
export const readEmailKey = (text: string): EmailKey | undefined => emailKeyOf(trim(text));

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
  login: 'must be 1 to 256 bytes in one script, without @, control or format characters',
  username: 'must be 1 to 256 bytes without @, control or format characters, no word of it in several scripts',
  identity: 'must be 1 to 256 characters',
  name: 'must not have a word in several scripts, control characters or bidirectional controls',
  password: 'must have 8 characters or more, at most 256 bytes, a letter and a digit',
  email: 'must be one email address, each part in one script',
  locale: 'must be a BCP 47 language tag',
  timezone: 'must be the name of an IANA time zone',
} as const;
