import { randomInt } from 'node:crypto';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 22 characters in base 62 without modulo bias, 130 random bits. */
export const newShareToken = (): string => Array.from({ length: 22 }, () => digits[randomInt(62)]).join('');
