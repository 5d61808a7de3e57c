import { parentPort, workerData } from 'node:worker_threads';
import { readZip, ZipError } from '../../../platform/zip.ts';
import type { DocumentAnswer, DocumentJob } from './readDocument.ts';

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

const readPdf: Read = async (bytes, into) => {
  const { getDocumentProxy } = await import('unpdf');
  const pdf = await getDocumentProxy(bytes);
  for (let number = 1; number <= Math.min(pdf.numPages, maxPages) && !into.isFull; number++) {
    const { items } = await (await pdf.getPage(number)).getTextContent();
    const text = items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join('');
    if (text.trim()) into.add(text);
  }
};

const readWord: Read = async (bytes, into) => {
  const { default: mammoth } = await import('mammoth');
  into.add((await mammoth.extractRawText({ buffer: Buffer.from(bytes) })).value);
};

/** A table of tab-separated values for each sheet. */
const readSpreadsheet: Read = async (bytes, into) => {
  const { default: readSheets } = await import('read-excel-file/node');
  for (const { sheet, data } of await readSheets(Buffer.from(bytes))) {
    if (into.isFull) return;
    const cell = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value ?? '')).replace(/[\t\r\n]+/g, ' ');
    into.add([`# ${sheet}`, ...data.map((row) => row.map(cell).join('\t').trimEnd())].join('\n'));
  }
};

/** The paragraphs of each slide, in the order of the files. */
const readSlides: Read = async (bytes, into) => {
  const { DOMParser } = await import('linkedom');
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

const readers: Record<DocumentJob['format'], Read> = { pdf: readPdf, docx: readWord, xlsx: readSpreadsheet, pptx: readSlides };

async function read({ format, bytes, maxCharacters }: DocumentJob): Promise<DocumentAnswer> {
  const into = new Collected(maxCharacters);
  try {
    if (format !== 'pdf') for await (const _ of readZip(Buffer.from(bytes), zipLimits));
    await readers[format](bytes, into);
  } catch (error) {
    if (error instanceof ZipError) return { problem: error.message };
    return { problem: (error as Error).name === 'PasswordException' ? 'is protected by a password' : 'is damaged' };
  }
  return { text: into.toString().slice(0, maxCharacters + 1) };
}

parentPort?.postMessage(await read(workerData as DocumentJob));
