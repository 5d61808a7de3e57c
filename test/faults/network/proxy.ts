import { fork } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../support/app/ports.ts';
import type { LinkState, ProxyCommand, ProxyReply } from './messages.ts';

/** A proxy process with named links, each of which listens on a port and leads to other ports. */
export type Proxy = {
  pid: number;
  /** Returns the port that leads to the first of `targets` that accepts, beginning with the next one at each connection. */
  link(name: string, targets: readonly number[]): Promise<number>;
  /** Where new connections lead. Connections that exist stay. */
  lead(name: string, targets: readonly number[]): void;
  set(name: string, state: LinkState): void;
  /** Nothing passes through the connections that exist now, and nothing tells their ends. */
  forget(name: string): void;
  stop(): void;
};

export function startProxy(): Proxy {
  const child = fork(new URL('./proxyProcess.ts', import.meta.url), { execArgv: [] });
  const send = (command: ProxyCommand) => {
    if (child.connected) child.send(command);
  };
  return {
    pid: child.pid!,
    async link(name, targets) {
      const port = await freePort();
      send({ kind: 'link', name, port, targets });
      for (;;) {
        const [reply] = (await once(child, 'message')) as [ProxyReply];
        if (reply.name === name) return port;
      }
    },
    lead: (name, targets) => send({ kind: 'targets', name, targets }),
    set: (name, state) => send({ kind: 'state', name, state }),
    forget: (name) => send({ kind: 'forget', name }),
    stop: () => child.disconnect(),
  };
}
