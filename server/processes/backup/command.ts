import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expectedSchemaVersion } from '../../database/expectedSchema.ts';
import { type Config, OperatorError } from '../../platform/config/config.ts';
import { openDataDir, readSecret, secretFile } from '../../platform/config/dataDir.ts';
import { keyFiles, readKeys } from '../../platform/crypto/keys.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { openStorage } from '../../storage/open.ts';
import type { Storage } from '../../storage/storage.ts';
import { openDatabaseServer } from '../databases.ts';
import { type BackupContent, keyId, readManifest } from './manifest.ts';

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
  const own = await existingKeys(config, ['encryption-key', ...(withKeys ? (['jwt-secret'] as const) : [])]);
  const { encryptionKey } = await readKeys({ ...config, authJwtSecret: own['jwt-secret'] ?? '-'.repeat(32) }, config.dataDir);
  const summary = await createBackup({
    databaseUrl: await urlOfRunningDatabase(deps),
    storage,
    folder,
    encryptionKey,
    keys: withKeys ? { encryptionKey: own['encryption-key']!, jwtSecret: own['jwt-secret']! } : undefined,
    version: await ownVersion(),
    schemaVersion: expectedSchemaVersion,
  });
  const { rows, tables, objects, missingObjects: missing } = summary;
  const lacking =
    missing.length > 0 ? `; the object store does not have ${missing.length} objects that rows name, such as ${missing[0]}` : '';
  return `backup of ${rows} rows in ${tables} tables and ${objects} objects in ${resolve(folder)}; it needs the encryption key ${keyId(encryptionKey)}${lacking}`;
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
  await restoreBackup({ databaseUrl: server.directUrl, storage, folder, content });
  await writeKeys();
  const rows = content.tables.reduce((sum, each) => sum + each.rows, 0);
  return `restored ${rows} rows in ${content.tables.length} tables and ${content.objects.count} objects of ${content.createdAt}`;
}

/** A server that serves has the embedded database open, and then a backup uses it too. */
async function urlOfRunningDatabase({ config, log, onStop }: Deps): Promise<string> {
  if (!config.databaseUrl) {
    const { runningPostgresUrl } = await import('../../database/embedded.ts');
    const url = await runningPostgresUrl(resolve(config.dataDir));
    if (url !== undefined) return url;
    const isThere = await access(join(config.dataDir, 'postgres')).then(
      () => true,
      () => false,
    );
    if (!isThere) throw new OperatorError(`ARKLOOP_DATA_DIR: ${config.dataDir} has no database to back up`);
  }
  const server = await openDatabaseServer(config, config.databaseUrl ? config.dataDir : await openDataDir(config.dataDir), log);
  onStop(server.stop);
  return server.directUrl;
}

/** The configured keys, or those in the data folder. Makes none. */
async function existingKeys({ dataDir, encryptionKey, authJwtSecret }: Config, wanted: readonly (keyof typeof keyFiles)[]) {
  const configured = { 'encryption-key': encryptionKey, 'jwt-secret': authJwtSecret };
  const found: Partial<Record<keyof typeof keyFiles, string>> = {};
  for (const name of wanted) {
    const text = configured[name] ?? (await readSecret(join(dataDir, name)));
    if (text === undefined) throw new OperatorError(`${keyFiles[name]}: is not set, and ${join(dataDir, name)} does not exist`);
    found[name] = text;
  }
  return found;
}

/**
 * Throws an `OperatorError` unless the installation has the key of the backup, or the backup has it for an installation without one. The returned
 * function then writes it.
 */
async function placeKeys(folder: string, { encryptionKeyId: needed }: BackupContent, config: Config): Promise<() => Promise<void>> {
  const { dataDir } = config;
  const idOf = (text: string) => keyId(Buffer.from(text, 'hex'));
  const own = config.encryptionKey ?? (await readSecret(join(dataDir, 'encryption-key')));
  if (own !== undefined) {
    if (idOf(own) === needed) return async () => undefined;
    throw new OperatorError(`restore: the backup needs the encryption key ${needed}, and this installation has ${idOf(own)}`);
  }
  const { readBackupKeys } = await import('./restore.ts');
  const kept = await readBackupKeys(folder);
  if (kept === undefined)
    throw new OperatorError(
      `restore: the backup needs the encryption key ${needed}: set ARKLOOP_ENCRYPTION_KEY, or put the file encryption-key into ${dataDir}`,
    );
  if (idOf(kept.encryptionKey) !== needed) throw new OperatorError('restore: the keys in the backup are not those of its data');
  await openDataDir(dataDir);
  return async () => {
    await secretFile(dataDir, 'encryption-key', () => kept.encryptionKey);
    if (config.authJwtSecret === undefined) await secretFile(dataDir, 'jwt-secret', () => kept.jwtSecret);
  };
}

async function ownVersion(): Promise<string> {
  const { default: manifest } = await import('../../../package.json', { with: { type: 'json' } });
  return manifest.version;
}
