/** How much of a text file goes along with its name. */
const most = 12_000;

const utf8 = new TextDecoder('utf-8');

/** The first 12 000 characters of a text file. Bytes that are not UTF-8 and U+0000, which no text may hold, are left out. */
export function extractText(bytes: Uint8Array): string {
  const text = utf8.decode(bytes).replace(/[\uFFFD\0]/g, '');
  return [...text.slice(0, 2 * most)].slice(0, most).join('');
}
