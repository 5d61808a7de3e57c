import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/* `npm run test:stalls -- FILES`: runs tests while three of their processes at a time (Vitest, servers, PostgreSQL, browsers) are stopped for 0.1 to 2.5 s,
   chosen at random, as on a machine that does other work too. A test that fails here depends on the speed of the machine. Linux only: it reads /proc. */

const { values, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' } },
});
const rounds = Number(values.rounds);
if (filters.length === 0 || !Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write('usage: npm run test:stalls -- [--rounds 5] FILES (parts of the paths of test files, such as members)\n');
  process.exit(2);
}

const stalled = 3;
const between = (least: number, most: number) => least + Math.random() * (most - least);
/** Milliseconds that a process is stopped: as often below half a second as above. */
const stallMs = () => 100 * 25 ** Math.random();

type Running = { pid: number; parent: number; ticks: number; isStopped: boolean };

/** From the fields after the name in /proc/PID/stat, which may contain spaces. */
function processes(): Running[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [
        { pid: Number(pid), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]), isStopped: fields[0] === 'T' },
      ];
    } catch {
      return []; // It has ended.
    }
  });
}

function below(root: number, all: readonly Running[]): Running[] {
  return all.filter(({ parent }) => parent === root).flatMap((child) => [child, ...below(child.pid, all)]);
}

const ticksBefore = new Map<number, number>();

/**
 * A process below `root` that no test has stopped. Mostly one that has worked since the last call: most of the others are connections of PostgreSQL
 * that nobody uses.
 */
function chooseOne(root: number): number | undefined {
  const all = below(root, processes()).filter(({ isStopped }) => !isStopped);
  const working = all.filter(({ pid, ticks }) => ticks !== ticksBefore.get(pid));
  for (const { pid, ticks } of all) ticksBefore.set(pid, ticks);
  const among = working.length > 0 && Math.random() < 0.8 ? working : all;
  return among[Math.floor(Math.random() * among.length)]?.pid;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

async function stallSome({ pid }: ChildProcess, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    const chosen = chooseOne(pid!);
    if (chosen !== undefined) {
      signal(chosen, 'SIGSTOP');
      await sleep(stallMs());
      signal(chosen, 'SIGCONT');
    }
    await sleep(between(10, 200));
  }
}

// Every process that is stopped has to continue before this one ends.
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

let passed = 0;
for (let round = 1; round <= rounds && !interrupted.signal.aborted; round++) {
  const vitest = spawn('vitest', ['run', ...filters], { stdio: 'inherit' });
  interrupted.signal.addEventListener('abort', () => vitest.kill('SIGINT'));
  const ended = new AbortController();
  const stalls = Promise.all(Array.from({ length: stalled }, () => stallSome(vitest, ended.signal)));
  const [status] = await once(vitest, 'close');
  ended.abort();
  await stalls;
  if (status === 0) passed++;
}
process.stdout.write(`${passed} of ${rounds} rounds passed\n`);
process.exitCode = passed === rounds ? 0 : 1;
