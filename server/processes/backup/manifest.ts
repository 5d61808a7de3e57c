import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { OperatorError } from '../../platform/operatorError.ts';

/** The format of a backup folder. A change that an older release cannot read raises it. */
const format = 1;

/** The files of a backup beside the tables and objects. */
export const backupFiles = { manifest: 'manifest.json', objects: 'objects.ndjson', keys: 'keys.json' } as const;
/** The folders of a backup. */
export const backupFolders = { database: 'database', objects: 'objects' } as const;

const name = z.string().regex(/^[a-z_][a-z0-9_]*$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const Table = z.strictObject({
  schema: z.enum(['public', 'graphile_worker']),
  name,
  columns: z.array(name).min(1),
  rows: z.int().min(0),
  /** Of the compressed file. */
  sha256,
});

/** The bounds are those of `pg_get_expr`, for example `FOR VALUES FROM ('…') TO ('…')`. */
const Partition = z.strictObject({
  name,
  of: name,
  bounds: z.string().regex(/^FOR VALUES FROM \((MINVALUE|'[0-9a-f-]{36}')\) TO \((MAXVALUE|'[0-9a-f-]{36}')\)$/),
});

const Sequence = z.strictObject({ schema: z.enum(['public', 'graphile_worker']), name, lastValue: z.string().regex(/^\d+$/) });

const Content = z.strictObject({
  /** When the snapshot of the database was taken. */
  createdAt: z.iso.datetime(),
  /** The release and the versions of what the data belongs to. */
  version: z.string(),
  postgres: z.string(),
  migrations: z.array(z.string().regex(/^Migration\d{5}$/)).min(1),
  /** The ids of the keys of stored secrets, without which they cannot be read, newest first. */
  encryptionKeyIds: z.array(z.string().regex(/^[0-9a-f]{16}$/)).min(1),
  tables: z.array(Table),
  partitions: z.array(Partition),
  sequences: z.array(Sequence),
  objects: z.strictObject({ count: z.int().min(0), bytes: z.int().min(0), sha256 }),
  /** Objects that rows name and that the store did not have. */
  missingObjects: z.array(z.string()),
});

export type BackupContent = z.infer<typeof Content>;
export type BackupTable = z.infer<typeof Table>;

/** A line of the list of objects. */
export const ObjectLine = z.strictObject({ key: z.string(), size: z.int().min(0), sha256 });
export type ObjectLine = z.infer<typeof ObjectLine>;

/** The file of a table, relative to the backup. */
export const tableFile = (table: Pick<BackupTable, 'schema' | 'name'>): string =>
  join(backupFolders.database, `${table.schema}.${table.name}.copy.gz`);

export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

const hashText = (text: string) => createHash('sha256').update(text).digest('hex');

/** The manifest is written last and contains its own checksum. */
export async function writeManifest(folder: string, content: BackupContent): Promise<void> {
  const text = JSON.stringify(Content.parse(content));
  await writeFile(join(folder, backupFiles.manifest), `{\n"format": ${format},\n"sha256": "${hashText(text)}",\n"content": ${text}\n}\n`, {
    mode: 0o600,
    flush: true,
  });
}

const Envelope = z.object({ format: z.int(), sha256: z.string().optional(), content: z.unknown() });

/** Throws an `OperatorError` of one line if the folder is not a backup that this release can read. */
export async function readManifest(folder: string): Promise<BackupContent> {
  const path = join(folder, backupFiles.manifest);
  const text = await readFile(path, 'utf8').catch(() => {
    throw new OperatorError(`restore: ${folder} is not a complete backup: it has no ${backupFiles.manifest}`);
  });
  const damaged = new OperatorError(`restore: ${path} is damaged`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged;
  }
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) throw damaged;
  if (envelope.data.format !== format)
    throw new OperatorError(`restore: ${folder} has format ${envelope.data.format}, and this release reads format ${format}`);
  if (hashText(JSON.stringify(envelope.data.content)) !== envelope.data.sha256) throw damaged;
  const content = Content.safeParse(envelope.data.content);
  if (!content.success) throw damaged;
  return content.data;
}
