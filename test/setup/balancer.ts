import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What stands in front of several of a kind: it passes connections on, to the first of its targets that accepts one. */
export type Balancer = {
  url: string;
  /** In the order in which they are tried. */
  targets: string[];
  /** Whether connections are spread over the targets, instead of going to the first while that lives. */
  spread: boolean;
};

/** A balancer of connections on loopback; ended after the test. */
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
