import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expectedSchemaVersion } from '../../database/expectedSchema.ts';
import { type Config, OperatorError } from '../../platform/config/config.ts';
import { openDataDir } from '../../platform/config/dataDir.ts';
import { encryptionKeyIdsOf, existingKeys, storeKeys } from '../../platform/crypto/keys.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { openStorage } from '../../storage/open.ts';
import type { Storage } from '../../storage/storage.ts';
import { openDatabaseServer } from '../databases.ts';
import { type BackupContent, readManifest } from './manifest.ts';

/** `npm start -- backup FOLDER [--with-keys]` and `npm start -- restore FOLDER`. */
export type BackupCommand = { name: 'backup' | 'restore'; folder: string; withKeys: boolean };

/** Undefined if the arguments name no such command. */
export function backupCommandOf([name, ...rest]: string[]): BackupCommand | undefined {
  if (name !== 'backup' && name !== 'restore') return undefined;
  const folders = rest.filter((each) => !each.startsWith('--'));
  const unknown = rest.find((each) => each.startsWith('--') && !(name === 'backup' && each === '--with-keys'));
  if (folders.length !== 1 || unknown !== undefined)
    throw new OperatorError(`expected ${name} FOLDER${name === 'backup' ? ' [--with-keys]' : ''}`);
  return { name, folder: folders[0]!, withKeys: rest.includes('--with-keys') };
}

type Deps = { config: Config; log: Log; onStop(stop: () => Promise<unknown>): void };

/** Returns the line for the operator. Throws an `OperatorError` if nothing was done. */
export async function runBackupCommand(command: BackupCommand, deps: Deps): Promise<string> {
  const storage = openStorage(deps.config, deps.log);
  if (storage) deps.onStop(storage.close);
  return command.name === 'backup' ? await backup(command, deps, storage) : await restore(command, deps, storage);
}

async function backup({ folder, withKeys }: BackupCommand, deps: Deps, storage: Storage | undefined): Promise<string> {
  const { config } = deps;
  const { createBackup } = await import('./backup.ts');
  const keys = await existingKeys(config, config.dataDir);
  for (const [variable, name, texts] of [
    ['ARKLOOP_ENCRYPTION_KEY', 'encryption-key', keys.encryptionKeys],
    ...(withKeys ? ([['ARKLOOP_AUTH_JWT_SECRET', 'jwt-secret', keys.jwtSecrets]] as const) : []),
  ] as const)
    if (texts.length === 0)
      throw new OperatorError(
        `${variable}S, ${variable}: neither is set, and neither ${join(config.dataDir, `${name}s`)} nor ${join(config.dataDir, name)} exists`,
      );
  const encryptionKeyIds = encryptionKeyIdsOf(keys.encryptionKeys);
  const summary = await createBackup({
    databaseUrl: await urlOfRunningDatabase(deps),
    storage,
    folder,
    encryptionKeyIds,
    keys: withKeys ? keys : undefined,
    version: await ownVersion(),
    schemaVersion: expectedSchemaVersion,
  });
  const { rows, tables, objects, missingObjects: missing } = summary;
  const lacking =
    missing.length > 0 ? `; the object store does not have ${missing.length} objects that rows name, such as ${missing[0]}` : '';
  return `backup of ${rows} rows in ${tables} tables and ${objects} objects in ${resolve(folder)}; it needs the encryption key ${encryptionKeyIds.join(', ')}${lacking}`;
}

async function restore({ folder }: BackupCommand, deps: Deps, storage: Storage | undefined): Promise<string> {
  const { config, log } = deps;
  const content = await readManifest(folder);
  const { restoreBackup, verifyBackup } = await import('./restore.ts');
  await verifyBackup(folder, content);
  const writeKeys = await placeKeys(folder, content, config);
  const dataDir = config.databaseUrl ? config.dataDir : await openDataDir(config.dataDir);
  const server = await openDatabaseServer(config, dataDir, log);
  deps.onStop(server.stop);
  await restoreBackup({ databaseUrl: server.directUrl, storage, folder, content, beforeCommit: writeKeys });
  const rows = content.tables.reduce((sum, each) => sum + each.rows, 0);
  return `restored ${rows} rows in ${content.tables.length} tables and ${content.objects.count} objects of ${content.createdAt}`;
}

/** A server that serves has the embedded database open, and then a backup uses it too. */
async function urlOfRunningDatabase({ config, log, onStop }: Deps): Promise<string> {
  const { databaseUrl, dataDir } = config;
  if (!databaseUrl) {
    const isThere = await access(join(dataDir, 'postgres')).then(
      () => true,
      () => false,
    );
    if (!isThere) throw new OperatorError(`ARKLOOP_DATA_DIR: ${dataDir} has no database to back up`);
  }
  const server = await openDatabaseServer(config, databaseUrl ? dataDir : await openDataDir(dataDir), log, true);
  onStop(server.stop);
  return server.directUrl;
}

/**
 * Throws an `OperatorError` unless the installation has the keys of the backup, or the backup has them for an installation without keys. The returned
 * function then writes them.
 */
async function placeKeys(folder: string, { encryptionKeyIds: needed }: BackupContent, config: Config): Promise<() => Promise<void>> {
  const { dataDir } = config;
  const hasAll = (keys: readonly string[]) => needed.every((id) => encryptionKeyIdsOf(keys).includes(id));
  const own = await existingKeys(config, dataDir);
  if (hasAll(own.encryptionKeys)) return async () => undefined;
  const wanted = `restore: the backup needs the encryption key ${needed.join(', ')}`;
  if (own.encryptionKeys.length > 0)
    throw new OperatorError(`${wanted}, and this installation has ${encryptionKeyIdsOf(own.encryptionKeys).join(', ')}`);
  const { readBackupKeys } = await import('./restore.ts');
  const kept = await readBackupKeys(folder);
  if (kept === undefined)
    throw new OperatorError(
      `${wanted}: set ARKLOOP_ENCRYPTION_KEY or ARKLOOP_ENCRYPTION_KEYS, or put the file encryption-key or encryption-keys into ${dataDir}`,
    );
  if (!hasAll(kept.encryptionKeys)) throw new OperatorError('restore: the keys in the backup are not those of its data');
  const { jwtSecrets, ...encryption } = kept;
  return async () => storeKeys({ ...encryption, ...(own.jwtSecrets.length === 0 && { jwtSecrets }) }, await openDataDir(dataDir));
}

async function ownVersion(): Promise<string> {
  const { default: manifest } = await import('../../../package.json', { with: { type: 'json' } });
  return manifest.version;
}
