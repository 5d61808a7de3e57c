import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** How long a connection that was answered early may stay silent, and how long it lasts at most, in milliseconds. */
const silenceMs = 5_000;
const lingerMs = 30_000;

const newest = new WeakMap<Duplex, ServerResponse>();

/** Notes the answer as the newest of its connection. Called for every request that arrives. */
export const noteAnswer = (answer: ServerResponse): void => void newest.set(answer.req.socket, answer);

/** The newest answer of a connection. */
export const newestAnswer = (socket: Duplex): ServerResponse | undefined => newest.get(socket);

/**
 * Closes connections in stages (RFC 9112 section 9.6): an answer that comes before its request has arrived is followed by FIN, and the rest of the
 * request is discarded. To close at once would send RST, after which the client may lose the answer.
 */
export function closeInStages(server: Server): void {
  server.on('connection', (socket) => {
    const destroySoon = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      const request = newest.get(socket)?.req;
      if (!request || request.complete || socket.destroyed) return destroySoon();
      request.unpipe().resume();
      endInStages(socket);
    };
  });
}

/** Ends the sending side after `text`, and the connection once the peer has ended too, is silent for 5 s, or after 30 s. */
export function endInStages(socket: Socket, text?: string): void {
  const destroy = () => void socket.destroy();
  const last = setTimeout(destroy, lingerMs).unref();
  socket.once('close', () => clearTimeout(last));
  socket.setTimeout(silenceMs, destroy).resume();
  if (text === undefined) socket.end();
  else socket.end(text);
}

/** Stops accepting, lets running requests finish for up to `mostMs`, then cuts what is still open. */
export async function closeServer(server: Server, mostMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A connection that becomes idle only now is closed as soon as it is.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const force = setTimeout(() => server.closeAllConnections(), mostMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(force);
}
