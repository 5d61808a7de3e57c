import { join } from 'node:path';
import type { Config } from '../platform/config/config.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { fileStorage } from './filesystem.ts';
import { s3Storage } from './s3.ts';
import type { Storage } from './storage.ts';

/** Opens the configured object store. If its connection settings are missing, logs a warning and returns undefined. */
export function openStorage(config: Config, log: Log): Storage | undefined {
  const { s3Endpoint: endpoint, s3AccessKey: accessKey, s3SecretKey: secretKey, s3Region: region, s3Bucket: bucket } = config;
  if (config.storageBackend === 'filesystem') return fileStorage(config.storageRoot ?? join(config.dataDir, 'storage'));
  if (endpoint && accessKey && secretKey) return s3Storage({ endpoint, accessKey, secretKey, region, bucket });
  log.warn('ARKLOOP_STORAGE_BACKEND is s3, but ARKLOOP_S3_* do not say where: there are no workspace files');
  return undefined;
}
