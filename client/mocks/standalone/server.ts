import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { isLoopback } from '../http/loopback.ts';
import { createMocks, type MockOptions, type Mocks, type MockState } from '../index.ts';
import { UrlDenied } from '../webhooks/sending.ts';
import { controlPrefix, handleControl } from './control.ts';

export type MockServer = { address: string; mocks: Mocks; close(): Promise<void> };

/** `people` exist at the start and after a reset. */
export type ServerOptions = Omit<MockOptions, 'baseUrl'> & { people?: readonly NonNullable<Parameters<MockState['signUp']>[0]>[] };

/** Serves a mock on 127.0.0.1. Rejects if the port is in use. */
export async function startMockServer(port: number, { people = [], ...options }: ServerOptions = {}): Promise<MockServer> {
  const signUpPeople = () => people.forEach((person) => mocks.state.signUp(person));
  const reset = () => {
    mocks.reset();
    signUpPeople();
  };
  const respond = (request: Request) =>
    new URL(request.url).pathname.startsWith(controlPrefix)
      ? handleControl(request, { mocks, address, reset, allowedOrigins: options.allowedOrigins ?? [] })
      : mocks.fetch(request);
  const server = createServer((req, res) => {
    serve(respond, address, req, res)
      .catch(() => res.destroy())
      .finally(() => drain(req));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const mocks = createMocks({ onWebhook: sendToThisMachine, ...options, baseUrl: address });
  signUpPeople();
  return {
    address,
    mocks,
    async close() {
      mocks.reset();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function sendToThisMachine(request: Request): Promise<Response> {
  if (!isLoopback(request.url)) throw new UrlDenied('The mock sends webhooks to this machine only.');
  return fetch(request);
}

async function serve(respond: (request: Request) => Promise<Response>, address: string, req: IncomingMessage, res: ServerResponse) {
  allowOrigin(req, res);
  if (req.method === 'OPTIONS' && req.headers['access-control-request-method']) return void res.writeHead(204).end();
  const leaving = new AbortController();
  res.once('close', () => leaving.abort());
  const response = await respond(requestOf(address, req, leaving.signal));
  for (const [name, value] of response.headers) if (name !== 'set-cookie') res.setHeader(name, value);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) res.setHeader('set-cookie', cookies);
  res.writeHead(response.status);
  if (!response.body) return void res.end();
  res.flushHeaders();
  await pipeline(Readable.fromWeb(response.body as ReadableStream), res);
}

/** Discards the rest of the request body: some clients read the response only after they have sent the whole request. */
function drain(req: IncomingMessage) {
  // Without a reader, the `data` listeners of the web stream would pause the request again.
  req.removeAllListeners('data').resume();
}

function requestOf(address: string, req: IncomingMessage, signal: AbortSignal): Request {
  const headers = Object.entries(req.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const hasBody = req.method !== 'GET' && req.method !== 'HEAD';
  // Safe cast: the web streams of Node have separate types from those of the DOM.
  const body = hasBody ? { body: Readable.toWeb(req) as unknown as BodyInit, duplex: 'half' } : {};
  return new Request(new URL(req.url ?? '/', address), { method: req.method ?? 'GET', headers, signal, ...body } as RequestInit);
}

const methods = 'GET,POST,PUT,PATCH,DELETE,OPTIONS';
const exposed = 'X-Trace-Id, Link, X-Next-Cursor, Idempotent-Replayed, Retry-After';

/** Allows all origins: the mock contains no data to protect. */
function allowOrigin({ headers }: IncomingMessage, res: ServerResponse) {
  if (headers.origin === undefined) return;
  res.setHeader('access-control-allow-origin', headers.origin);
  res.setHeader('access-control-allow-credentials', 'true');
  res.setHeader('access-control-expose-headers', exposed);
  res.setHeader('access-control-allow-methods', methods);
  res.setHeader('access-control-allow-headers', headers['access-control-request-headers'] ?? '*');
}
