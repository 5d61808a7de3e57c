import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorCodeOf } from '../operatorError.ts';

/** Connections on which a write failed. */
const writeFailedSockets = new WeakSet<object>();

/** Whether a write failed, so that a response that ends with the connection may be truncated. */
export const hasWriteFailed = (socket: object): boolean => writeFailedSockets.has(socket);

/**
 * Delays a write error until all received data is read. If a server responds before it has read the body and closes its connection, further writes
 * fail, and a socket that fails at once discards the response that has already arrived. After a failed write, TCP receives no more data, so reading
 * ends on its own.
 */
export function delayWriteErrors<Connection extends Duplex | null | undefined>(connection: Connection): Connection {
  if (!(connection instanceof Socket)) return connection;
  const socket: Socket = connection;
  const whenRead = (done: (error?: Error | null) => void) => (error?: Error | null) => {
    if (!error || socket.destroyed || socket.readableEnded) return done(error);
    // EPIPE: the peer had already ended its side cleanly.
    if (errorCodeOf(error) !== 'EPIPE') writeFailedSockets.add(socket);
    let isDone = false;
    const finish = () => {
      if (!isDone) done(error);
      isDone = true;
    };
    socket.once('end', finish).once('close', finish);
  };
  const { _write: write, _writev: writev } = socket;
  socket._write = (chunk, encoding, done) => write.call(socket, chunk, encoding, whenRead(done));
  if (writev) socket._writev = (chunks, done) => writev.call(socket, chunks, whenRead(done));
  return connection;
}
