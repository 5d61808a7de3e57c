import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { machinePath } from '../app/programs.ts';
import { eventually } from '../resources/conversation.ts';
import { findCommand, runOrThrow } from './thirdParty.ts';

/** Downloads, kept between test runs. */
const cache = fileURLToPath(new URL('../../../.cache/counterparts/', import.meta.url));

/** A required tool is missing on this machine. Fails the test with a one-line message. */
export class MissingToolError extends Error {
  override name = 'Missing';
}

/** Builds something in a cache folder, once. `name` must contain the versions. */
export async function buildOnce(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = join(cache, name);
  const done = join(folder, '.made');
  if (existsSync(done)) return folder;
  await mkdir(folder, { recursive: true });
  await make(folder);
  await writeFile(done, '');
  return folder;
}

/** Maximum time of a download, in milliseconds. */
const fetchMs = 600_000;

/** Installs packages, each with its version, into a virtual environment. Returns a function that gives the path of a program. */
export async function python(...packages: string[]): Promise<(program: string) => string> {
  const system = await findCommand(['python3', 'python'], ['-m', 'venv', '--help'], '.');
  if (!system) throw new MissingToolError('there is no Python with venv on this machine');
  const folder = await buildOnce(`python ${packages.join(' ')}`.replace(/[^\w.-]+/g, '-'), async (cwd) => {
    const uv = await uvOf(system);
    await runOrThrow(uv, ['venv', '--quiet', '--clear', '--python', system, '.'], { cwd, ms: fetchMs });
    await runOrThrow(uv, ['pip', 'install', '--quiet', '--python', 'bin/python', ...packages], { cwd, ms: fetchMs });
  });
  return (program) => join(folder, 'bin', program);
}

/** uv resolves the dependencies of LiteLLM in seconds. */
async function uvOf(system: string): Promise<string> {
  const folder = await buildOnce('uv-0.13.9', async (cwd) => {
    await runOrThrow(system, ['-m', 'venv', '.'], { cwd, ms: fetchMs });
    await runOrThrow(join(cwd, 'bin/python'), ['-m', 'pip', 'install', '--quiet', 'uv==0.13.9'], { cwd, ms: fetchMs });
  });
  return join(folder, 'bin/uv');
}

/**
 * Starts a third-party server and waits up to 180 s until it is up. Killed when the test ends. If it exits during the start, the error
 * includes its output.
 */
export async function startServer(
  program: string,
  args: readonly string[],
  isUp: () => Promise<boolean>,
  env: Record<string, string> = {},
) {
  const child = spawn(program, args, { env: { ...process.env, PATH: machinePath(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
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

/** Whether a URL returns an HTTP response, with any status. */
export const answersAt = (url: string) => async () =>
  fetch(url).then(
    () => true,
    () => false,
  );
