import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { openThread, startRun } from '../setup/conversation.ts';
import { readAll } from '../setup/events.ts';
import { expectSound } from '../setup/invariants.ts';
import { sameKeys } from '../setup/process.ts';
import { callTo, startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const run = promisify(execFile);
const entry = new URL('../../server/main.ts', import.meta.url).pathname;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** An instance that says everything it can, and what becomes of its output. */
async function startTalkative(sink: (spawned: (out: number | 'pipe') => ChildProcess) => ChildProcess) {
  const [api, gateway] = [await freePort(), await freePort()];
  const env = {
    PATH: process.env.PATH,
    ...sameKeys,
    ARKLOOP_DATABASE_URL: world.databaseUrl,
    ARKLOOP_API_ADDR: `127.0.0.1:${api}`,
    ARKLOOP_GATEWAY_ADDR: `127.0.0.1:${gateway}`,
    ARKLOOP_LOG_LEVEL: 'debug',
    ARKLOOP_RATELIMIT_CAPACITY: '1000000',
  };
  const child = sink((out) => spawn(process.execPath, [entry, 'all'], { env, stdio: ['ignore', out, out] }));
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await exited;
  });
  const url = `http://127.0.0.1:${gateway}`;
  const isReady = () =>
    child.exitCode ??
    fetch(`${url}/readyz`).then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(isReady, { timeout: 25_000, interval: 50 }).toBe(200);
  return { url, pid: child.pid!, end: () => child.kill('SIGTERM'), exited };
}

/** Files that take nothing more. */
const full = () => openSync('/dev/full', 'w');
/** A pipe whose reader does not read: of its 64 KiB a quarter is left. */
function stalled() {
  const path = join(tmpdir(), `arkloop-stalled-${process.pid}`);
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, 'r+');
  rmSync(path);
  writeSync(pipe, 'x'.repeat(48 * 1_024));
  return pipe;
}
/** A pipe whose reader has gone. */
function abandoned(spawned: (out: 'pipe') => ChildProcess) {
  const child = spawned('pipe');
  child.stdout!.destroy();
  child.stderr!.destroy();
  return child;
}
const into = (open: () => number) => (spawned: (out: number) => ChildProcess) => {
  const file = open();
  onTestFinished(() => closeSync(file));
  return spawned(file);
};

test.each([
  ['a disk that is full', into(full)],
  ['a reader that does not read', into(stalled)],
  ['a reader that has gone', abandoned],
])(
  '%s costs the log, and nothing else',
  async (_, sink) => {
    const { url, end, exited } = await startTalkative(sink);
    const call = callTo(url);
    const [bob, ann] = [await world.signUp(), await world.signUp()];
    // Each of these leaves a line of the log.
    const trespass = () => call('GET', '/v1/threads', { token: bob.token, headers: { 'x-account-id': ann.accountId } });
    for (let round = 0; round < 60; round++) {
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, at) => (at % 2 ? trespass() : call('GET', '/v1/me', { token: bob.token }))),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map((_, at) => (at % 2 ? 404 : 200)));
    }
    const runId = await startRun({ call }, bob, await openThread({ call }, bob));
    await readAll(url, runId, bob.token);
    expect((await expectSound(world, runId, bob.token)).at(-1)?.type).toBe('run.completed');
    end();
    expect(await exited).toEqual([0, null]);
  },
  60_000,
);

test('lines that nobody takes wait up to a bound, the rest is dropped, and when it goes on it says how many', async () => {
  const source = new URL('../../server/kernel/log.ts', import.meta.url).href;
  const script = `const { flushLog, openLog } = await import(${JSON.stringify(source)});
    const log = openLog({ logLevel: 'info', logMode: 'json' });
    for (let at = 0; at < 20_000; at++) log.info({ pad: 'x'.repeat(500) }, 'line');
    await flushLog(log);
    await flushLog(log);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { maxBuffer: 64 * 1024 * 1024 });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(Buffer.byteLength(stdout)).toBeLessThan(4.1 * 1024 * 1024);
  const written = lines.filter(({ msg }) => msg === 'line').length;
  expect(lines.at(-1)).toMatchObject({ dropped: 20_000 - written, msg: 'lines of the log were dropped' });
  expect(written).toBeGreaterThan(5_000);
});
