/** Removes U+0000 and lone surrogates, which PostgreSQL does not store. */
export const withoutUnstorable = (text: string): string => text.replaceAll('\0', '').toWellFormed();

/** Limits a text to `most` code points. */
export function truncate(text: string, most: number): { text: string; truncated: boolean } {
  // A code point takes one or two UTF-16 code units.
  if (text.length <= most) return { text, truncated: false };
  const points = Array.from(text.slice(0, most * 2 + 1));
  return points.length > most ? { text: points.slice(0, most).join(''), truncated: true } : { text, truncated: false };
}

/** Collapses a text to one line of at most `most` code points. */
export const singleLine = (text: unknown, most: number): string =>
  typeof text === 'string' ? truncate(withoutUnstorable(text).replace(/\s+/g, ' ').trim(), most).text : '';
