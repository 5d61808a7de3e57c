import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { codeOf } from './operatorError.ts';

/** Connections that broke while something was written to them. */
const broken = new WeakSet<object>();

/** Whether a connection broke, so that an answer that ends with it may lack its end. */
export const hasBroken = (socket: object): boolean => broken.has(socket);

/**
 * Delays the failure of a write until everything that was received is read. A server that answers before it has read the body and closes its
 * connection makes further writes fail, and a socket that fails at once discards the answer that has already arrived. After such a failure TCP
 * receives nothing more, so reading ends by itself.
 */
export function readToTheEnd<Connection extends Duplex | null | undefined>(connection: Connection): Connection {
  if (!(connection instanceof Socket)) return connection;
  const socket: Socket = connection;
  const whenRead = (done: (error?: Error | null) => void) => (error?: Error | null) => {
    if (!error || socket.destroyed || socket.readableEnded) return done(error);
    // EPIPE: the peer had ended its side in order before.
    if (codeOf(error) !== 'EPIPE') broken.add(socket);
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
