import { spawn } from 'node:child_process';

export type Ended = { code: number | null; stdout: string; stderr: string };

/** Runs a program for at most `ms`. Never rejects: `code` is null if the program did not start or was killed. */
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
