import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from './conversation.ts';
import { firstOf, must } from './thirdParty.ts';

/** What is fetched once and kept from one run of the tests to the next. */
export const cache = new URL('../../.cache/counterparts/', import.meta.url).pathname;

/** A part of the toolchain that is missing fails the tests that need it, with one line. */
export class Missing extends Error {
  override name = 'Missing';
}

/** Make something in a folder of the cache, unless it was made before; its name holds the versions. */
export async function made(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = join(cache, name);
  const done = join(folder, '.made');
  if (existsSync(done)) return folder;
  await mkdir(folder, { recursive: true });
  await make(folder);
  await writeFile(done, '');
  return folder;
}

/** Longest time of a download, in milliseconds. */
const fetchMs = 600_000;

/** A Python with packages, each with its version; tells where its programs are. */
export async function python(...packages: string[]): Promise<(program: string) => string> {
  const system = await firstOf(['python3', 'python'], ['-m', 'venv', '--help'], '.');
  if (!system) throw new Missing('there is no Python with venv on this machine');
  const folder = await made(`python ${packages.join(' ')}`.replace(/[^\w.-]+/g, '-'), async (cwd) => {
    const uv = await uvOf(system);
    await must(uv, ['venv', '--quiet', '--clear', '--python', system, '.'], { cwd, ms: fetchMs });
    await must(uv, ['pip', 'install', '--quiet', '--python', 'bin/python', ...packages], { cwd, ms: fetchMs });
  });
  return (program) => join(folder, 'bin', program);
}

/** An installer that resolves what LiteLLM needs in seconds. */
async function uvOf(system: string): Promise<string> {
  const folder = await made('uv-0.13.9', async (cwd) => {
    await must(system, ['-m', 'venv', '.'], { cwd, ms: fetchMs });
    await must(join(cwd, 'bin/python'), ['-m', 'pip', 'install', '--quiet', 'uv==0.13.9'], { cwd, ms: fetchMs });
  });
  return join(folder, 'bin/uv');
}

/** A server of a counterpart on a port; it ends with the test. Its output is part of the error when it does not answer. */
export async function startServer(
  program: string,
  args: readonly string[],
  isUp: () => Promise<boolean>,
  env: Record<string, string> = {},
) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(stop);
  const up = async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended at once: ${output}`);
    return isUp();
  };
  await eventually(up, `the start of ${program}`, 180_000);
  return { stop, output: () => output };
}

/** Whether something answers HTTP at a URL, whatever it says. */
export const answersAt = (url: string) => async () =>
  fetch(url).then(
    () => true,
    () => false,
  );
