import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../app/ports.ts';
import { machinePath } from '../app/programs.ts';
import type { Broker } from './channelSuite.ts';

/** A broker on a fixed port of loopback, which is killed with the process of the test at the latest. */
async function brokerOf(
  url: (port: number) => string,
  command: (port: number) => [program: string, ...args: string[]],
): Promise<Broker & { pid(): number | undefined }> {
  const port = await freePort();
  const [program, ...args] = command(port);
  let child: ChildProcess | undefined;
  process.once('exit', () => child?.kill('SIGKILL'));
  return {
    url: url(port),
    pid: () => child?.pid,
    async start() {
      child = spawn(program, args, { stdio: 'ignore', env: { PATH: machinePath() } });
      for (let tries = 0; !(await accepts(port)); tries++) {
        if (tries > 200) throw new Error(`${program} does not start`);
        await sleep(25);
      }
    },
    async stop() {
      if (child?.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const isInstalled = (program: string) => spawnSync(program, ['--version'], { env: { PATH: machinePath() } }).status === 0;
const missing = (program: string) => ({ reason: `${program} is not installed` });

/** A Redis without persistence. */
export const redis = async (program = 'redis-server') =>
  isInstalled(program)
    ? await brokerOf(
        (port) => `redis://127.0.0.1:${port}`,
        (port) => [program, '--port', `${port}`, '--bind', '127.0.0.1', '--save', ''],
      )
    : missing(program);

export const nats = async (program = 'nats-server') =>
  isInstalled(program)
    ? await brokerOf(
        (port) => `nats://127.0.0.1:${port}`,
        (port) => [program, '--addr', '127.0.0.1', '--port', `${port}`],
      )
    : missing(program);
