import { setTimeout as sleep } from 'node:timers/promises';
import { S3mini, S3ServiceError } from 's3mini';
import { Agent, fetch as undiciFetch } from 'undici';
import { createEarlyResponseConnector } from '../platform/outbound/dispatchers.ts';
import { checkKey, type Storage, type StorageProblem, StorageUnavailable, type StoredObject } from './storage.ts';

export type S3Options = { endpoint: string; accessKey: string; secretKey: string; region: string; bucket: string };

/** How long requests that are still going have to end, in milliseconds. A store that does not answer would hold up the end of the process. */
const maxCloseMs = 1_000;

/** Stores objects in a bucket of an S3-compatible store. The bucket must exist. */
export function s3Storage({ endpoint, accessKey, secretKey, region, bucket }: S3Options): Storage {
  const agent = new Agent({ connect: createEarlyResponseConnector({ timeout: 5_000 }), headersTimeout: 30_000, bodyTimeout: 30_000 });
  const s3 = new S3mini({
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    endpoint: `${endpoint}/${bucket}`,
    region,
    fetch: ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher: agent })) as unknown as typeof fetch,
  });
  const check = () => checkBucket(s3);
  return {
    get: async (key) => {
      checkKey(key);
      const response = await withStorageErrors(() => s3.getObjectResponse(key));
      if (response !== null) return objectOf(response);
      // The response for a missing bucket looks the same, so check the bucket. Reads of missing objects are rare.
      await check().catch(ignoreAccessDenied);
      return undefined;
    },
    put: async (key, bytes, type) => {
      checkKey(key);
      const response = await withStorageErrors(() => s3.putObject(key, bytes, type));
      await response.body?.cancel();
    },
    delete: async (key) => {
      checkKey(key);
      await withStorageErrors(() => s3.deleteObject(key));
    },
    list: (prefix) => {
      checkKey(prefix, 'prefix');
      return keysUnder(s3, prefix);
    },
    check,
    async close() {
      await Promise.race([agent.close().catch(() => undefined), sleep(maxCloseMs, undefined, { ref: false })]);
      await agent.destroy();
    },
  };
}

function objectOf({ headers, body }: Response): StoredObject {
  const close = () => void body?.cancel().catch(() => {});
  return { size: Number(headers.get('content-length')), chunks: reading(body), close };
}

async function* reading(body: ReadableStream<Uint8Array> | null): AsyncIterable<Uint8Array> {
  if (!body) return;
  try {
    yield* body;
  } catch (error) {
    throw new StorageUnavailable('unreachable', error);
  }
}

/** Keys per list request. */
const keysOfPage = 200;

async function* keysUnder(s3: S3mini, prefix: string): AsyncIterable<string> {
  let token: string | undefined;
  do {
    const page = await withStorageErrors(() => s3.listObjectsPaged('/', prefix, keysOfPage, token));
    // The client returns null for a missing bucket.
    if (!page) throw new StorageUnavailable('bucket_missing');
    for (const { Key: key } of page.objects ?? []) yield key;
    token = page.nextContinuationToken;
  } while (token);
}

async function withStorageErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new StorageUnavailable(problemOf(error), error);
  }
}

/** Ignores `access_denied`: credentials that may read need not be allowed to list. */
function ignoreAccessDenied(error: unknown) {
  if (!(error instanceof StorageUnavailable) || error.reason !== 'access_denied') throw error;
}

/** Lists one key. The response distinguishes problems of the store, the bucket and the credentials, which that of a `HEAD` does not. */
async function checkBucket(s3: S3mini) {
  if (!(await withStorageErrors(() => s3.listObjectsPaged('/', '', 1)))) throw new StorageUnavailable('bucket_missing');
}

const aboutCredentials =
  /^(InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken|InvalidSecurity|InvalidClientTokenId|AuthorizationHeaderMalformed)$/;

function problemOf(error: unknown): StorageProblem {
  if (!(error instanceof S3ServiceError)) return 'unreachable';
  const { serviceCode = '', status } = error;
  if (serviceCode === 'NoSuchBucket') return 'bucket_missing';
  // The clock of this process is wrong, not its configuration.
  if (serviceCode === 'RequestTimeTooSkewed') return 'failing';
  if (aboutCredentials.test(serviceCode) || status === 401) return 'credentials_refused';
  return status === 403 ? 'access_denied' : 'failing';
}
