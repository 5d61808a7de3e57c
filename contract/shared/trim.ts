/*
 * These functions take linear time. A regular expression that ends in `+$` takes quadratic time, because it tries every character of a long run
 * as a start.
 */

/** Removes trailing characters that are in `characters`. */
export function trimEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** Removes leading characters that are in `characters`. */
export function trimStart(text: string, characters: string): string {
  let start = 0;
  while (start < text.length && characters.includes(text[start]!)) start++;
  return text.slice(start);
}
