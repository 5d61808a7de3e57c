import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** After an early response: idle timeout and maximum lifetime of the connection, in milliseconds. */
const silenceMs = 5_000;
const lingerMs = 30_000;

/** The newest response of a connection, and the bytes that the connection had received when its request began, or at the last check of its speed. */
type Latest = { response: ServerResponse; bytesRead: number };
const latest = new WeakMap<Duplex, Latest>();

/** Records the newest response of its connection. Must be called for every request. */
export function trackResponse(response: ServerResponse): void {
  const { socket } = response.req;
  const known = latest.get(socket);
  if (known) Object.assign(known, { response, bytesRead: socket.bytesRead });
  else latest.set(socket, { response, bytesRead: socket.bytesRead });
}

export const latestResponse = (socket: Duplex): ServerResponse | undefined => latest.get(socket)?.response;

/** The least that a body must bring on average in each period, in bytes per second. */
const minBytesPerSecond = 1_024;

/**
 * Whether a request that is not complete after `periodMs` may go on, because its body keeps arriving. Then calls `onSlow` after the first further period
 * in which too little has arrived.
 */
export function keepsArriving(socket: Socket, periodMs: number, onSlow: () => void): boolean {
  const current = latest.get(socket);
  if (!current || current.response.req.complete) return false;
  const { response, bytesRead } = current;
  current.bytesRead = socket.bytesRead;
  if (socket.bytesRead - bytesRead < (minBytesPerSecond * periodMs) / 1_000) return false;
  const check = () => {
    if (response.req.complete || current.response !== response || keepsArriving(socket, periodMs, onSlow)) return;
    onSlow();
  };
  const timer = setTimeout(check, periodMs).unref();
  socket.once('close', () => clearTimeout(timer));
  return true;
}

/**
 * Closes connections in stages (RFC 9112 section 9.6): after a response that is sent before its request has arrived, sends FIN and discards
 * the rest of the request. Closing at once sends RST, after which the client may lose the response.
 */
export function enableLingeringClose(server: Server, connection: 'connection' | 'secureConnection' = 'connection'): void {
  server.on(connection, (socket: Socket) => {
    const destroySoon = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      const request = latestResponse(socket)?.req;
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

/** How old a connection must be to be closed at shutdown although it has brought nothing, in milliseconds: the first request of a younger one may be under way. */
const maxFirstRequestMs = 500;

/** The open connections of a server, and when each was accepted. */
const accepted = new WeakMap<Server, Map<Socket, number>>();

/** Lets `closeServer` find the connections that have brought nothing yet, as browsers open them in advance. Node.js does not count them as idle. */
export function trackConnections(server: Server): void {
  const sockets = new Map<Socket, number>();
  accepted.set(server, sockets);
  const track = (socket: Socket) => {
    sockets.set(socket, performance.now());
    socket.once('close', () => sockets.delete(socket));
  };
  server.on('connection', track);
  // Of a connection whose handshake is over, this one counts the bytes of requests.
  server.on('secureConnection', track);
}

function closeUnused(server: Server) {
  const youngest = performance.now() - maxFirstRequestMs;
  for (const [socket, at] of accepted.get(server) ?? []) if (socket.bytesRead === 0 && at <= youngest) socket.destroy();
}

/**
 * Stops accepting connections, waits up to `timeoutMs` for running requests, then closes all connections. Those that have brought nothing end at once, if
 * `trackConnections` was called for the server.
 */
export async function closeServer(server: Server, timeoutMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  closeUnused(server);
  // Close connections as they become idle.
  const sweep = setInterval(() => {
    server.closeIdleConnections();
    closeUnused(server);
  }, 50);
  const force = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(force);
}
