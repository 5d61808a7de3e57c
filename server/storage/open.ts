import { join } from 'node:path';
import type { Config } from '../kernel/config.ts';
import type { Log } from '../kernel/log.ts';
import type { Storage } from '../kernel/storage.ts';
import { fileStorage } from './filesystem.ts';
import { s3Storage } from './s3.ts';

/** The object store that the configuration names; undefined, and said in the log, where it does not say how to reach it. */
export function openStorage(config: Config, log: Log): Storage | undefined {
  const { s3Endpoint: endpoint, s3AccessKey: accessKey, s3SecretKey: secretKey, s3Region: region, s3Bucket: bucket } = config;
  if (config.storageBackend === 'filesystem') return fileStorage(config.storageRoot ?? join(config.dataDir, 'storage'));
  if (endpoint && accessKey && secretKey) return s3Storage({ endpoint, accessKey, secretKey, region, bucket });
  log.warn('ARKLOOP_STORAGE_BACKEND is s3, but ARKLOOP_S3_* do not say where: there are no workspace files');
  return undefined;
}
