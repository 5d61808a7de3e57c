/*
 * Trimming takes linear time here. A regular expression that ends in `+$` takes quadratic time: it tries every character of a long run as a
 * start.
 */

/** `text` without those of `characters` that stand at its end. */
export function trimEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** `text` without those of `characters` that stand at its start. */
export function trimStart(text: string, characters: string): string {
  let start = 0;
  while (start < text.length && characters.includes(text[start]!)) start++;
  return text.slice(start);
}
