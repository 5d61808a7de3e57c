import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { listener } from '../setup/listener.ts';

/** A request as the server saw it. */
export type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string };

/** Answers one request; `count` is how many came before it. */
export type Answerer = (seen: Seen, res: ServerResponse, count: number) => void | Promise<void>;

/** A real HTTP server on loopback that notes what comes in; it ends with the test. */
export async function localServer(answer: Answerer) {
  const requests: Seen[] = [];
  const server = createServer(
    listener(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const seen = { method: req.method!, url: req.url!, headers: req.headers, body: Buffer.concat(chunks).toString() };
      requests.push(seen);
      await answer(seen, res, requests.length - 1);
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** A JSON answer. */
export function send(res: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}) {
  res.writeHead(status, { 'content-type': 'application/json', 'x-trace-id': 'a'.repeat(32), ...headers });
  res.end(body === undefined ? undefined : JSON.stringify(body));
}

/** A refusal in the shape of the API. */
export const refuse = (res: ServerResponse, status: number, error: string, reason?: string, headers: Record<string, string> = {}) =>
  send(res, status, { error, message: `It is ${error}.`, trace_id: 'a'.repeat(32), details: reason ? { reason } : {} }, headers);

/** The answer of a sign-in or a refresh. */
export const grant = (accessToken: string, expiresIn = 900) => ({ access_token: accessToken, token_type: 'bearer', expires_in: expiresIn });
