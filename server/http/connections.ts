import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** After an early response: idle timeout and maximum lifetime of the connection, in milliseconds. */
const silenceMs = 5_000;
const lingerMs = 30_000;

const latestResponses = new WeakMap<Duplex, ServerResponse>();

/** Records the newest response of its connection. Must be called for every request. */
export const trackResponse = (answer: ServerResponse): void => void latestResponses.set(answer.req.socket, answer);

export const latestResponse = (socket: Duplex): ServerResponse | undefined => latestResponses.get(socket);

/**
 * Closes connections in stages (RFC 9112 section 9.6): after a response that is sent before its request has arrived, sends FIN and discards
 * the rest of the request. Closing at once sends RST, after which the client may lose the response.
 */
export function enableLingeringClose(server: Server, connection: 'connection' | 'secureConnection' = 'connection'): void {
  server.on(connection, (socket: Socket) => {
    const destroySoon = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      const request = latestResponses.get(socket)?.req;
      if (!request || request.complete || socket.destroyed) return destroySoon();
      request.unpipe().resume();
      lingeringClose(socket);
    };
  });
}

/** Sends `text` and FIN. Closes the connection once the peer has closed its side, after 5 s of silence, or after 30 s. */
export function lingeringClose(socket: Socket, text?: string): void {
  const destroy = () => void socket.destroy();
  const last = setTimeout(destroy, lingerMs).unref();
  socket.once('close', () => clearTimeout(last));
  socket.setTimeout(silenceMs, destroy).resume();
  if (text === undefined) socket.end();
  else socket.end(text);
}

/**
 * Makes a response the last one of its connection. Called while a process shuts down, before `closeServer`: a connection that the server closes at the
 * moment when a client sends its next request fails that request, and clients repeat only some.
 */
export const announceClose = (answer: ServerResponse): void => void answer.setHeader('connection', 'close');

/** Stops accepting connections, waits up to `timeoutMs` for running requests, then closes all connections. */
export async function closeServer(server: Server, timeoutMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // Close connections as they become idle.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const force = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(force);
}
