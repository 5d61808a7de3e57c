import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, OperatorError } from '../platform/config/config.ts';
import { openFolder } from '../platform/config/dataDir.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { fileStorage } from './filesystem.ts';
import { s3Storage } from './s3.ts';
import { type Storage, type StorageProblem, StorageUnavailable } from './storage.ts';

/** Opens the configured object store. If its connection settings are missing, logs a warning and returns undefined. */
export function openStorage(config: Config, log: Log): Storage | undefined {
  const { s3Endpoint: endpoint, s3AccessKey: accessKey, s3SecretKey: secretKey, s3Region: region, s3Bucket: bucket } = config;
  if (config.storageBackend === 'filesystem') return fileStorage(folderOf(config));
  if (endpoint && accessKey && secretKey) return s3Storage({ endpoint, accessKey, secretKey, region, bucket });
  log.warn('ARKLOOP_STORAGE_BACKEND is s3, but ARKLOOP_S3_* do not say where: there are no workspace files');
  return undefined;
}

const folderOf = ({ storageRoot, dataDir }: Config) => storageRoot ?? join(dataDir, 'storage');

/** What a store says only if the configuration is wrong. */
const refusals: Partial<Record<StorageProblem, string>> = {
  credentials_refused: 'ARKLOOP_S3_ACCESS_KEY: the object store refuses it, or ARKLOOP_S3_SECRET_KEY',
  bucket_missing: 'ARKLOOP_S3_BUCKET: there is no such bucket in the object store',
};

/** How long a start waits for the object store, in milliseconds. */
const maxCheckMs = 2_000;

/** Throws an `OperatorError` if the store refuses the configuration, or its folder is not writable. One that does not answer may be back later. */
export async function checkStorage(config: Config, log: Log): Promise<void> {
  if (config.storageBackend === 'filesystem') {
    await openFolder(folderOf(config), config.storageRoot ? 'ARKLOOP_STORAGE_ROOT' : 'ARKLOOP_DATA_DIR');
    return;
  }
  const storage = openStorage(config, log);
  if (!storage) return;
  const problem = storage.check().catch((error: unknown) => {
    const refusal = error instanceof StorageUnavailable ? refusals[error.reason] : undefined;
    if (refusal) throw new OperatorError(refusal);
  });
  const close = () => storage.close();
  problem.then(close, close).catch(() => undefined);
  await Promise.race([problem, sleep(maxCheckMs, undefined, { ref: false })]);
}
