import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request for a transcript: how much of it came, its beginning as text, whether it was whole, and whether its connection is over. */
export type Heard = { path: string; headers: IncomingHttpHeaders; bytes: number; start: string; whole: boolean; gone: boolean };

/** How the next request is answered; `early` before its body was read, `never` not at all. */
export type Reply = { status?: number; body?: string; when?: 'whole' | 'early' | 'never' };

/** A server that plays a provider of speech recognition, as forms are its language. */
export async function startTranscriber() {
  const heard: Heard[] = [];
  const replies: Reply[] = [];
  const server = createServer((req, res) => {
    const record: Heard = { path: req.url ?? '', headers: req.headers, bytes: 0, start: '', whole: false, gone: false };
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
  // Open connections must not keep a test from ending.
  server.unref();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    heard,
    /** Script the next answers. */
    replies: (...list: Reply[]) => void replies.push(...list),
  };
}

let shared: Promise<string> | undefined;

/** The base URL of a provider that turns whatever it hears into the same text. */
export const sampleTranscriber = (): Promise<string> => {
  shared ??= startTranscriber().then(({ base }) => base);
  return shared;
};
