import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { resolveProgram } from '../../../platform/config/allowedPrograms.ts';
import { errorCodeOf } from '../../../platform/operatorError.ts';
import { protocolError } from '../failures.ts';
import type { Server } from '../server.ts';
import { lineReader } from './lineReader.ts';
import { maxMessageBytes } from './sizeLimits.ts';

/** Time between SIGTERM and SIGKILL, in milliseconds. */
const graceMs = 1_000;

const maxLogLineBytes = 1_024;
const maxStderrLineBytes = 16 * 1_024;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** `parse` throws for a line that is not a message. `log` gets the lines of stderr. */
type StdioDeps = { parse(line: string): JSONRPCMessage; log(line: string): void };

/**
 * A server that is a local program: one JSON-RPC message per line. The program runs without a shell and sees exactly
 * the environment of its configuration. It is ended together with all processes in its group.
 */
export function stdioTransport(server: Server, { parse, log }: StdioDeps): Transport {
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
          lineReader(maxStderrLineBytes, (line, whole) => log(logged(line.toString(), whole, server.env))),
        );
        // A program that stops reading is about to exit, and its exit is handled.
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
    // Kill its child processes too, even if it exited by itself. A child that left the process group may hold the pipes
    // open, so close them.
    signal(child, 'SIGKILL');
    setTimeout(() => [child.stdout, child.stderr].map((stream) => stream.destroy()), 100);
  });
  return child;
}

function messageReader(parse: StdioDeps['parse'], transport: Transport) {
  return lineReader(maxMessageBytes, (line, whole) => {
    const text = line.toString().trim();
    if (!whole) return transport.onerror?.(protocolError('The tool server sent a message that is too long.'));
    if (text === '') return;
    try {
      transport.onmessage?.(parse(text));
    } catch (error) {
      transport.onerror?.(error as Error);
    }
  });
}

/** Sends SIGTERM to the process group, and SIGKILL after `graceMs`. */
async function end(child: Child): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.stdin.destroy();
  signal(child, 'SIGTERM');
  const late = setTimeout(() => signal(child, 'SIGKILL'), graceMs);
  await gone;
  clearTimeout(late);
}

/** A negative pid addresses the process group, whose id is that of its first process. */
function signal({ pid }: Child, name: NodeJS.Signals) {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch (error) {
    // The group is empty, or its processes may not be signaled: they belong to another user or, on some systems, have just exited.
    if (!['ESRCH', 'EPERM'].includes(errorCodeOf(error) ?? '')) throw error;
  }
}

/**
 * A line for the log, at most 1 024 bytes, with secrets masked. Values under 6 characters are kept: they could occur in
 * ordinary words.
 */
function logged(line: string, whole: boolean, env: Record<string, string>): string {
  const secrets = Object.values(env).flatMap((value) => value.split(/\r?\n/).filter((part) => part.length >= 6));
  const longestFirst = secrets.sort((a, b) => b.length - a.length);
  const hidden = longestFirst.reduce((text, secret) => text.replaceAll(secret, '******'), line);
  // A truncated line may end with the beginning of a secret.
  const safe = whole ? hidden : hidden.slice(0, Math.max(0, hidden.length - (longestFirst[0]?.length ?? 0)));
  // In stream mode the decoder withholds a truncated last character.
  return new TextDecoder().decode(Buffer.from(safe).subarray(0, maxLogLineBytes), { stream: true });
}
