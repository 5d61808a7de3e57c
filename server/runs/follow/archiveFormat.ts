import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { StoredRunEvent } from '../../pubsub/localRuns.ts';
import type { ArchivePart } from '../../resources/runs/entity.ts';

/** An event as it is stored, in the table or in a part. */
export type StoredEvent = StoredRunEvent;

/** An event whose data is still the text of the column. */
export type RawEvent = Omit<StoredEvent, 'run_id' | 'data'> & { data: string };

/**
 * A part ends with the event that reaches this size, uncompressed. A reader holds one part in memory. Changing the size changes the parts that a
 * second writer of the same run would write.
 */
export const maxPartBytes = 1024 * 1024;

/** Parts are numbered from 1. All writers of a run write the same parts, so each key has one content. */
export const partKey = ({ accountId, runId }: { accountId: string; runId: string }, number: number): string =>
  `run-events/${accountId}/${runId}.${number}.ndjson.gz`;

/** The text of the data is kept: a second encoding could change numbers and the order of keys. Line breaks in it are only white space of JSON. */
export const lineOf = ({ seq, event_id, type, created_at, data }: RawEvent): string =>
  `{"seq":${seq},"event_id":"${event_id}","type":${JSON.stringify(type)},"created_at":"${created_at}","data":${data.replace(/[\r\n]/g, ' ')}}\n`;

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** Compresses lines of events. Level 6 because 9 takes twice the time for one percent. */
export async function encodePart(lines: Buffer, lastSeq: number): Promise<{ part: ArchivePart; bytes: Buffer }> {
  return { part: { last_seq: lastSeq, size: lines.length, sha256: hashOf(lines) }, bytes: await compress(lines, { level: 6 }) };
}

/** The content of a part is missing or differs from what was archived. */
export class DamagedArchive extends Error {
  override name = 'DamagedArchive';
  constructor(key: string, problem: string, cause?: unknown) {
    super(`The archived events ${key} cannot be read: ${problem}.`, { cause });
  }
}

/** Throws `DamagedArchive` unless the content is that of the part. */
export async function decodePart(key: string, bytes: Buffer, { size, sha256 }: ArchivePart): Promise<Buffer> {
  const lines = await decompress(bytes, { maxOutputLength: Math.max(1, size) }).catch((error: unknown) => {
    throw new DamagedArchive(key, 'the content is not the compressed data that was written', error);
  });
  if (lines.length !== size || hashOf(lines) !== sha256) throw new DamagedArchive(key, 'the content is not what was written');
  return lines;
}

export const eventsOf = (lines: Buffer, runId: string): StoredEvent[] =>
  lines
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => ({ ...(JSON.parse(line) as Omit<StoredEvent, 'run_id'>), run_id: runId }));

const hashOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** Compressed data is larger than its content only by a few bytes for each 16 KiB. */
export const maxCompressedBytes = ({ size }: ArchivePart): number => size + Math.ceil(size / 1_000) + 1_024;
