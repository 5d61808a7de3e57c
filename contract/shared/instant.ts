import { z } from 'zod';

/** An instant in a request: RFC 3339 with any offset, converted to UTC with milliseconds, in the years 1 to 9999. */
export const Instant = z.iso.datetime({ offset: true }).transform((text, check) => {
  const time = Date.parse(text);
  if (time >= Date.parse('0001-01-01T00:00:00Z') && time <= Date.parse('9999-12-31T23:59:59.999Z')) return new Date(time).toISOString();
  check.addIssue('must lie in the years 1 to 9999');
  return z.NEVER;
});
