/** Controls of terminals (C0, DEL and C1) except line feed and tab, and characters that reorder the text around them. */
const controls = /(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu;

/** A text of a model or a server for a terminal: it must not move the cursor, set the clipboard or the title, or look like another text. */
export const printable = (text: string): string => text.replace(controls, '');

/** The same for JSON, which keeps its meaning. */
export const printableJson = (json: string): string =>
  json.replace(controls, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
