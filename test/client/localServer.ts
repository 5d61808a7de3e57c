import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { listener } from '../support/app/listener.ts';

type ReceivedRequest = { method: string; url: string; headers: IncomingMessage['headers']; body: string };

/** Answers one request. `count` is the number of earlier requests. */
export type RequestHandler = (seen: ReceivedRequest, res: ServerResponse, count: number) => void | Promise<void>;

/** A real HTTP server on loopback that records its requests. It closes when the test ends. */
export async function startLocalServer(answer: RequestHandler) {
  const requests: ReceivedRequest[] = [];
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

export function sendJson(res: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}) {
  res.writeHead(status, { 'content-type': 'application/json', 'x-trace-id': 'a'.repeat(32), ...headers });
  res.end(body === undefined ? undefined : JSON.stringify(body));
}

/** An error response in the format of the API. */
export const sendError = (res: ServerResponse, status: number, error: string, reason?: string, headers: Record<string, string> = {}) =>
  sendJson(res, status, { error, message: `It is ${error}.`, trace_id: 'a'.repeat(32), details: reason ? { reason } : {} }, headers);

/** The response body of a sign-in or a refresh. `expiresIn` is in seconds. */
export const tokenResponse = (accessToken: string, expiresIn = 900) => ({
  access_token: accessToken,
  token_type: 'bearer',
  expires_in: expiresIn,
});
