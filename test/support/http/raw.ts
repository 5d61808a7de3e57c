import { once } from 'node:events';
import { connect } from 'node:net';

/** The response to raw bytes. `all` is the complete text; `closed` tells whether the server closed the connection. */
export type RawAnswer = { status: number; headers: Headers; text: string; body: any; all: string; closed: boolean };

/** Writes bytes unchanged. Reads until the server closes the connection or sends nothing for `quietMs` (at first `firstMs`). */
export async function rawSend(
  url: string,
  parts: string | (string | Buffer)[],
  { quietMs = 150, firstMs = 5_000 } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let closed = false;
  let quiet: NodeJS.Timeout | undefined;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const rest = (ms: number) => {
    clearTimeout(quiet);
    quiet = setTimeout(resolve, ms);
  };
  const over = () => {
    closed = true;
    resolve();
  };
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    rest(quietMs);
  });
  socket.on('end', over).on('close', over).on('error', over);
  await once(socket, 'connect');
  rest(firstMs);
  for (const part of typeof parts === 'string' ? [parts] : parts) socket.write(Buffer.isBuffer(part) ? part : Buffer.from(part, 'latin1'));
  await done;
  clearTimeout(quiet);
  socket.destroy();
  return { ...parse(Buffer.concat(chunks).toString('latin1')), closed };
}

/** The text of an HTTP/1.1 request. */
export const request = (line: string, headers: Record<string, string | number> = {}, body = '') =>
  `${line} HTTP/1.1\r\nhost: 127.0.0.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n${body}`;

/** Like `request`, without a body and without a default `Host` header. */
export const rawRequest = (method: string, path: string, headers: Record<string, string>) =>
  `${method} ${path} HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

function parse(all: string): Omit<RawAnswer, 'closed'> {
  const [head = '', ...bodies] = all.split('\r\n\r\n');
  const text = bodies.join('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const headers = new Headers(lines.map((each) => [each.slice(0, each.indexOf(':')), each.slice(each.indexOf(':') + 1).trim()]));
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1] ?? 0);
  const isJson = headers.get('content-type')?.includes('json') && text.startsWith('{');
  return { status, headers, text, body: isJson ? firstJson(text, headers) : undefined, all };
}

const firstJson = (text: string, headers: Headers) => JSON.parse(text.slice(0, Number(headers.get('content-length') ?? text.length)));
