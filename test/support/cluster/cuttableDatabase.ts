import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { overTcp } from './overTcp.ts';

/**
 * What happens to the connection that sends the statement: it is cut before PostgreSQL gets it, or when PostgreSQL has got it, or when it has answered, or nothing
 * is forwarded any more.
 */
export const faults = ['before', 'during', 'after', 'hanging'] as const;
type Fault = (typeof faults)[number];

/** PostgreSQL behind a proxy that sees the statements. */
export type CuttableDatabase = {
  url: string;
  /** Breaks the next connection that sends the statement. Returns whether it has done so. */
  breakAt(statement: 'commit' | 'flush', fault: Fault): () => boolean;
  /** How many packets have had the statement. */
  count(statement: 'commit' | 'flush'): number;
  /** Rejects new connections from now on. */
  refuse(): void;
};

/** Listens on loopback until the test, or the file, ends. */
export async function startCuttableDatabase(
  databaseUrl: string,
  onEnd: (close: () => Promise<void>) => void = onTestFinished,
): Promise<CuttableDatabase> {
  const url = overTcp(databaseUrl);
  const target = { port: Number(url.port), host: url.hostname, noDelay: true };
  const open = new Set<Socket>();
  const counts = { commit: 0, flush: 0 };
  let armed: { statement: 'commit' | 'flush'; fault: Fault; isDone: boolean } | undefined;
  const server = createServer((near) => {
    const far = connect(target);
    let isHanging = false;
    let isAnswerLost = false;
    for (const socket of [near.setNoDelay(), far]) open.add(socket.on('error', () => undefined).on('close', () => open.delete(socket)));
    near.on('close', () => far.end());
    far.on('close', () => near.destroy());
    near.on('data', (packet) => {
      if (isHanging) return;
      for (const statement of ['commit', 'flush'] as const) {
        // The name of a prepared statement that is bound.
        if (!packet.includes(`\0${statement}\0`)) continue;
        counts[statement]++;
        if (armed?.statement !== statement || armed.isDone) continue;
        armed.isDone = true;
        if (armed.fault === 'before') return void near.resetAndDestroy();
        if (armed.fault === 'hanging') return void (isHanging = true);
        if (armed.fault === 'during') near.resetAndDestroy();
        isAnswerLost = true;
      }
      far.write(packet);
    });
    far.on('data', (packet) => {
      if (isHanging) return;
      if (isAnswerLost) return void near.resetAndDestroy();
      near.write(packet);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onEnd(async () => {
    for (const socket of open) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  });
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    breakAt(statement, fault) {
      const own = { statement, fault, isDone: false };
      armed = own;
      return () => own.isDone;
    },
    count: (statement) => counts[statement],
    refuse: () => void server.close(),
  };
}
