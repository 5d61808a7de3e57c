import { createHash } from 'node:crypto';
import { access, appendFile, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { KeyTexts } from '../../platform/crypto/keys.ts';
import { errorCodeOf, OperatorError } from '../../platform/operatorError.ts';
import { fileStorage } from '../../storage/filesystem.ts';
import { readWhole, type Storage } from '../../storage/storage.ts';
import {
  columnsOf,
  copySettings,
  nameOf,
  selectDetached,
  selectMigrations,
  selectPartitions,
  selectSequences,
  selectTables,
} from './catalog.ts';
import {
  type BackupContent,
  backupFiles,
  backupFolders,
  type BackupTable,
  hashFile,
  type ObjectLine,
  tableFile,
  writeManifest,
} from './manifest.ts';

export type BackupOptions = {
  /** Of PostgreSQL itself or of a pooler: the backup is one transaction. */
  databaseUrl: string;
  storage: Storage | undefined;
  /** Must not exist. */
  folder: string;
  /** Newest first. */
  encryptionKeyIds: string[];
  /** Written to the backup if given. */
  keys?: KeyTexts | undefined;
  /** The release. */
  version: string;
  /** The schema that this release expects. */
  schemaVersion: string;
};

export type BackupSummary = { tables: number; rows: number; objects: number; bytes: number; missingObjects: string[] };

/** An object is in memory while it is copied. The limits of uploads are far below. */
const maxObjectBytes = 2 ** 30;

/**
 * Writes a consistent copy of an installation that may be serving: the database in one snapshot, the objects that its rows name, and a manifest with
 * checksums. The folder appears under its name when it is complete.
 */
export async function createBackup(options: BackupOptions): Promise<BackupSummary> {
  const folder = resolve(options.folder);
  await expectAbsent(folder);
  const draft = `${folder}.partial-${process.pid}`;
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(draft, { mode: 0o700 });
    for (const each of Object.values(backupFolders)) await mkdir(join(draft, each), { mode: 0o700 });
    const summary = await writeBackup(options, draft);
    await expectAbsent(folder);
    await rename(draft, folder);
    await flushFolder(dirname(folder));
    return summary;
  } catch (error) {
    await rm(draft, { recursive: true, force: true, maxRetries: 3 });
    throw whyNot(error, folder);
  }
}

async function expectAbsent(folder: string) {
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (isThere) throw new OperatorError(`backup: ${folder} exists already; expected the name of a new folder`);
}

const fileProblems: Record<string, string> = {
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'a part of the path is not a folder',
};

function whyNot(error: unknown, folder: string): unknown {
  const problem = fileProblems[errorCodeOf(error) ?? ''];
  return problem === undefined ? error : new OperatorError(`backup: cannot write ${folder}: ${problem}`);
}

