import type { Issue } from '../../../contract/shared/errors.ts';
import { invalid } from '../../platform/failure.ts';
import { type Email, type EmailKey, emailKeyOf, isPlainEmail, parseEmail } from '../../platform/identity/identity.ts';
import { isInOneScript, isPlainName } from '../../platform/identity/lookalikes.ts';

const isSpace = (char: string | undefined) => char !== undefined && /\p{White_Space}/u.test(char);

/** Trims Unicode white space. A loop, because a regular expression takes quadratic time on a run of spaces inside the text. */
export function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text[from])) from++;
  while (to > from && isSpace(text[to - 1])) to--;
  return text.slice(from, to);
}

const codePoints = (text: string) => [...text].length;
const bytes = (text: string) => Buffer.byteLength(text, 'utf8');

/**
 * Normalizes a login or a name to NFKC: 1 to 256 bytes, without @, control or format characters. Does not check the script. Returns
 * undefined if the text breaks a rule.
 */
function normalizeLine(text: string): string | undefined {
  const typed = trim(text);
  // NFKC shrinks a text to a quarter at most, so a longer one breaks the rule anyway.
  if (typed.length > 2_048) return undefined;
  const line = trim(typed.normalize('NFKC'));
  const fits = line !== '' && bytes(line) <= 256 && !/[@\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line);
  return fits ? line : undefined;
}

/** A login must be written in one script. Returns undefined if it breaks a rule. */
export function readLogin(text: string): string | undefined {
  const login = normalizeLine(text);
  return login !== undefined && isInOneScript(login) ? login : undefined;
}

/** The display name of a user. Returns undefined if it breaks a rule. */
export function readUsername(text: string): string | undefined {
  const name = normalizeLine(text);
  return name !== undefined && isPlainName(name) ? name : undefined;
}

/** A login or an email address as typed, for a lookup. Returns undefined if it can be neither. */
export function readIdentity(text: string): string | undefined {
  const identity = trim(text);
  return identity !== '' && identity.length <= 512 && codePoints(identity) <= 256 ? identity : undefined;
}

/** The password is neither trimmed nor normalized. */
export const isGoodPassword = (password: string) =>
  bytes(password) <= 256 && codePoints(password) >= 8 && /\p{L}/u.test(password) && /\p{Nd}/u.test(password) && !password.includes('\0');

/** Returns an address that may be registered or invited: an addr-spec (RFC 5322, with the letters of RFC 6531), each part in one script. */
export function readEmail(text: string): Email | undefined {
  const email = parseEmail(trim(text));
  return email && isPlainEmail(email) ? email : undefined;
}

/**
 * The lookup key of a typed address, including addresses that could not be registered today. Returns undefined if the text is not an
 * address.
 */
export const readEmailKey = (text: string): EmailKey | undefined => emailKeyOf(trim(text));

/** A BCP 47 tag. Returns null for an empty text, undefined for an invalid tag. */
export function readLocale(text: string | null | undefined): string | null | undefined {
  if (!text) return null;
  try {
    Intl.getCanonicalLocales(text);
    return text;
  } catch {
    return undefined;
  }
}

/** An IANA time zone name. Returns null for an empty text, undefined for an invalid name. Offsets such as `+08:00` are invalid. */
export function readTimeZone(text: string | null | undefined): string | null | undefined {
  if (!text) return null;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return /^[A-Za-z]/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Like `readTimeZone`, in canonical spelling. */
export function canonicalTimeZone(text: string | null | undefined): string | null | undefined {
  const zone = readTimeZone(text);
  return zone ? new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone : zone;
}

/** Normalizes an invite code as it is stored. Returns undefined if it is empty. */
export const readInviteCode = (text: string | null | undefined) => text?.replace(/\p{White_Space}/gu, '').toUpperCase() || undefined;

/** Collects the issues of a body, so that one error reports all of them. */
export function fieldChecks() {
  const issues: Issue[] = [];
  return {
    /** Returns the value. If it is undefined, adds an issue at `path` with the message and the reason of the rule. */
    take<T>(path: string, value: T | undefined, [message, reason]: Rule): T {
      if (value === undefined) issues.push({ location: 'body', path, message, reason });
      return value as T;
    },
    /** Throws 400 with all issues. `details.reason` is `preferred` if an issue has it, else the first reason. */
    done(preferred?: string) {
      const isPreferred = issues.some(({ reason }) => reason === preferred);
      if (issues.length > 0) throw invalid(issues, undefined, isPreferred ? { reason: preferred } : {});
    },
  };
}

/** The message and the reason of the 400 for a value that breaks the rule. */
export type Rule = readonly [message: string, reason: string];

export const fieldRules = {
  login: ['must be 1 to 256 bytes in one script, without @, control or format characters', 'invalid_name'],
  username: ['must be 1 to 256 bytes without @, control or format characters, no word of it in several scripts', 'invalid_name'],
  identity: ['must be 1 to 256 characters', 'invalid_name'],
  name: ['must not have a word in several scripts, control characters or bidirectional controls', 'invalid_name'],
  password: ['must have 8 characters or more, at most 256 bytes, a letter and a digit', 'password_policy'],
  email: ['must be one email address, each part in one script', 'invalid_email'],
  locale: ['must be a BCP 47 language tag', 'invalid_locale'],
  timezone: ['must be the name of an IANA time zone', 'invalid_timezone'],
} as const satisfies Record<string, Rule>;
