const maxCharacters = 12_000;

const utf8 = new TextDecoder('utf-8');

/** The first 12,000 characters of a text file. Removes bytes that are not UTF-8, and U+0000, which PostgreSQL cannot store. */
export function extractText(bytes: Uint8Array): string {
  const text = utf8.decode(bytes).replace(/[\uFFFD\0]/g, '');
  return [...text.slice(0, 2 * maxCharacters)].slice(0, maxCharacters).join('');
}