async function flushFolder(path: string) {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeBackup({ databaseUrl, storage, encryptionKeyIds, keys, version, schemaVersion }: BackupOptions, draft: string) {
  const objects = await openObjectCopy(storage, draft);
  // Objects that exist now are copied before the snapshot, so that the copies after it take little time: meanwhile objects can be deleted.
  await objects.copyNew();
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'arkloop backup', keepAlive: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { createdAt, postgres } = await openSnapshot(client, schemaVersion);
    await expectKeyInUse(client, encryptionKeyIds);
    await objects.copyNew();
    const missingObjects = await objects.copyNamed(client);
    const tables = await copyTables(client, draft);
    const content: BackupContent = {
      createdAt,
      version,
      postgres,
      migrations: await selectMigrations(client),
      encryptionKeyIds,
      tables,
      partitions: [...(await selectPartitions(client)), ...(await selectDetached(client))],
      sequences: await selectSequences(client),
      objects: await objects.close(),
      missingObjects,
    };
    if (keys) await writeFile(join(draft, backupFiles.keys), `${JSON.stringify(keys, undefined, 2)}\n`, { mode: 0o600, flush: true });
    await writeManifest(draft, content);
    for (const each of [...Object.values(backupFolders), '.']) await flushFolder(join(draft, each));
    const rows = tables.reduce((sum, each) => sum + each.rows, 0);
    return { tables: tables.length, rows, objects: content.objects.count, bytes: content.objects.bytes, missingObjects };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Locks the tables against changes of their definition: a partition dropped later would be missing, although its rows belong to the snapshot. */
async function openSnapshot(client: pg.Client, schemaVersion: string) {
  const detached = await selectDetached(client);
  const names = [...(await selectTables(client)).map(nameOf), ...detached.map(({ name }) => `"${name}"`)];
  if (!names.includes('"users"')) throw new OperatorError('backup: the database has no data of an installation');
  // The lock comes before the snapshot, which then shows each partition as it is.
  await client.query(`begin isolation level repeatable read read only; ${copySettings}`);
  await client.query(`lock table ${names.join(', ')} in access share mode`);
  const applied = (await selectMigrations(client)).at(-1)?.slice(-5);
  if (applied !== schemaVersion)
    throw new OperatorError(
      `backup: the schema has version ${applied}, and this release expects ${schemaVersion}; use the release that serves`,
    );
  const { rows } = await client.query<{ createdAt: Date; postgres: string }>(
    `select now() as "createdAt", current_setting('server_version') as postgres`,
  );
  return { createdAt: rows[0]!.createdAt.toISOString(), postgres: rows[0]!.postgres };
}

/** Another key would make a backup that cannot be read with the keys that its manifest names. */
async function expectKeyInUse(client: pg.Client, encryptionKeyIds: string[]) {
  const { rows } = await client.query<{ id: string }>('select id from encryption_keys order by used_at desc limit 1');
  const inUse = rows[0]?.id;
  if (inUse !== undefined && !encryptionKeyIds.includes(inUse))
    throw new OperatorError(
      `backup: the installation uses the encryption key ${inUse}, and this command was given ${encryptionKeyIds.join(', ')}`,
    );
}

async function copyTables(client: pg.Client, draft: string): Promise<BackupTable[]> {
  const tables: BackupTable[] = [];
  const detached = await selectDetached(client);
  for (const table of await selectTables(client)) {
    const path = join(draft, tableFile(table));
    // The name of a partitioned table copies nothing by itself, so a query does.
    const parts = [nameOf(table), ...detached.flatMap(({ name, of }) => (of === table.name ? [`"${name}"`] : []))];
    const rows = parts.map((part) => `select ${columnsOf(table)} from ${part}`).join(' union all ');
    const source = client.query(copyTo(`copy (${rows}) to stdout`));
    const file = await open(path, 'wx', 0o600);
    const hash = createHash('sha256');
    const hashing = new Transform({
      transform(chunk, _encoding, done) {
        hash.update(chunk);
        done(undefined, chunk);
      },
    });
    await pipeline(source, createGzip({ level: 3 }), hashing, file.createWriteStream({ flush: true }));
    tables.push({ ...table, rows: source.rowCount, sha256: hash.digest('hex') });
  }
  return tables;
}

/** The objects that rows of the snapshot name, in order. Only these are missed by a reader. */
const namedObjects = `
  select key from (
    select format('attachments/%s/%s', account_id, id) as key from attachments where state <> 'arriving'
    union all
    select format('run-events/%s/%s.%s.ndjson.gz', account_id, run_id, n) from run_event_archives, generate_series(1, jsonb_array_length(to_jsonb(parts))) n
    where state = 'kept'
    union all
    select format('workspaces/%s/manifests/%s.json', workspace_ref, manifest_rev) from workspaces where manifest_rev is not null
  ) named order by key`;

/** Copies objects into the backup, each once: objects do not change. */
async function openObjectCopy(storage: Storage | undefined, draft: string) {
  const root = join(draft, backupFolders.objects);
  const copies = fileStorage(root);
  const list = join(draft, backupFiles.objects);
  await writeFile(list, '', { mode: 0o600 });
  const total = { count: 0, bytes: 0 };

  const isCopied = (key: string) =>
    access(join(root, key)).then(
      () => true,
      () => false,
    );

  /** False if the store does not have it. */
  async function copy(key: string): Promise<boolean> {
    const object = await storage?.get(key);
    if (!object) return false;
    const bytes = await readWhole(object, maxObjectBytes);
    await copies.put(key, bytes, '');
    const line: ObjectLine = { key, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    await appendFile(list, `${JSON.stringify(line)}\n`);
    total.count += 1;
    total.bytes += bytes.length;
    return true;
  }

  return {
    async copyNew() {
      if (storage) for await (const key of storage.list('')) if (!(await isCopied(key))) await copy(key);
    },
    /** Copies what the snapshot names and the lists did not have. Returns what the store does not have. */
    async copyNamed(client: pg.Client) {
      const missing: string[] = [];
      await client.query(`declare named cursor for ${namedObjects}`);
      for (;;) {
        const { rows } = await client.query<{ key: string }>('fetch 1000 from named');
        if (rows.length === 0) break;
        for (const { key } of rows) if (!(await isCopied(key)) && !(await copy(key))) missing.push(key);
      }
      await client.query('close named');
      return missing;
    },
    async close() {
      const file = await open(list, 'r');
      await file.sync();
      await file.close();
      return { ...total, sha256: await hashFile(list) };
    },
  };
}
