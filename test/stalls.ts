import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/* `npm run test:stalls -- FILES`: runs tests while three of their processes at a time (Vitest, servers, PostgreSQL, browsers) are stopped for up to 0.8 s,
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

/** The processes below `root`, from the field after the name in /proc/PID/stat, which may contain spaces. */
function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number))
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), pid]);
    } catch {
      // It has ended.
    }
  const below = (pid: number): number[] => (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(root);
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
    const all = descendants(pid!);
    const chosen = all[Math.floor(Math.random() * all.length)];
    if (chosen !== undefined) {
      signal(chosen, 'SIGSTOP');
      await sleep(between(100, 800));
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
