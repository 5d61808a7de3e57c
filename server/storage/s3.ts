import { S3mini } from 's3mini';
import { Agent, fetch as undiciFetch } from 'undici';
import { patientConnector } from '../kernel/outboundAgents.ts';
import { checkKey, type Storage, StorageUnavailable, type StoredObject } from '../kernel/storage.ts';

export type S3Options = { endpoint: string; accessKey: string; secretKey: string; region: string; bucket: string };

/** Objects in a bucket of an S3-compatible store, which must exist. */
export function s3Storage({ endpoint, accessKey, secretKey, region, bucket }: S3Options): Storage {
  const agent = new Agent({ connect: patientConnector({ timeout: 5_000 }), headersTimeout: 30_000, bodyTimeout: 30_000 });
  const s3 = new S3mini({
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    endpoint: `${endpoint}/${bucket}`,
    region,
    fetch: ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher: agent })) as unknown as typeof fetch,
  });
  return {
    get: async (key) => {
      checkKey(key);
      const response = await answered(() => s3.getObjectResponse(key));
      return response === null ? undefined : objectOf(response);
    },
    put: async (key, bytes, type) => {
      checkKey(key);
      const response = await answered(() => s3.putObject(key, bytes, type));
      await response.body?.cancel();
    },
    delete: async (key) => {
      checkKey(key);
      await answered(() => s3.deleteObject(key));
    },
    list: (prefix) => {
      checkKey(prefix, 'prefix');
      return keysUnder(s3, prefix);
    },
    close: () => agent.close(),
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
    throw new StorageUnavailable(error);
  }
}

/** How many keys are asked for at once. */
const keysOfPage = 200;

async function* keysUnder(s3: S3mini, prefix: string): AsyncIterable<string> {
  let token: string | undefined;
  do {
    const page = await answered(() => s3.listObjectsPaged('/', prefix, keysOfPage, token));
    // The client tells a missing bucket by null.
    if (!page) throw new StorageUnavailable(new Error('there is no such bucket'));
    for (const { Key: key } of page.objects ?? []) yield key;
    token = page.nextContinuationToken;
  } while (token);
}

async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new StorageUnavailable(error);
  }
}
