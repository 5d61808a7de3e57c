import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { printable } from '../../contract/shared/text.ts';
import type { StreamBody } from './sse.ts';

/** An open file. The receiver must send or close it. */
export type OpenedFile = { type: string; size: number; chunks: AsyncIterable<Uint8Array>; close(): void };

/**
 * `sha256` is the hash of the content. Browsers may display a file that is `inline`. `maxAgeSeconds` is for content that never changes: without it,
 * caches ask whether the file is still the same.
 */
export type DownloadableFile = { sha256: string; name: string; inline?: boolean; maxAgeSeconds?: number; open(): Promise<OpenedFile> };

export type FileResponseOptions = { ifNoneMatch: string | undefined; onError(error: unknown): void };

type Headers = Record<string, string>;
type BytesAnswer = { status: 200; body: StreamBody; headers: Headers } | { status: 304; body: undefined; headers: Headers };

/** A client that reads nothing for this time is disconnected. */
const readTimeoutMs = 60_000;

/**
 * Responds with a file, or with 304 if `If-None-Match` matches (RFC 9110 section 13.1.2). The content comes from users, so the CSP
 * sandboxes it.
 */
export async function fileResponse(
  { sha256, name, inline = false, maxAgeSeconds, open }: DownloadableFile,
  { ifNoneMatch, onError }: FileResponseOptions,
): Promise<BytesAnswer> {
  const headers = {
    etag: `"${sha256}"`,
    // Caches go by the URL: without `Vary`, whoever signs in next in the same browser gets a stored file without a request.
    ...(maxAgeSeconds
      ? { 'cache-control': `private, max-age=${maxAgeSeconds}`, vary: 'Origin, Authorization' }
      : { 'cache-control': 'private, no-cache' }),
  };
  if (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, headers.etag)) return { status: 304, body: undefined, headers };
  const file = await open();
  const sandboxed = {
    'content-type': file.type,
    'content-length': String(file.size),
    'content-disposition': `${inline ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeName(printable(name))}`,
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  };
  return { status: 200, body: bytesBody(file, onError), headers: { ...headers, ...sandboxed } };
}

/** Weak comparison of an entity tag with a list. */
const matchesEtag = (list: string, etag: string) =>
  list.trim() === '*' || list.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);

/** Encodes a name as an extended value (RFC 8187), which escapes line breaks. */
const encodeName = (name: string) =>
  encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** If the source fails, the connection is destroyed. The client detects it by `Content-Length`. */
const bytesBody = ({ chunks, close }: OpenedFile, onError: FileResponseOptions['onError']): StreamBody => ({
  attach(res) {
    if (res.req.method === 'HEAD') {
      close();
      return void res.end();
    }
    res.setTimeout(readTimeoutMs, () => res.destroy());
    pipeline(Readable.from(chunks, { objectMode: false }), res).catch((error: Error & { code?: string }) => {
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') onError(error);
    });
  },
});
