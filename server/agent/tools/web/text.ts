/** Text of strangers made fit to store: without U+0000 and half characters. */
export const clean = (text: string): string => text.replaceAll('\0', '').toWellFormed();

/** The first `most` code points of a text, and whether that is less than all. */
export function cutAt(text: string, most: number): { text: string; truncated: boolean } {
  // Each code point takes one unit or two.
  if (text.length <= most) return { text, truncated: false };
  const points = Array.from(text.slice(0, most * 2 + 1));
  return points.length > most ? { text: points.slice(0, most).join(''), truncated: true } : { text, truncated: false };
}

/** One line of at most `most` code points. */
export const line = (text: unknown, most: number): string =>
  typeof text === 'string' ? cutAt(clean(text).replace(/\s+/g, ' ').trim(), most).text : '';
