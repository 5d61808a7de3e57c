import { Console } from 'node:console';
import { buffer } from 'node:stream/consumers';
import { readZip, ZipError } from '../../../platform/zip.ts';
import type { DocumentFormat } from './documentTypes.ts';
import type { DocumentAnswer } from './readDocument.ts';

/** Parts of an Office document when unpacked. Checked before a library unpacks it again without a limit. */
const zipLimits = { entries: 5_000, bytes: 64 * 2 ** 20 };
const maxPages = 500;

/** Collects text up to a limit. */
class Collected {
  readonly #most: number;
  #parts: string[] = [];
  #length = 0;
  constructor(most: number) {
    this.#most = most;
  }
  add(text: string) {
    this.#parts.push(text);
    this.#length += text.length;
  }
  get isFull() {
    return this.#length > this.#most;
  }
  toString() {
    return this.#parts.join('\n\n');
  }
}

type Read = (bytes: Uint8Array, into: Collected) => Promise<void>;

// Each library is imported by the process of its format alone.

const pdfReader = async (): Promise<Read> => {
  const { getDocumentProxy } = await import('unpdf');
  return async (bytes, into) => {
    const pdf = await getDocumentProxy(new Uint8Array(bytes));
    for (let number = 1; number <= Math.min(pdf.numPages, maxPages) && !into.isFull; number++) {
      const { items } = await (await pdf.getPage(number)).getTextContent();
      const text = items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join('');
      if (text.trim()) into.add(text);
    }
  };
};

const wordReader = async (): Promise<Read> => {
  const { default: mammoth } = await import('mammoth');
  return async (bytes, into) => into.add((await mammoth.extractRawText({ buffer: Buffer.from(bytes) })).value);
};

/** A table of tab-separated values for each sheet. */
const spreadsheetReader = async (): Promise<Read> => {
  const { default: readSheets } = await import('read-excel-file/node');
  return async (bytes, into) => {
    for (const { sheet, data } of await readSheets(Buffer.from(bytes))) {
      if (into.isFull) return;
      const cell = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value ?? '')).replace(/[\t\r\n]+/g, ' ');
      into.add([`# ${sheet}`, ...data.map((row) => row.map(cell).join('\t').trimEnd())].join('\n'));
    }
  };
};

/** The paragraphs of each slide, in the order of the files. */
const slideReader = async (): Promise<Read> => {
  const { DOMParser } = await import('linkedom');
  return async (bytes, into) => {
    const slides: { number: number; xml: Buffer }[] = [];
    for await (const { path, bytes: xml } of readZip(Buffer.from(bytes), zipLimits)) {
      const [, number] = /^ppt\/slides\/slide(\d{1,6})\.xml$/.exec(path) ?? [];
      if (number) slides.push({ number: Number(number), xml });
    }
    if (slides.length === 0) throw new Error('no slides');
    for (const { number, xml } of slides.sort((a, b) => a.number - b.number).slice(0, maxPages)) {
      if (into.isFull) return;
      const document = new DOMParser().parseFromString(xml.toString(), 'text/xml');
      const lines = [...document.getElementsByTagName('a:p')].map((paragraph) =>
        [...paragraph.getElementsByTagName('a:t')].map(({ textContent }) => textContent).join(''),
      );
      into.add([`# Slide ${number}`, ...lines.filter((line) => line.trim())].join('\n'));
    }
  };
};

const readers: Record<DocumentFormat, () => Promise<Read>> = {
  pdf: pdfReader,
  docx: wordReader,
  xlsx: spreadsheetReader,
  pptx: slideReader,
};

async function read(format: DocumentFormat, bytes: Buffer, maxCharacters: number): Promise<DocumentAnswer> {
  const into = new Collected(maxCharacters);
  const reader = await readers[format]();
  try {
    if (format !== 'pdf') for await (const _ of readZip(bytes, zipLimits));
    await reader(bytes, into);
  } catch (error) {
    const cause = String(error).slice(0, 1_000).toWellFormed();
    if (error instanceof ZipError) return { problem: error.message, cause };
    return { problem: (error as Error).name === 'PasswordException' ? 'is protected by a password' : 'is damaged', cause };
  }
  return { text: into.toString().slice(0, maxCharacters + 1) };
}

// Libraries print warnings. The standard output is for the answer alone.
globalThis.console = new Console(process.stderr);
const [format, maxCharacters] = process.argv.slice(2);
const answer = await read(format as DocumentFormat, await buffer(process.stdin), Number(maxCharacters));
process.stdout.write(JSON.stringify(answer), () => process.exit());
