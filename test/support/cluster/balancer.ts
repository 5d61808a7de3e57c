import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A TCP load balancer. It forwards a connection to the first target that accepts it. */
export type Balancer = {
  url: string;
  /** Tried in this order. */
  targets: string[];
  /** Rotates the targets with each connection, instead of preferring the first. */
  spread: boolean;
};

/** Listens on loopback until the test ends. */
export async function startBalancer(...targets: string[]): Promise<Balancer> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    open.add(near.on('error', () => undefined).on('close', () => open.delete(near)));
    if (balancer.spread) balancer.targets.push(...balancer.targets.splice(0, 1));
    passOn(near, [...balancer.targets]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const balancer: Balancer = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, targets, spread: false };
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return balancer;
}

function passOn(near: Socket, [target, ...others]: string[]) {
  if (!target) return near.destroy();
  const { hostname, port } = new URL(target);
  const far = connect(Number(port), hostname);
  const refused = () => passOn(near, others);
  far.once('error', refused);
  near.once('close', () => far.destroy());
  far.once('connect', () => {
    far
      .off('error', refused)
      .on('error', () => near.destroy())
      .on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
}
