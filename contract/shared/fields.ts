import { z } from 'zod';

/** Accepts any RFC 9562 UUID and lowercases it. */
export const Id = z.guid().toLowerCase().meta({ id: 'Id', description: 'A UUID (RFC 9562). The server generates version 7.' });

export const Time = z.iso
  .datetime({ precision: 3 })
  .meta({ id: 'Time', description: 'An instant in UTC with milliseconds (RFC 3339), such as `2026-01-31T09:30:00.000Z`.' });

export const TraceId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .meta({ id: 'TraceId', description: 'A trace ID: 32 lowercase hex digits. It identifies a request in the server log.' });

/** Trimmed text of 1 to `max` code points. */
export const trimmedText = (max: number) => z.string().trim().min(1).max(max);

/** An integer in a query string. Accepts only digits: `z.coerce.number` also accepts '', '1e3', '0x10' and ' 5'. */
export const intParam = (min: number, max = 2 ** 31 - 1) =>
  z
    .string()
    .regex(/^-?\d{1,10}$/, 'must be an integer')
    .transform(Number)
    .pipe(z.int().min(min).max(max));

/** A decimal number in a query string. An exponent is accepted. */
export const numberParam = (min: number, max: number) =>
  z
    .string()
    .max(32)
    .regex(/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i, 'must be a number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** A boolean in a query string: true, 1, false or 0. */
export const boolParam = () => z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], case: 'sensitive' });

/** Free text in a query string: 1 to 200 code points, not blank. */
export const searchParam = () => z.string().trim().min(1).max(200);

export const Ok = z
  .object({ ok: z.literal(true).meta({ description: 'Always true: errors have another status and the body `Problem`.' }) })
  .meta({ id: 'Ok', description: 'The response of an action that returns no data.' });

/** An object with arbitrary content. */
export const AnyObject = z.record(z.string(), z.unknown()).meta({ id: 'AnyObject', description: 'A JSON object with any content.' });

/** The body of an update: any of the fields, and at least one. */
export const changes = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z
    .strictObject(shape)
    .refine((given) => Object.values(given).some((value) => value !== undefined), 'name at least one field')
    .meta({ minProperties: 1 });

/** `meta` of text that must not be blank. */
export const notBlankMeta = { pattern: '\\S' };

/** `params` of a rule that compares several values, which the schema of a single value cannot express. */
export const inconsistentValues = { reason: 'inconsistent_values' };

/** `meta` of a trimmed BCP 47 tag. Text in another form is 400 `invalid_locale`. */
export const localeMeta = { pattern: '^\\s*(?:(?:[A-Za-z]{2,3}|[A-Za-z]{5,8})(?:-[A-Za-z0-9]{1,8})*\\s*)?$' };

/** `meta` of a trimmed time zone name. A name that is not in the IANA database is 400 `invalid_timezone`. */
export const timeZoneMeta = { pattern: '^\\s*(?:[A-Za-z][A-Za-z0-9_+/-]*\\s*)?$' };

/** `meta` of an email address. Stricter rules of the server return 400 `invalid_email`. */
export const emailMeta = { pattern: '[^\\s@]@[^\\s@]' };

/** `meta` of a base URL. Stricter rules of the server return 400 with a reason. */
export const baseUrlMeta = { pattern: '^\\s*[Hh][Tt][Tt][Pp][Ss]?://[^\\s?#/\\\\][^\\s?#\\\\]*\\s*$' };

/** A pattern that matches a lowercase word in any case. */
export const caseInsensitivePattern = (word: string) => word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
