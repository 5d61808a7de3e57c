import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machinePath } from '../app/programs.ts';

export type Ended = { code: number | null; stdout: string; stderr: string };

/** Runs a program for at most `ms`. Never rejects: `code` is null if the program did not start or was killed. */
export function run(command: string, args: readonly string[], { cwd, env = {}, ms = 250_000 }: RunOptions): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, PATH: machinePath(), ...env }, timeout: ms });
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      ended.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      ended.stderr += chunk;
    });
    child.on('error', (error) => resolve({ ...ended, stderr: error.message }));
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}

type RunOptions = { cwd: string; env?: Record<string, string>; ms?: number };

/** Like `run`, but throws if the program fails. Returns its standard output. */
export async function runOrThrow(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} (${code}):\n${stdout.slice(-4_000)}\n${stderr.slice(-4_000)}`);
  return stdout;
}

/** Parses the last line of an output as JSON. */
export const lastLine = (text: string): unknown => JSON.parse(text.trim().split('\n').at(-1)!);

/** The first command that runs successfully; undefined if none does. */
export async function findCommand(commands: readonly string[], args: readonly string[], cwd: string): Promise<string | undefined> {
  for (const command of commands) if ((await run(command, args, { cwd, ms: 10_000 })).code === 0) return command;
  return undefined;
}

/** The generators that the tests fetch, with their versions. The guide of the generated clients names the same. */
export const generators = {
  '@hey-api/openapi-ts': '0.99.0',
  orval: '8.38.0',
  'swagger-typescript-api': '13.13.0',
  '@kubb/core': '4.39.3',
  'openapi-python-client': '0.29.1',
  'oapi-codegen': '2.8.2',
  'openapi-generator': '7.26.0',
} as const;

/** Downloaded generators, kept between test runs. */
const cache = join(tmpdir(), 'arkloop-third-party-cache');

const lastLineOf = (text: string) => text.trim().split('\n').at(-1);

/** The folder of npm packages in the cache, which it fetches if needed; or why that is impossible. */
export async function fetchNpm(name: string, packages: readonly string[]): Promise<{ folder: string } | { missing: string }> {
  const folder = join(cache, name);
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return { folder };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages];
  const { code, stderr } = await run('npm', install, { cwd: folder, ms: 240_000 });
  if (code !== 0) return { missing: `${name} cannot be fetched: ${lastLineOf(stderr)}` };
  writeFileSync(complete, '');
  return { folder };
}

/** The path of a program in a virtual environment with Python packages in the cache, which it fetches if needed; or why that is impossible. */
export async function fetchPip(name: string, packages: readonly string[]): Promise<{ bin(program: string): string } | { missing: string }> {
  mkdirSync(cache, { recursive: true });
  const python = await findCommand(['python3', 'python'], ['-m', 'venv', '--help'], cache);
  if (!python) return { missing: 'there is no Python with venv on this machine' };
  const folder = join(cache, name);
  const bin = (program: string) => join(folder, process.platform === 'win32' ? 'Scripts' : 'bin', program);
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return { bin };
  await runOrThrow(python, ['-m', 'venv', folder], { cwd: cache });
  const { code, stderr } = await run(bin('pip'), ['install', '--quiet', ...packages], { cwd: cache, ms: 240_000 });
  if (code !== 0) return { missing: `${name} cannot be fetched: ${lastLineOf(stderr)}` };
  writeFileSync(complete, '');
  return { bin };
}
