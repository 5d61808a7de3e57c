import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A recorded transcription request. `start`: the beginning of the body (about 4 KB) as Latin-1; `whole`: the body is complete; `gone`: the
 * connection is closed.
 */
type TranscriptionRequest = {
  path: string;
  headers: IncomingHttpHeaders;
  bytes: number;
  start: string;
  whole: boolean;
  gone: boolean;
};

/** A scripted response. `early`: sent before the body is read; `never`: not sent. */
export type Reply = { status?: number; body?: string; when?: 'whole' | 'early' | 'never' };

/** A fake speech recognition provider, which receives multipart forms. */
export async function startTranscriber() {
  const heard: TranscriptionRequest[] = [];
  const replies: Reply[] = [];
  const server = createServer((req, res) => {
    const record: TranscriptionRequest = { path: req.url ?? '', headers: req.headers, bytes: 0, start: '', whole: false, gone: false };
    heard.push(record);
    const { status = 200, body = '{"text":"hello"}', when = 'whole' } = replies.shift() ?? {};
    const reply = () => void res.writeHead(status, { 'content-type': 'application/json' }).end(body);
    if (when === 'early') reply();
    req.on('error', () => {});
    res.on('close', () => {
      record.gone = true;
    });
    req.on('data', (chunk: Buffer) => {
      record.bytes += chunk.length;
      record.start += record.start.length < 4_096 ? chunk.toString('latin1').slice(0, 4_096) : '';
    });
    req.on('end', () => {
      record.whole = true;
      if (when === 'whole') reply();
    });
  });
  // Must not keep the test process alive.
  server.unref();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    heard,
    /** Queues responses. */
    replies: (...list: Reply[]) => void replies.push(...list),
  };
}

let shared: Promise<string> | undefined;

/** The base URL of a shared provider that returns the same text for every recording. */
export const sampleTranscriber = (): Promise<string> => {
  shared ??= startTranscriber().then(({ base }) => base);
  return shared;
};
