import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { SettingFormat } from '../../../contract/configSchema.ts';
import type { Kind } from '../../platform/config/kinds.ts';

/** The associated data of the encryption of a platform setting. */
export const encryptionContext = (key: string): string => `platform_setting:${key}`;

export type ValueType = 'string' | 'integer' | 'number' | 'boolean';

/** One setting of the registry. */
export type Setting<T = unknown> = {
  type: ValueType;
  /** Parses the text of a value. */
  schema: z.ZodType<T, string>;
  /** The description of valid values in error messages. */
  expected: string;
  /** What the text of a string is, if there is a control for it. */
  format?: SettingFormat;
  /** The default as text; null if the setting defaults to null. */
  defaultText: string | null;
  /** The default where it depends on the environment. */
  defaultFrom?: (env: NodeJS.ProcessEnv) => string;
  description: string;
  /** `both`: an override or a plan may set the value for an account. */
  scope: 'both' | 'platform';
  sensitive: boolean;
  /** The environment variable, if its name does not follow from the key. */
  variable: string | undefined;
  /** The stored value takes precedence over the environment, because administrators change it at run time. */
  databaseFirst: boolean;
};

/** The wire format of each type. */
const forms: Record<ValueType, z.ZodType<unknown, string>> = {
  string: z.string(),
  integer: z.string().regex(/^-?\d{1,15}$/),
  number: z.string().regex(/^-?\d{1,15}(\.\d{1,15})?$/),
  boolean: z.enum(['true', 'false']),
};

export const isOfType = (type: ValueType, text: string): boolean => forms[type].safeParse(text).success;

export type Typed<T> = Pick<Setting<T>, 'type' | 'schema' | 'expected' | 'format'>;

/** A type shared with the environment configuration. */
export const ofKind = <T>(type: ValueType, { schema, expected }: Kind<T>): Typed<T> => ({ type, schema, expected });

const digits = z
  .string()
  .trim()
  .regex(/^-?\d{1,15}$/)
  .transform(Number);

export const integer = (least = -Number.MAX_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): Typed<number> => ({
  type: 'integer',
  schema: digits.pipe(z.int().min(least).max(most)),
  expected: least < -1 ? 'an integer' : most > 2 ** 31 ? `an integer of at least ${least}` : `an integer from ${least} to ${most}`,
});

/** An integer. Values of 0 or less mean `otherwise`. */
export const positiveInteger = (otherwise = 0): Typed<number> => ({
  type: 'integer',
  schema: digits.transform((value) => (value > 0 ? value : otherwise)),
  expected: 'an integer',
});

export const decimal = (accepts: (value: number) => boolean, expected: string): Typed<number> => ({
  type: 'number',
  schema: z
    .string()
    .trim()
    // Accepts the exponents that JSON uses for small numbers, because stored values are read with this pattern too.
    .regex(/^\d{1,15}(\.\d{1,25})?(e-\d{1,3})?$/)
    .transform(Number)
    .refine(accepts),
  expected,
});

/** A single line of text, trimmed. */
export const singleLine = (most: number, expected = `a text of at most ${most} characters`): Typed<string> => ({
  type: 'string',
  schema: z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^\P{Cc}*$/u),
  expected,
});

/** A secret on one line, not trimmed. */
export const password = (most: number): Typed<string> => ({
  type: 'string',
  schema: z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\r\n]*$/),
  expected: `a text of at most ${most} characters on one line`,
});

/** A JSON document that matches `shape`, stored as text. */
export const jsonDocument = (shape: z.ZodType, expected: string): Typed<string> => ({
  type: 'string',
  schema: z
    .string()
    .trim()
    .refine((text) => shape.safeParse(tryParseJson(text)).success),
  expected,
  format: 'json',
});

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Normalizes CIDR notation, for example to `10.0.0.0/8`. An address without a prefix length is a network of one address. Undefined for
 * invalid text.
 */
function networkOf(text: string): string | undefined {
  const given = text.trim();
  const family = ipaddr.IPv4.isValidFourPartDecimal(given.split('/', 1)[0]!) ? ipaddr.IPv4 : ipaddr.IPv6;
  const cidr = given.includes('/') ? given : `${given}/${family === ipaddr.IPv4 ? 32 : 128}`;
  if (!/^[0-9a-f:.]+\/\d{1,3}$/i.test(cidr) || !family.isValidCIDR(cidr)) return undefined;
  return `${family.networkAddressFromCIDR(cidr)}/${Number(cidr.split('/')[1])}`;
}

const maxNetworks = 200;

/** Networks as a JSON array or a comma-separated list. */
export const networks: Typed<string[]> = {
  type: 'string',
  schema: z.string().transform((text, check) => {
    const list = text.trim().startsWith('[') ? tryParseJson(text) : text.split(',').filter((part) => part.trim());
    const known = Array.isArray(list) ? list.map((each) => (typeof each === 'string' ? networkOf(each) : undefined)) : [undefined];
    if (known.length <= maxNetworks && known.every((each) => each !== undefined)) return [...new Set(known)];
    check.addIssue('not networks');
    return z.NEVER;
  }),
  expected: `at most ${maxNetworks} networks such as 10.0.0.0/8 or ::1/128, separated by commas`,
};
