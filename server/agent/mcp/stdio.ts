import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { codeOf } from '../../kernel/operatorError.ts';
import { resolveProgram } from '../../kernel/programs.ts';
import { garbled } from './failures.ts';
import { longestMessage } from './limits.ts';
import { lineReader } from './lines.ts';
import type { Server } from './server.ts';

/** How long a process may take to end when it is asked to, in milliseconds. */
const graceMs = 1_000;

const longestLogLine = 1_024;
const longestReadLine = 16 * 1_024;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** What a transport needs of the outside: how messages are read (throws for what is none), and where lines of stderr go. */
type Surroundings = { parse(line: string): JSONRPCMessage; log(line: string): void };

/**
 * A server that is a program on this machine: one JSON-RPC message a line. The program runs without a shell, sees exactly the environment
 * of its configuration, and is ended with everything that it has started.
 */
export function stdioTransport(server: Server, { parse, log }: Surroundings): Transport {
  let child: Child | undefined;
  const transport: Transport = {
    start: () =>
      new Promise((resolve, reject) => {
        child = launch(server);
        child.once('error', reject).once('spawn', resolve);
        child.once('close', () => transport.onclose?.());
        child.stdout.on('data', messageReader(parse, transport));
        child.stderr.on(
          'data',
          lineReader(longestReadLine, (line, whole) => log(logged(line.toString(), whole, server.env))),
        );
        // A program that reads no more is about to end, which is told by itself.
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
      }),
    send: (message) =>
      new Promise((resolve, reject) => {
        if (!child?.stdin.writable) return reject(new Error('Not connected'));
        child.stdin.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => (child ? end(child) : Promise.resolve()),
  };
  return transport;
}

function launch({ command, args, cwd, env }: Server): Child {
  const child = spawn(resolveProgram(command!), args, {
    env,
    cwd: cwd ?? '/',
    shell: false,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.once('exit', () => {
    // Those that it started go with it, also when it ends by itself; one that left the group may hold the pipes, which are let go of.
    signal(child, 'SIGKILL');
    setTimeout(() => [child.stdout, child.stderr].map((stream) => stream.destroy()), 100);
  });
  return child;
}

function messageReader(parse: Surroundings['parse'], transport: Transport) {
  return lineReader(longestMessage, (line, whole) => {
    const text = line.toString().trim();
    if (!whole) return transport.onerror?.(garbled('The tool server sent a message that is too long.'));
    if (text === '') return;
    try {
      transport.onmessage?.(parse(text));
    } catch (error) {
      transport.onerror?.(error as Error);
    }
  });
}

/** Ask the whole group to end, and make it. */
async function end(child: Child): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.stdin.destroy();
  signal(child, 'SIGTERM');
  const late = setTimeout(() => signal(child, 'SIGKILL'), graceMs);
  await gone;
  clearTimeout(late);
}

/** To the process group, whose number is that of its first process. */
function signal({ pid }: Child, name: NodeJS.Signals) {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch (error) {
    // Nobody is left, or only those that may not be ended: programs of another user, on some systems processes that have just ended.
    if (!['ESRCH', 'EPERM'].includes(codeOf(error) ?? '')) throw error;
  }
}

/** A line for the log, without secrets and at most 1 024 bytes. Short values are left: they occur in words that are no secrets. */
function logged(line: string, whole: boolean, env: Record<string, string>): string {
  const secrets = Object.values(env).flatMap((value) => value.split(/\r?\n/).filter((part) => part.length >= 6));
  const longestFirst = secrets.sort((a, b) => b.length - a.length);
  const hidden = longestFirst.reduce((text, secret) => text.replaceAll(secret, '******'), line);
  // Where a line was cut the beginning of a secret may stand.
  const safe = whole ? hidden : hidden.slice(0, Math.max(0, hidden.length - (longestFirst[0]?.length ?? 0)));
  // A stream waits for the rest of a character that is cut, so it is left out.
  return new TextDecoder().decode(Buffer.from(safe).subarray(0, longestLogLine), { stream: true });
}
