import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { z } from 'zod';
import { migrate } from '../../database/migrate.ts';
import type { KeyTexts } from '../../platform/crypto/keys.ts';
import { errorCodeOf, OperatorError } from '../../platform/operatorError.ts';
import { fileStorage } from '../../storage/filesystem.ts';
import { readWhole, type Storage } from '../../storage/storage.ts';
import { columnsOf, copySettings, nameOf, selectForeignKeys, selectMigrations, selectPartitions, selectTables } from './catalog.ts';
import { type BackupContent, backupFiles, backupFolders, hashFile, ObjectLine, tableFile } from './manifest.ts';

export type RestoreOptions = {
  /** Of PostgreSQL itself, not of a pooler. */
  databaseUrl: string;
  storage: Storage | undefined;
  folder: string;
  content: BackupContent;
  /** Writes what the rows cannot be read without. If it fails, no rows are restored. */
  beforeCommit?: (() => Promise<void>) | undefined;
};

/** Compares every file of a backup with its checksum. Throws an `OperatorError` that names the first one that differs. */
export async function verifyBackup(folder: string, { tables, objects }: BackupContent): Promise<void> {
  const damaged = (file: string) => new OperatorError(`restore: ${join(folder, file)} is missing or damaged`);
  const expectHash = async (file: string, expected: string) => {
    if ((await hashFile(join(folder, file)).catch(() => undefined)) !== expected) throw damaged(file);
  };
  for (const table of tables) await expectHash(tableFile(table), table.sha256);
  await expectHash(backupFiles.objects, objects.sha256);
  for await (const { key, sha256 } of objectsOf(folder)) await expectHash(join(backupFolders.objects, key), sha256);
}

async function* objectsOf(folder: string): AsyncIterable<ObjectLine> {
  const file = await open(join(folder, backupFiles.objects));
  for await (const line of file.readLines()) yield ObjectLine.parse(JSON.parse(line));
}

/**
 * Restores a verified backup into an empty installation, and brings the schema to this release. All rows are written in one transaction, so that an
 * interrupted restore leaves an installation that is still empty.
 */
export async function restoreBackup({ databaseUrl, storage, folder, content, beforeCommit }: RestoreOptions): Promise<void> {
  await expectNewerRelease(content);
  if (!storage && content.objects.count > 0) throw new OperatorError('restore: the backup has objects, and no object store is configured');
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'arkloop restore', keepAlive: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await expectEmptyDatabase(client, content);
    if (storage) await expectEmptyStorage(storage, folder);
    await migrate(databaseUrl, content.migrations);
    if (storage) await restoreObjects(storage, folder);
    await restoreDatabase(client, folder, content, beforeCommit);
  } finally {
    await client.end().catch(() => undefined);
  }
  await migrate(databaseUrl);
}

async function expectNewerRelease({ migrations: wanted, version }: BackupContent) {
  const { migrations } = await import('../../database/migrations/index.ts');
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = wanted.filter((each) => !known.has(each));
  if (unknown.length > 0)
    throw new OperatorError(
      `restore: the backup is of release ${version} with the schema ${unknown.at(-1)!.slice(-5)}, which this release does not know; use that release or a newer one`,
    );
}

/**
 * Nobody has used the installation: it has no tables, or no users beside that of the platform, as after a migration or an interrupted restore.
 */
async function expectEmptyDatabase(client: pg.Client, { migrations }: BackupContent) {
  const { rows } = await client.query<{ tables: number; migrated: boolean; sessions: number }>(
    `select (select count(*)::int from pg_class where relnamespace = (select oid from pg_namespace where nspname = current_schema()) and relkind in ('r', 'p')) as tables,
       to_regclass('mikro_orm_migrations') is not null and to_regclass('users') is not null as migrated,
       (select count(*)::int from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name like 'arkloop%')
         as sessions`,
  );
  const { tables, migrated, sessions } = rows[0]!;
  if (tables === 0) return;
  if (!migrated) throw new OperatorError('restore: the database has tables of something else; expected an empty database');
  const { rowCount: users } = await client.query(`select from users where username <> 'system_agent' limit 1`);
  if (users) throw new OperatorError('restore: the database has users already; a backup is restored only into an empty installation');
  if (sessions > 0) throw new OperatorError('restore: processes of this installation are running; stop them first');
  const newer = (await selectMigrations(client)).filter((name) => !migrations.includes(name));
  if (newer.length > 0)
    throw new OperatorError('restore: the schema of the database is newer than that of the backup; expected a database without tables');
}

