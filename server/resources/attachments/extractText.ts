import { documentFormatOf } from './documents/documentTypes.ts';
import { type DocumentReader, readDocument } from './documents/readDocument.ts';

const maxCharacters = 12_000;

const utf8 = new TextDecoder('utf-8');

/** Removes bytes that are not UTF-8, and U+0000, which PostgreSQL cannot store. */
export const textOf = (bytes: Uint8Array): string => firstCharacters(utf8.decode(bytes).replace(/[\uFFFD\0]/g, ''), maxCharacters);

const firstCharacters = (text: string, most: number) => [...text.slice(0, 2 * most)].slice(0, most).join('');

const cutNote = '\n[The document continues.]';
const emptyNote = '[The document contains no text. It may consist of pictures.]';

/**
 * The first 12,000 characters of a text file or a document. A note tells the model if a document continues or has no text. Throws a `DocumentError` for a
 * document that cannot be read, and 503 if too many are being read.
 */
export async function extractText(bytes: Uint8Array, mimeType: string, reader: DocumentReader): Promise<string> {
  const format = documentFormatOf(mimeType);
  if (!format) return textOf(bytes);
  const text = (await readDocument({ format, bytes, maxCharacters: 2 * maxCharacters }, reader)).replaceAll('\0', '').toWellFormed().trim();
  if (text === '') return emptyNote;
  const first = firstCharacters(text, maxCharacters);
  return first.length < text.length ? firstCharacters(text, maxCharacters - cutNote.length) + cutNote : text;
}
