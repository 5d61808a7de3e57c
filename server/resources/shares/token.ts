import { randomInt } from 'node:crypto';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Authenticated with the sealed token, so that it cannot be opened in another row. */
export const encryptionContext = (id: string, accountId: string) => `thread_share:${id}:${accountId}`;

/** 22 characters in base 62 without modulo bias, 130 random bits. */
export const newShareToken = (): string => Array.from({ length: 22 }, () => digits[randomInt(62)]).join('');
