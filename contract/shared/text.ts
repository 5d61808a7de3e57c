/** Controls of terminals (C0, DEL and C1), and characters that reorder the text around them. */
const controls = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;
const isSpacing = (char: string) => char === '\n' || char === '\t';

export const hasControls = (text: string): boolean => text.search(controls) !== -1;

/** A text of a user, a model or a server, to be shown: it must not move the cursor, set the clipboard or the title, or look like another text. */
export const printable = (text: string): string => text.replace(controls, (char) => (isSpacing(char) ? char : ''));

/** The path of a file as one in an archive. File systems read `:` as drives or streams. */
export const portablePath = (path: string): string => path.replace(/[\\:*?"<>|]/g, '_').replace(controls, '_');

const escaped = (char: string) => String.raw`\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** JSON that a terminal shows, with the same meaning. */
export const printableJson = (json: string): string => json.replace(controls, (char) => (isSpacing(char) ? char : escaped(char)));

/** Escapes what JSON may contain, but clients that split at the line breaks of Unicode would read as the end of a line. */
export const escapeBreaks = (json: string): string => json.replace(/[\u0085\u2028\u2029]/g, escaped);

/** A value as JSON for a line of a stream or a file. */
export const jsonLine = (value: unknown): string => escapeBreaks(JSON.stringify(value));

/** Without zero-width characters, bidirectional controls, variation selectors, fillers and tags. */
export const withoutInvisible = (text: string): string => text.replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu, '');

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
