import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { overTcp } from '../support/cluster/overTcp.ts';

/** A proxy to the database that counts the executions of one statement. */
export type QueryCounter = { databaseUrl: string; count(): number; stop(): void };

/** Counts the statement whose text contains `fragment`. A connection prepares it once under a name; every execution binds that name. */
export async function startQueryCounter(databaseUrl: string, fragment: string): Promise<QueryCounter> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let total = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname).setNoDelay(true);
    const counting = countIn(fragment, () => total++);
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
    count: () => total,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Parses the client's messages in PostgreSQL protocol 3: `Parse` (P, length, name, text) and `Bind` (B, length, portal, name). */
function countIn(fragment: string, onExecution: () => void) {
  let rest: Buffer = Buffer.alloc(0);
  let started = false;
  let name: string | undefined;
  return (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    // The first message of a connection has a length but no type.
    for (;;) {
      const head = started ? 1 : 0;
      if (rest.length < head + 4) return;
      const size = head + rest.readUInt32BE(head);
      if (rest.length < size) return;
      const [first = '', second = ''] = rest.toString('latin1', head + 4, size).split('\0', 2);
      if (started && rest[0] === 0x50 && second.includes(fragment)) name = first;
      if (started && rest[0] === 0x42 && second === name) onExecution();
      started = true;
      rest = rest.subarray(size);
    }
  };
}
