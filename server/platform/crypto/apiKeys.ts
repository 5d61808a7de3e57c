import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { sha256 } from './ids.ts';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The last six characters of a key: the CRC-32 of its 26 random characters in base 62, so that secret scanners recognize a leaked key. */
function checkCharacters(random: string): string {
  let rest = crc32(random);
  let text = '';
  for (let at = 0; at < 6; at++) {
    text = digits[rest % 62] + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

/** Prefixes of API keys and of service keys. */
export type KeyPrefix = 'al_' | 'als_';

/** A new key: its prefix, 26 random characters without modulo bias, 6 check characters. */
function newApiKey(prefix: KeyPrefix): string {
  const random = Array.from({ length: 26 }, () => digits[randomInt(62)]).join('');
  return `${prefix}${random}${checkCharacters(random)}`;
}

/** A new key, and what is stored of it: the first characters, by which people recognize it, and the hash. */
export function newKeySecret(prefix: KeyPrefix) {
  const key = newApiKey(prefix);
  return { key, stored: { keyPrefix: key.slice(0, prefix.length + 4), keyHash: sha256(key) } };
}

/** Whether text has the form of a key. Invalid text is rejected without a lookup. */
export const isApiKey = (text: string, prefix: KeyPrefix = 'al_'): boolean =>
  text.startsWith(prefix) && /^[0-9A-Za-z]{32}$/.test(text.slice(prefix.length)) && checkCharacters(text.slice(-32, -6)) === text.slice(-6);
