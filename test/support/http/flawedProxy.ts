import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { listener } from '../app/listener.ts';

/** `search` is forwarded unless `query` differs. */
export type ProxiedRequest = {
  method: string;
  path: string;
  search: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: string;
};
export type ProxiedReply = { status: number; headers: Headers; text: string };

/** What a proxy does wrong. Each function may also change its argument. */
export type Flaw = {
  /** Changes a request before it is forwarded. A returned reply is sent instead. */
  request?: (request: ProxiedRequest) => ProxiedReply | void;
  /** Changes a response that is not a stream. */
  reply?: (reply: ProxiedReply, request: ProxiedRequest) => Partial<ProxiedReply> | 'lost' | void;
  /** Changes the headers of a stream. */
  streamHeaders?: (headers: Headers) => void;
  /** Changes the blocks of a stream, without the empty line between them. */
  stream?: (blocks: AsyncIterable<string>, request: ProxiedRequest) => AsyncIterable<string>;
};

/** Several flaws in one. They have to leave each other's responses alone. */
export const allOf = (flaws: readonly Flaw[]): Flaw => ({
  request: (request) => {
    for (const flaw of flaws) {
      const own = flaw.request?.(request);
      if (own) return own;
    }
  },
  reply: (reply, request) => {
    for (const flaw of flaws) {
      const changed = flaw.reply?.(reply, request);
      if (changed === 'lost') return 'lost';
      Object.assign(reply, changed);
    }
  },
  streamHeaders: (headers) => flaws.forEach(({ streamHeaders }) => streamHeaders?.(headers)),
  stream: (blocks, request) => flaws.reduce((through, { stream }) => stream?.(through, request) ?? through, blocks),
});

/** Starts a proxy with a flaw in front of a server. */
export async function startFlawedProxy(target: string, flaw: Flaw): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(
    listener(async (req, res) => {
      const request = await requestOf(req);
      // The kit announces a large body without sending it. The proxy rejects it as the server does.
      if (!request) {
        const trace_id = crypto.randomUUID().replaceAll('-', '');
        const headers = { 'content-type': 'application/json; charset=utf-8', 'x-trace-id': trace_id, connection: 'close' };
        const body = { error: 'payload_too_large', message: 'Too large.', trace_id, details: {} };
        return void res.writeHead(413, headers).end(JSON.stringify(body));
      }
      const own = flaw.request?.(request);
      const got = own ?? (await forward(target, request));
      if (got instanceof Response && got.headers.get('content-type')?.startsWith('text/event-stream')) {
        const headers = passedOn(got.headers);
        flaw.streamHeaders?.(headers);
        res.writeHead(got.status, [...headers].flat()).flushHeaders();
        const blocks = blocksOf(got);
        const leaving = () => void got.body?.cancel().catch(() => undefined);
        res.on('close', leaving);
        for await (const block of flaw.stream?.(blocks, request) ?? blocks) if (!res.destroyed) res.write(`${block}\n\n`);
        return void res.end();
      }
      const reply = got instanceof Response ? { status: got.status, headers: new Headers(got.headers), text: await got.text() } : got;
      const changed = flaw.reply?.(reply, request);
      if (changed === 'lost') return void res.destroy();
      const sent = { ...reply, ...changed };
      res.writeHead(sent.status, [...passedOn(sent.headers)].flat()).end(sent.text);
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function requestOf(req: IncomingMessage): Promise<ProxiedRequest | undefined> {
  if (Number(req.headers['content-length'] ?? 0) > 2 ** 20) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const [path = '', search = ''] = req.url!.split('?');
  const { host: _, connection: __, 'transfer-encoding': ___, 'content-length': ____, ...headers } = req.headers;
  // Multipart bodies are binary.
  const body = Buffer.concat(chunks).toString('latin1');
  return { method: req.method!, path, search, query: new URLSearchParams(search), headers: headers as Record<string, string>, body };
}

function forward(target: string, { method, path, search, query, headers, body }: ProxiedRequest) {
  const asked = query.toString();
  const sent = asked === new URLSearchParams(search).toString() ? search : asked;
  return fetch(`${target}${path}${sent && `?${sent}`}`, {
    method,
    headers,
    ...(body !== '' && method !== 'GET' && { body: Buffer.from(body, 'latin1') }),
  });
}

function passedOn(from: Headers): Headers {
  const headers = new Headers(from);
  for (const name of ['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'content-encoding']) headers.delete(name);
  return headers;
}

async function* blocksOf({ body }: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop()!;
    yield* blocks;
  }
}

/** A flaw that passes every block to `change`, which returns what is sent for it. */
export const eachBlock = (change: (block: string, request: ProxiedRequest) => string | readonly string[]): NonNullable<Flaw['stream']> =>
  async function* (blocks, request) {
    for await (const block of blocks) {
      const changed = change(block, request);
      yield* typeof changed === 'string' ? [changed] : changed;
    }
  };

/** A flaw that leaves the connection open for a while after the end. */
export const leftOpen = (ms: number): NonNullable<Flaw['stream']> =>
  async function* (blocks) {
    yield* blocks;
    await sleep(ms);
  };
