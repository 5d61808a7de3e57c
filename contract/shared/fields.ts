import { z } from 'zod';

/** Any RFC 9562 UUID, lower-cased. */
export const Id = z.guid().toLowerCase().meta({ id: 'Id', description: 'A UUID (RFC 9562); the server makes version 7.' });

/** An instant in UTC with milliseconds (RFC 3339). */
export const Time = z.iso.datetime({ precision: 3 }).meta({ id: 'Time' });

/** The trace of a request: 32 lower-case hex digits. */
export const TraceId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .meta({ id: 'TraceId' });

/** A name that people type: trimmed, 1 to `max` code points. */
export const name = (max: number) => z.string().trim().min(1).max(max);

/** An integer in a query string: digits only, so that '', '1e3', '0x10' and ' 5' are refused (z.coerce.number takes them all). */
export const intParam = (min: number, max = 2 ** 31 - 1) =>
  z
    .string()
    .regex(/^-?\d{1,10}$/, 'must be an integer')
    .transform(Number)
    .pipe(z.int().min(min).max(max));

/** A decimal number in a query string from `min` to `max`; an exponent is accepted. */
export const numberParam = (min: number, max: number) =>
  z
    .string()
    .max(32)
    .regex(/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i, 'must be a number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** A boolean in a query string: true, 1, false or 0. */
export const boolParam = () => z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], case: 'sensitive' });

/** Free text in a query that must not be blank, 1 to 200 code points. */
export const searchParam = () => z.string().trim().min(1).max(200);

/** Nothing beyond `ok`: the answer of actions that only succeed. */
export const Ok = z.object({ ok: z.literal(true) }).meta({ id: 'Ok' });

/** An object whose content is the caller's own. */
export const AnyObject = z.record(z.string(), z.unknown());

/** A change must say what it changes: for `refine`, with `meta(oneOrMore)` beside it for the documents. */
export const someField = [
  (changes: object) => Object.values(changes).some((value) => value !== undefined),
  'name at least one field',
] as const;
export const oneOrMore = { minProperties: 1 };

/** For `meta` of text that must hold more than white space. */
export const notBlank = { pattern: '\\S' };

/** For rules between several values, which no schema of one of them can tell. */
export const betweenValues = { reason: 'inconsistent_values' };

/** A lower-case word as a pattern that takes it in any case. */
export const anyCase = (word: string) => word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
