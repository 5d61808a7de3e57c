import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkState, ProxyCommand, ProxyReply } from './messages.ts';

/* A TCP proxy in a process of its own, so that the load does not delay it. Started by `startProxy`, which sends commands. */

type Link = {
  state: LinkState;
  targets: readonly number[];
  connections: Set<Connection>;
  /** Called when the state changes. */
  waiting: Set<() => void>;
};
type Connection = { near: Socket; far: Socket | undefined; isForgotten: boolean };

const links = new Map<string, Link>();

function open({ name, port, targets }: Extract<ProxyCommand, { kind: 'link' }>) {
  const link: Link = { state: { mode: 'open' }, targets, connections: new Set(), waiting: new Set() };
  links.set(name, link);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => accept(link, near));
  server.listen(port, '127.0.0.1', () => process.send!({ kind: 'listening', name } satisfies ProxyReply));
}

function accept(link: Link, near: Socket) {
  near.on('error', () => undefined);
  if (link.state.mode === 'cut') return void near.resetAndDestroy();
  const connection: Connection = { near, far: undefined, isForgotten: false };
  link.connections.add(connection);
  near.once('close', () => {
    link.connections.delete(connection);
    connection.far?.destroy();
  });
  link.targets = [...link.targets.slice(1), ...link.targets.slice(0, 1)];
  reach(link, connection, link.targets).catch(() => near.destroy());
}

/** Connects to the first target that accepts. */
async function reach(link: Link, connection: Connection, [target, ...others]: readonly number[]): Promise<void> {
  await whileBlackHole(link, connection);
  if (target === undefined) return void connection.near.resetAndDestroy();
  const far = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const isOpen = await new Promise<boolean>((done) => {
    far.once('connect', () => done(true));
    far.on('error', () => done(false));
  });
  if (connection.near.destroyed) return void far.destroy();
  if (!isOpen) return reach(link, connection, others);
  connection.far = far;
  far.once('close', () => {
    if (!connection.isForgotten) connection.near.destroy();
  });
  const end = () => void far.destroy();
  forward(link, connection, connection.near, far).catch(end);
  forward(link, connection, far, connection.near).catch(end);
}

async function forward(link: Link, connection: Connection, from: Socket, to: Socket) {
  try {
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      await whileBlackHole(link, connection);
      if (link.state.mode === 'slow') await sleep(link.state.delayMs + (chunk.length / link.state.bytesPerSecond) * 1_000);
      if (!to.write(chunk)) await new Promise((done) => to.once('drain', done).once('close', done));
    }
    await whileBlackHole(link, connection);
    to.end();
  } catch {
    // A reset is forwarded too, unless the network loses it.
    await whileBlackHole(link, connection);
    to.destroy();
  }
}

async function whileBlackHole(link: Link, connection: Connection) {
  while (link.state.mode === 'blackHole' || connection.isForgotten) await new Promise<void>((done) => link.waiting.add(done));
}

function setState(link: Link, state: LinkState) {
  link.state = state;
  if (state.mode === 'cut')
    for (const { near, far } of link.connections) {
      near.resetAndDestroy();
      far?.resetAndDestroy();
    }
  for (const changed of link.waiting) changed();
  link.waiting.clear();
}

process.on('message', (command: ProxyCommand) => {
  if (command.kind === 'link') return open(command);
  const link = links.get(command.name)!;
  if (command.kind === 'state') return setState(link, command.state);
  if (command.kind === 'targets') return void (link.targets = command.targets);
  for (const connection of link.connections) {
    connection.isForgotten = true;
    // The other side has noticed.
    connection.far?.destroy();
  }
});
process.on('disconnect', () => process.exit());
