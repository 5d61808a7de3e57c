import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StreamBody } from './sse.ts';

/** A file that was opened: whoever gets one sends or closes it. */
export type OpenedFile = { type: string; size: number; chunks: AsyncIterable<Uint8Array>; close(): void };

/** A file that can be sent: the SHA-256 of its content, its name, and how to open it. One that is `inline` a browser may show. */
export type SentFile = { sha256: string; name: string; inline?: boolean; maxAgeSeconds?: number; open(): Promise<OpenedFile> };

export type BytesOptions = { ifNoneMatch: string | undefined; onError(error: unknown): void };

type Headers = Record<string, string>;
type BytesAnswer = { status: 200; body: Blob; headers: Headers } | { status: 304; body: undefined; headers: Headers };

/** How long a reader may take nothing. */
const patienceMs = 60_000;

/** Answer with a file, or with 304 when the reader has it (RFC 9110, 13.1.2). It is stored by users, so no browser may run it here. */
export async function answerFile(
  { sha256, name, inline = false, maxAgeSeconds = 60, open }: SentFile,
  { ifNoneMatch, onError }: BytesOptions,
): Promise<BytesAnswer> {
  const headers = { etag: `"${sha256}"`, 'cache-control': `private, max-age=${maxAgeSeconds}` };
  if (ifNoneMatch !== undefined && names(ifNoneMatch, headers.etag)) return { status: 304, body: undefined, headers };
  const file = await open();
  const sandboxed = {
    'content-type': file.type,
    'content-length': String(file.size),
    'content-disposition': `${inline ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeName(name)}`,
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  };
  return { status: 200, body: published(bytesBody(file, onError)), headers: { ...headers, ...sandboxed } };
}

/** Whether a list of entity tags names one, compared weakly. */
const names = (list: string, etag: string) =>
  list.trim() === '*' || list.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);

/** A name as an extended value (RFC 8187), which no line break leaves. */
const encodeName = (name: string) =>
  encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** Bytes that write themselves. A source that fails breaks the connection: the length that was announced tells the reader. */
const bytesBody = ({ chunks, close }: OpenedFile, onError: BytesOptions['onError']): StreamBody => ({
  attach(res) {
    if (res.req.method === 'HEAD') {
      close();
      return void res.end();
    }
    res.setTimeout(patienceMs, () => res.destroy());
    pipeline(Readable.from(chunks, { objectMode: false }), res).catch((error: Error & { code?: string }) => {
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') onError(error);
    });
  },
});

/** Files leave as bytes that write themselves; the contract knows them as what a client makes of them. */
const published = (body: StreamBody) => body as unknown as Blob;
