import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { Kind } from '../../kernel/config/kinds.ts';

/** The types of values, as they are called on the wire. */
export type ValueType = 'string' | 'integer' | 'number' | 'boolean';

/** One setting of the registry: how its text is read, and what it is for. */
export type Setting<T = unknown> = {
  type: ValueType;
  /** From the text of a value to the value that is in force. */
  read: z.ZodType<T, string>;
  /** What a wrong value is told. */
  expected: string;
  /** The text that counts when nothing is set; null where there is none, and the setting reads as null. */
  preset: string | null;
  description: string;
  /** `both`: an override or a plan may say otherwise for an account. */
  scope: 'both' | 'platform';
  sensitive: boolean;
  /** The environment variable, where its name does not follow from the key. */
  variable: string | undefined;
  /** What is stored counts more than the environment, because administrators change it while it is in use. */
  databaseFirst: boolean;
};

/** How values of a type are written on the wire. */
const forms: Record<ValueType, z.ZodType<unknown, string>> = {
  string: z.string(),
  integer: z.string().regex(/^-?\d{1,15}$/),
  number: z.string().regex(/^-?\d{1,15}(\.\d{1,15})?$/),
  boolean: z.enum(['true', 'false']),
};

/** Whether a text is a value of a type. */
export const hasForm = (type: ValueType, text: string): boolean => forms[type].safeParse(text).success;

type Typed<T> = Pick<Setting<T>, 'type' | 'read' | 'expected'>;

/** A value that variables of the environment may hold too. */
export const ofKind = <T>(type: ValueType, { read, expected }: Kind<T>): Typed<T> => ({ type, read, expected });

const digits = z
  .string()
  .trim()
  .regex(/^-?\d{1,15}$/)
  .transform(Number);

/** A whole number within bounds. */
export const whole = (least = -Number.MAX_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): Typed<number> => ({
  type: 'integer',
  read: digits.pipe(z.int().min(least).max(most)),
  expected: least < -1 ? 'an integer' : most > 2 ** 31 ? `an integer of at least ${least}` : `an integer from ${least} to ${most}`,
});

/** A whole number for which every value that is not above zero means the same: `otherwise`. */
export const positive = (otherwise = 0): Typed<number> => ({
  type: 'integer',
  read: digits.transform((value) => (value > 0 ? value : otherwise)),
  expected: 'an integer',
});

/** A decimal number. */
export const decimal = (accepts: (value: number) => boolean, expected: string): Typed<number> => ({
  type: 'number',
  read: z
    .string()
    .trim()
    // As JSON writes numbers: what was stored as one is read here too.
    .regex(/^\d{1,15}(\.\d{1,25})?(e-\d{1,3})?$/)
    .transform(Number)
    .refine(accepts),
  expected,
});

/** A text on one line. */
export const line = (most: number, expected = `a text of at most ${most} characters`): Typed<string> => ({
  type: 'string',
  read: z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^\P{Cc}*$/u),
  expected,
});

/** A secret that is taken as it is written, on one line. */
export const password = (most: number): Typed<string> => ({
  type: 'string',
  read: z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\r\n]*$/),
  expected: `a text of at most ${most} characters on one line`,
});

/** A JSON document with a rule for its content; its text is kept. */
export const document = (shape: z.ZodType, expected: string): Typed<string> => ({
  type: 'string',
  read: z
    .string()
    .trim()
    .refine((text) => shape.safeParse(parsed(text)).success),
  expected,
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The network that a text in CIDR notation lies in, as `10.0.0.0/8`; a bare address is a network of one. Undefined for other texts. */
export function networkOf(text: string): string | undefined {
  const given = text.trim();
  const family = ipaddr.IPv4.isValidFourPartDecimal(given.split('/', 1)[0]!) ? ipaddr.IPv4 : ipaddr.IPv6;
  const cidr = given.includes('/') ? given : `${given}/${family === ipaddr.IPv4 ? 32 : 128}`;
  if (!/^[0-9a-f:.]+\/\d{1,3}$/i.test(cidr) || !family.isValidCIDR(cidr)) return undefined;
  return `${family.networkAddressFromCIDR(cidr)}/${Number(cidr.split('/')[1])}`;
}

const mostNetworks = 200;

/** Networks, as a JSON array or separated by commas. */
export const networks: Typed<string[]> = {
  type: 'string',
  read: z.string().transform((text, check) => {
    const list = text.trim().startsWith('[') ? parsed(text) : text.split(',').filter((part) => part.trim());
    const known = Array.isArray(list) ? list.map((each) => (typeof each === 'string' ? networkOf(each) : undefined)) : [undefined];
    if (known.length <= mostNetworks && known.every((each) => each !== undefined)) return [...new Set(known)];
    check.addIssue('not networks');
    return z.NEVER;
  }),
  expected: `at most ${mostNetworks} networks such as 10.0.0.0/8 or ::1/128, separated by commas`,
};
