import { setTimeout as sleep } from 'node:timers/promises';
import { clockOff } from '../support/app/clock.ts';
import type { Installation } from './installation.ts';
import type { Fault, PlannedFault } from './plan.ts';
import type { Upstream } from './upstream.ts';

/** Injects planned faults. Faults overlap: the next one does not wait for the end of the last. */
export type Injection = {
  /** Processes that were killed or terminated, those of PostgreSQL included. */
  kills(): number;
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

export function injectFaults(
  installation: Installation,
  upstream: Upstream,
  plan: readonly PlannedFault[],
  onFault: (fault: PlannedFault) => void,
): Injection {
  const byKind = new Map<string, number>();
  const began = Date.now();
  const underway = new Set<Promise<void>>();
  const exclusive = createExclusive();
  let kills = 0;

  async function inject(fault: Fault): Promise<void> {
    const { servers, proxy, postgres, disk } = installation;
    switch (fault.kind) {
      case 'kill':
      case 'terminate': {
        kills++;
        servers[fault.target].override({});
        return servers[fault.target].restart(fault.kind === 'kill' ? 'SIGKILL' : 'SIGTERM', fault.downMs);
      }
      case 'clock': {
        kills++;
        servers[fault.target].override(clockOff(fault.offSeconds));
        return servers[fault.target].restart('SIGKILL', fault.downMs);
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
  return { kills: () => kills, byKind, done: run() };
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
