import { hkdfSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { secretFile } from '../config/dataDir.ts';
import { OperatorError } from '../operatorError.ts';

/** The secrets of an installation: the HS256 key of access tokens and the 32-byte AES-256-GCM key of stored secrets. */
export type Keys = Readonly<{ jwtSecret: Buffer; encryptionKey: Buffer }>;

/** The files of the keys in the data folder, and the variables that take precedence. */
export const keyFiles = { 'jwt-secret': 'ARKLOOP_AUTH_JWT_SECRET', 'encryption-key': 'ARKLOOP_ENCRYPTION_KEY' } as const;

/** Reads the keys from the configuration, or generates them once in the data folder. Throws an `OperatorError` if a key file is damaged. */
export async function readKeys(config: Pick<Config, 'authJwtSecret' | 'encryptionKey'>, dataDir: string): Promise<Keys> {
  const jwtSecret = config.authJwtSecret ?? (await secretFile(dataDir, 'jwt-secret', () => randomBytes(48).toString('base64url')));
  const encryptionKey = config.encryptionKey ?? (await secretFile(dataDir, 'encryption-key', () => randomBytes(32).toString('hex')));
  const keys = { jwtSecret: Buffer.from(jwtSecret, 'utf8'), encryptionKey: Buffer.from(encryptionKey, 'hex') };
  if (keys.jwtSecret.length < 32) throw damaged(dataDir, 'jwt-secret', 'at least 32 bytes');
  if (keys.encryptionKey.length !== 32) throw damaged(dataDir, 'encryption-key', '64 hexadecimal digits');
  return keys;
}

function damaged(dataDir: string, name: string, expected: string) {
  return new OperatorError(`ARKLOOP_DATA_DIR: ${join(dataDir, name)} is damaged: expected ${expected}`);
}

/** A 32-byte key for one purpose, derived from a secret by HKDF-SHA256 (RFC 5869). Different labels give unrelated keys. */
export function deriveKey(secret: Buffer, label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), `arkloop:${label}`, 32));
}
