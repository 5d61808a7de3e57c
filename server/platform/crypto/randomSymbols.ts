import { randomBytes } from 'node:crypto';

/** 32 symbols that do not look alike, so that five bits select one without bias. */
const symbols = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** A random text for people to type, with five bits of entropy per symbol. */
export const randomSymbols = (count: number): string => Array.from(randomBytes(count), (byte) => symbols[byte & 31]).join('');
