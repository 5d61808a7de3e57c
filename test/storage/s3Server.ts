import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

type Options = { address: string; port: number; silent: boolean; directory: string; configureBuckets: { name: string }[] };
type S3rver = new (options: Options) => { run(): Promise<AddressInfo>; close(): Promise<void> };

/** The only credentials that the server accepts. */
export const credentials = { accessKey: 'S3RVER', secretKey: 'S3RVER' };

const require = createRequire(import.meta.url);

/** Starts an S3-compatible server on loopback with one bucket. It checks access keys but not Signature Version 4. */
export async function startS3(directory: string, bucket: string, at = 0): Promise<{ endpoint: string; close(): Promise<void> }> {
  replaceDes();
  const Server = require('s3rver') as S3rver;
  const server = new Server({ address: '127.0.0.1', port: at, silent: true, directory, configureBuckets: [{ name: bucket }] });
  const { port } = await server.run();
  return { endpoint: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/** s3rver encrypts list continuation tokens with DES, which OpenSSL 3 does not support. Replaces it with AES. */
function replaceDes() {
  const crypto = require('node:crypto');
  for (const name of ['createCipheriv', 'createDecipheriv']) {
    const real = crypto[name];
    const widened = (bytes: Buffer) => Buffer.concat([bytes, bytes]).subarray(0, 16);
    crypto[name] = (algorithm: string, key: Buffer, iv: Buffer, ...rest: unknown[]) =>
      algorithm === 'des' ? real('aes-128-cbc', widened(key), widened(iv)) : real(algorithm, key, iv, ...rest);
  }
}
