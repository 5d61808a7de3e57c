import { spawn } from 'node:child_process';

/** How a program ended. */
export type Ended = { code: number | null; stdout: string; stderr: string };

/** Run a program to its end, in a folder, for at most so long. */
export function run(command: string, args: readonly string[], { cwd, env = {}, ms = 60_000 }: RunOptions): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, timeout: ms });
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

/** Run a program that must succeed; tells what it printed. */
export async function must(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} (${code}):\n${stdout.slice(-4_000)}\n${stderr.slice(-4_000)}`);
  return stdout;
}

/** What a consumer printed last. */
export const lastLine = (text: string): unknown => JSON.parse(text.trim().split('\n').at(-1)!);

/** The first of the programs that is on this machine and works; undefined when there is none. */
export async function firstOf(commands: readonly string[], args: readonly string[], cwd: string): Promise<string | undefined> {
  for (const command of commands) if ((await run(command, args, { cwd, ms: 10_000 })).code === 0) return command;
  return undefined;
}
