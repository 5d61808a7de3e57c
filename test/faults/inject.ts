import { setTimeout as sleep } from 'node:timers/promises';
import type { Flood } from './flood.ts';
import type { Installation } from './installation.ts';
import { type Fault, type PlannedFault, storageLink } from './plan.ts';
import type { Upstream } from './upstream.ts';

/** Injects one fault. Resolves when it has ended; processes and connections may not have recovered. */
export type Inject = (fault: Fault) => Promise<void>;

/** Injects planned faults. Faults overlap: the next one does not wait for the end of the last. */
export type Injection = {
  byKind: Map<string, number>;
  /** Resolves when all planned faults have been injected and have ended. */
  done: Promise<void>;
};

const signalTo = (pid: number, signal: NodeJS.Signals) => {
  try {
    process.kill(pid, signal);
    return 1;
  } catch {
    return 0;
  }
};

/** How long a process may take to start with a wrong clock until the clock is mended, in milliseconds. */
const maxStartMs = 20_000;

/** `kills` counts processes that were killed or terminated, those of PostgreSQL included. */
export function createInjector(installation: Installation, upstream: Upstream, flood: Flood): { inject: Inject; kills(): number } {
  const exclusive = createExclusive();
  let kills = 0;

  async function inject(fault: Fault): Promise<void> {
    const { servers, proxy, postgres, disk, setClock } = installation;
    switch (fault.kind) {
      case 'kill':
      case 'terminate': {
        kills++;
        setClock(fault.target, 0);
        return servers[fault.target].restart(fault.kind === 'kill' ? 'SIGKILL' : 'SIGTERM', fault.downMs);
      }
      case 'clock': {
        kills++;
        setClock(fault.target, fault.offSeconds);
        return servers[fault.target].restart('SIGKILL', fault.downMs);
      }
      case 'clock.jump':
      case 'clock.start':
        return exclusive(`clock of ${fault.target}`, async () => {
          setClock(fault.target, fault.offSeconds);
          if (fault.kind === 'clock.start') {
            kills++;
            await servers[fault.target].restart('SIGKILL', 0);
            await Promise.race([servers[fault.target].ready(), sleep(maxStartMs)]);
          }
          await sleep(fault.ms);
          setClock(fault.target, 0);
        });
      case 'memory': {
        kills++;
        return servers[fault.target].restart('SIGUSR2', fault.downMs);
      }
      case 'freeze': {
        const pid = servers[fault.target].pid();
        if (pid === undefined) return;
        signalTo(pid, 'SIGSTOP');
        await sleep(fault.ms);
        return void signalTo(pid, 'SIGCONT');
      }
      case 'postgres.kill':
        kills += signalTo(postgres.postmaster(), 'SIGKILL');
        return;
      case 'postgres.restart':
        kills += signalTo(postgres.postmaster(), 'SIGINT');
        return;
      case 'postgres.killBackend': {
        const [pid] = await postgres.backends();
        if (pid) kills += signalTo(pid, 'SIGKILL');
        return;
      }
      case 'postgres.terminateBackends': {
        const pids = await postgres.backends();
        for (const pid of pids.slice(0, Math.ceil(pids.length * fault.share))) kills += signalTo(pid, 'SIGTERM');
        return;
      }
      case 'postgres.freeze': {
        const pids = postgres.pids();
        for (const pid of pids) signalTo(pid, 'SIGSTOP');
        await sleep(fault.ms);
        for (const pid of pids) signalTo(pid, 'SIGCONT');
        return;
      }
      case 'flush.hang': {
        const pids = await postgres.flushes();
        for (const pid of pids) signalTo(pid, 'SIGSTOP');
        await sleep(fault.ms);
        for (const pid of pids) signalTo(pid, 'SIGCONT');
        return;
      }
      case 'pool.flood':
      case 'pool.lock':
        return flood.rush(fault.ms, fault.kind === 'pool.lock');
      case 'link.cut':
      case 'link.blackHole':
      case 'link.slow':
        return exclusive(fault.link, async () => {
          if (fault.kind === 'link.slow')
            proxy.set(fault.link, { mode: 'slow', delayMs: fault.delayMs, bytesPerSecond: fault.bytesPerSecond });
          else proxy.set(fault.link, { mode: fault.kind === 'link.cut' ? 'cut' : 'blackHole' });
          await sleep(fault.ms);
          proxy.set(fault.link, { mode: 'open' });
        });
      case 'link.forget':
        return exclusive(fault.link, async () => {
          proxy.set(fault.link, { mode: 'blackHole' });
          proxy.forget(fault.link);
          await sleep(fault.ms);
          proxy.set(fault.link, { mode: 'open' });
        });
      case 'disk.postgres':
        return exclusive('disk', async () => {
          await disk.setFull(fault.share).catch(() => undefined);
          await sleep(fault.ms);
          await repeat(() => disk.setFull(0));
        });
      case 'disk.storage':
        return exclusive('storage', async () => {
          disk.setStorageWritable(false);
          await sleep(fault.ms);
          disk.setStorageWritable(true);
        });
      case 'storage.blackHole':
        return exclusive('storage', async () => {
          proxy.set(storageLink, { mode: 'blackHole' });
          await sleep(fault.ms);
          proxy.set(storageLink, { mode: 'open' });
        });
      case 'vendor':
      case 'tools':
      case 'receiver':
        return exclusive(fault.kind, async () => {
          upstream.behave(fault.kind, fault.mode);
          await sleep(fault.ms);
          upstream.behave(fault.kind, 'ok');
        });
    }
  }

  return { inject, kills: () => kills };
}

export function injectFaults(inject: Inject, plan: readonly PlannedFault[], onFault: (fault: PlannedFault) => void): Injection {
  const byKind = new Map<string, number>();
  const began = Date.now();
  const underway = new Set<Promise<void>>();

  async function run() {
    for (const fault of plan) {
      await sleep(Math.max(0, began + fault.at - Date.now()));
      byKind.set(fault.kind, (byKind.get(fault.kind) ?? 0) + 1);
      onFault(fault);
      const injected: Promise<void> = inject(fault).finally(() => underway.delete(injected));
      underway.add(injected);
    }
    await Promise.all(underway);
  }
  return { byKind, done: run() };
}

/** Faults of one thing wait for each other, so that the end of one does not end another. */
function createExclusive() {
  const last = new Map<string, Promise<void>>();
  return (thing: string, work: () => Promise<void>): Promise<void> => {
    const done = (last.get(thing) ?? Promise.resolve()).then(work);
    last.set(thing, done);
    return done;
  };
}

/** PostgreSQL may be down. */
async function repeat(work: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      return await work();
    } catch {
      await sleep(200);
    }
  }
  throw new Error('the fault of the disk could not be ended');
}
