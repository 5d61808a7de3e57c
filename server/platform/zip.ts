import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';

/** A zip archive that is damaged, or contains what is not allowed. The message can be shown to the sender. */
export class ZipError extends Error {
  override name = 'ZipError';
}

/** `entries` counts folders too. `bytes` is the sum of all inflated files. */
type ZipLimits = { entries: number; bytes: number };

type ZippedFile = { path: string; bytes: Buffer };

/**
 * Inflates the files of a zip archive one after the other. Bytes are counted while they are inflated, and an entry that is larger than it says
 * fails, so an archive cannot expand beyond the limits. Throws a `ZipError` for a damaged or encrypted archive, a path that leaves it, a link, or
 * an exceeded limit.
 */
export async function* readZip(archive: Buffer, limits: ZipLimits): AsyncGenerator<ZippedFile, void> {
  let left = limits.bytes;
  try {
    const zip = await fromBufferPromise(archive, { lazyEntries: true, strictFileNames: true });
    if (zip.entryCount > limits.entries) throw new ZipError(`contains more than ${limits.entries} entries`);
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      checkEntry(entry);
      const bytes = await inflate(zip, entry, left);
      left -= bytes.length;
      yield { path: entry.fileName, bytes };
    }
  } catch (error) {
    throw error instanceof ZipError ? error : new ZipError(`is not a readable zip archive: ${messageOf(error)}`, { cause: error });
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 200).toWellFormed();

/** The file type in the Unix mode of an entry; 0 in archives from other systems. */
const typeOf = (entry: Entry) => (entry.externalFileAttributes >>> 16) & 0o170_000;
const regularFile = 0o100_000;

function checkEntry(entry: Entry) {
  if (entry.isEncrypted()) throw new ZipError('is encrypted');
  if (typeOf(entry) !== 0 && typeOf(entry) !== regularFile) throw new ZipError(`contains ${entry.fileName}, which is a link or a device`);
}

async function inflate(zip: ZipFile, entry: Entry, most: number): Promise<Buffer> {
  const tooLarge = () => new ZipError('is too large when unpacked');
  if (entry.uncompressedSize > most) throw tooLarge();
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of await zip.openReadStreamPromise(entry)) {
    bytes += (part as Buffer).length;
    if (bytes > most) throw tooLarge();
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts, bytes);
}
