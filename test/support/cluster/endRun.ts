import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryFolder } from './memoryFolder.ts';
import { commandsAndEnvironments } from './processes.ts';

/**
 * Kills the processes of a run of tests and deletes its folders, whose names start with `run`. Each process has one of them in its environment (TMPDIR,
 * PATH) or, like PostgreSQL, in its command line.
 */
export async function endRun(run: string): Promise<void> {
  // Killed by SIGKILL, PostgreSQL would leave its shared memory behind. It goes last, because clients restart it.
  await end(() => processesOfRun(run).filter(({ isPostgres }) => !isPostgres), 'SIGKILL');
  await end(() => processesOfRun(run), 'SIGINT', 10_000);
  await end(() => processesOfRun(run), 'SIGKILL');
  for (const parent of [tmpdir(), memoryFolder]) {
    const own = namesIn(parent).filter((name) => name.startsWith(run));
    for (const name of own) rmSync(join(parent, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

type Found = { pid: number; isPostgres: boolean };

function processesOfRun(run: string): Found[] {
  const all = [...commandsAndEnvironments()].filter(({ pid, text }) => pid !== process.pid && text.includes(run));
  return all.map(({ pid, command }) => ({ pid, isPostgres: basename(command.split(/[\0 ]/)[0]!).startsWith('postgres') }));
}

/** Repeats the signal, because a process may have started another one meanwhile. */
async function end(find: () => Found[], signal: NodeJS.Signals, patienceMs = 5_000) {
  const told = new Set<number>();
  const until = performance.now() + patienceMs;
  for (let found = find(); found.length > 0 && performance.now() < until; found = find()) {
    for (const { pid } of found) if (!told.has(pid)) kill(pid, signal);
    for (const { pid } of found) told.add(pid);
    await sleep(20);
  }
}

function kill(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
