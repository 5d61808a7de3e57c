import { randomBytes } from 'node:crypto';

/** 32 symbols that nobody mistakes for each other, so that five bits choose one without bias. */
const symbols = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** A random text for people to type: five bits of chance in each of its symbols. */
export const randomSymbols = (count: number): string => Array.from(randomBytes(count), (byte) => symbols[byte & 31]).join('');