/** Objects of an interrupted restore of the same backup may be there. */
async function expectEmptyStorage(storage: Storage, folder: string) {
  for await (const key of storage.list('')) {
    const isOfBackup = await access(join(folder, backupFolders.objects, key)).then(
      () => true,
      () => false,
    );
    if (!isOfBackup) throw new OperatorError(`restore: the object store is not empty: it has ${key}`);
  }
}

async function restoreObjects(storage: Storage, folder: string) {
  const copies = fileStorage(join(folder, backupFolders.objects));
  for await (const { key, size, sha256 } of objectsOf(folder)) {
    const object = await copies.get(key);
    const bytes = object && (await readWhole(object, size));
    if (!bytes || createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw new OperatorError(`restore: ${join(folder, backupFolders.objects, key)} changed during the restore`);
    await storage.put(key, bytes, 'application/octet-stream');
  }
}

async function restoreDatabase(client: pg.Client, folder: string, content: BackupContent, beforeCommit?: () => Promise<void>) {
  await client.query(`begin; ${copySettings}`);
  const existing = await selectTables(client);
  expectColumns(existing, content);
  // The schema has partitions of the month of its migration, whose bounds differ if the backup is of another month. They are empty.
  const wanted = new Map(content.partitions.map(({ name, bounds }) => [name, bounds]));
  const replaced = new Set(content.partitions.map(({ of }) => of));
  for (const { name, of, bounds } of await selectPartitions(client))
    if (replaced.has(of) && wanted.get(name) !== bounds) await client.query(`drop table "${name}"`);
  for (const { name, of, bounds } of content.partitions)
    await client.query(`create table if not exists "${name}" partition of "${of}" ${bounds}`);
  // Rows are read in the order of their tables, and triggers have counted them already. The keys are checked when they are added again.
  const foreignKeys = await selectForeignKeys(client);
  for (const { table, name } of foreignKeys) await client.query(`alter table ${table} drop constraint ${name}`);
  const names = existing.map(nameOf);
  for (const name of names) await client.query(`alter table ${name} disable trigger user`);
  await client.query(`truncate ${names.join(', ')}`);
  for (const table of content.tables) await copyTable(client, folder, table);
  for (const name of names) await client.query(`alter table ${name} enable trigger user`);
  for (const { table, name, definition } of foreignKeys)
    await addForeignKey(client, `alter table ${table} add constraint ${name} ${definition}`);
  for (const sequence of content.sequences) await client.query('select setval($1::regclass, $2)', [nameOf(sequence), sequence.lastValue]);
  await beforeCommit?.();
  await client.query('commit');
  await client.query('set statement_timeout = 0; analyze');
}

/** The tables of the job queue belong to its library, which may have changed them. */
function expectColumns(existing: readonly { schema: string; name: string; columns: string[] }[], { tables, version }: BackupContent) {
  for (const { schema, name, columns } of tables) {
    const there = existing.find((each) => each.schema === schema && each.name === name)?.columns;
    const missing = columns.find((column) => !there?.includes(column));
    if (missing !== undefined)
      throw new OperatorError(
        `restore: this release has no place for ${schema}.${name}.${missing}; restore with release ${version}, then upgrade`,
      );
  }
}

async function copyTable(client: pg.Client, folder: string, table: BackupContent['tables'][number]) {
  const sink = client.query(copyFrom(`copy ${nameOf(table)} (${columnsOf(table)}) from stdin`));
  try {
    await pipeline(createReadStream(join(folder, tableFile(table))), createGunzip(), sink);
  } catch (error) {
    const code = errorCodeOf(error);
    throw code === undefined ? error : new OperatorError(`restore: ${tableFile(table)} does not fit its table (${code})`);
  }
  if (sink.rowCount !== table.rows)
    throw new OperatorError(`restore: ${tableFile(table)} has ${sink.rowCount} rows; the manifest names ${table.rows}`);
}

async function addForeignKey(client: pg.Client, statement: string) {
  try {
    await client.query(statement);
  } catch (error) {
    if (errorCodeOf(error) !== '23503') throw error;
    throw new OperatorError(`restore: the rows of the backup contradict each other: ${(error as Error).message}`);
  }
}

const KeyList = z.array(z.string().min(1)).min(1);
const BackupKeys = z.strictObject({ encryptionKeys: KeyList, jwtSecrets: KeyList, namesKeys: z.boolean() });

/** The keys in a backup; undefined if it was made without them. */
export async function readBackupKeys(folder: string): Promise<KeyTexts | undefined> {
  const path = join(folder, backupFiles.keys);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return BackupKeys.parse(JSON.parse(text));
  } catch {
    throw new OperatorError(`restore: ${path} is damaged`);
  }
}
