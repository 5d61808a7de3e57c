import { expect, test } from 'vitest';
import { z } from 'zod';
import { isMissingFile, issueSentence, plainMessage } from '../../../docs/playground/src/ui/internal/apiMessage.ts';

/** What a form shows of a value that a schema refuses. */
const shown = (schema: z.ZodType, value: unknown) => plainMessage(schema.safeParse(value).error!.issues[0]!.message);

test.each([
  [z.enum(['GET', 'PUT', 'POST']), 'foo', 'must be GET, PUT or POST'],
  [z.string().regex(/^a$/), 'b', 'has a wrong format'],
  [z.union([z.cidrv4(), z.cidrv6()]), 'b', 'is not valid'],
  [z.cidrv4(), 'b', 'must be a network of IPv4, such as 10.0.0.0/8'],
  [z.email(), 'b', 'must be an email address'],
  [z.url(), 'b', 'must be a complete URL'],
  [z.number(), null, 'must be a number'],
  [z.int().min(1), 0, 'must be 1 or more'],
  [z.number().gt(0), 0, 'must be more than 0'],
  [z.int().max(10), 11, 'must be 10 or less'],
  [z.string().min(2), 'a', 'must have 2 characters or more'],
  [z.array(z.string()).max(1), ['a', 'b'], 'must have 1 item or fewer'],
  [z.string().refine(() => false, 'is taken'), 'a', 'is taken'],
])('a form translates the message of a schema: %#', (schema, value, message) => {
  expect(shown(schema, value)).toBe(message);
});

test.each([
  ['/issuer', 'has no metadata', 'Issuer has no metadata.'],
  ['/allowed_email_domains/0', 'Invalid input', 'Allowed email domains is not valid.'],
  ['key', 'Not a setting.', 'Not a setting.'],
  ['', 'must not be empty', 'This value must not be empty.'],
])('without its field, the value of %j is named', (path, message, sentence) => {
  expect(issueSentence({ path, message })).toBe(sentence);
});

test('a missing file of the page is recognized in the words of each browser', () => {
  const messages = [
    'Failed to fetch dynamically imported module: https://a.test/assets/schedules-1.js',
    'error loading dynamically imported module: https://a.test/assets/schedules-1.js',
    'Importing a module script failed.',
    'Unable to preload CSS for /assets/maths-1.css',
  ];
  expect(messages.filter((message) => !isMissingFile(new TypeError(message)))).toEqual([]);
  expect(isMissingFile(new TypeError('Failed to fetch'))).toBe(false);
});
