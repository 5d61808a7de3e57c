import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Statement } from '../../server/database/statement.ts';
import { overTcp } from '../support/cluster/overTcp.ts';

/** A proxy to the database that counts the executions of one statement. `count` throws while there was none: then it counts nothing. */
export type QueryCounter = { databaseUrl: string; count(): number; stop(): void };

export async function startQueryCounter(databaseUrl: string, { name }: Pick<Statement<object, unknown>, 'name'>): Promise<QueryCounter> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let total = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname).setNoDelay(true);
    const counting = countIn(name, () => total++);
    client.setNoDelay(true).on('data', counting).pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => [client, upstream].forEach((each) => void each.destroy()));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = overTcp(databaseUrl);
  url.port = `${(server.address() as AddressInfo).port}`;
  return {
    databaseUrl: url.href,
    count() {
      if (total === 0) throw new Error(`The statement ${name} was never executed.`);
      return total;
    },
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Finds the message `Bind` (B, length, portal, name) of PostgreSQL protocol 3, with which a client executes a prepared statement. */
function countIn(name: string, onExecution: () => void) {
  let rest: Buffer = Buffer.alloc(0);
  let started = false;
  return (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    // The first message of a connection has a length but no type.
    for (;;) {
      const head = started ? 1 : 0;
      if (rest.length < head + 4) return;
      const size = head + rest.readUInt32BE(head);
      if (rest.length < size) return;
      if (started && rest[0] === 0x42 && rest.toString('latin1', head + 4, size).split('\0', 2)[1] === name) onExecution();
      started = true;
      rest = rest.subarray(size);
    }
  };
}
