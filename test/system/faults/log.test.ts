import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../support/app/ports.ts';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { machinePath, missingPrograms } from '../../support/app/programs.ts';
import { callTo, startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { readAll } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp({}, { worker: false });
const run = promisify(execFile);
const entry = fileURLToPath(new URL('../../../server/main.ts', import.meta.url));

/** Starts an instance that logs at level debug into `sink`. */
async function startTalkative(sink: (spawned: (out: number | 'pipe') => ChildProcess) => ChildProcess) {
  const [api, gateway] = [await freePort(), await freePort()];
  const env = {
    PATH: process.env.PATH,
    ...testKeysEnv,
    ARKLOOP_DATABASE_URL: app.databaseUrl,
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
  await expect.poll(isReady).toBe(200);
  return { url, pid: child.pid!, end: () => child.kill('SIGTERM'), exited };
}

/** A file on a full disk. */
const full = () => openSync('/dev/full', 'w');
/** A pipe whose reader does not read, with 16 of its 64 KiB free. */
function stalled() {
  const path = join(tmpdir(), `arkloop-stalled-${process.pid}`);
  execFileSync('mkfifo', [path], { env: { PATH: machinePath() } });
  const pipe = openSync(path, 'r+');
  rmSync(path);
  writeSync(pipe, 'x'.repeat(48 * 1_024));
  return pipe;
}
/** A pipe whose reader has closed it. */
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

test.for<[string, (spawned: (out: number | 'pipe') => ChildProcess) => ChildProcess, string?]>([
  ['a full disk', into(full)],
  ['a reader that does not read', into(stalled), 'mkfifo'],
  ['a reader that has closed the pipe', abandoned],
])('%s affects only the log', async ([, sink, program], { skip }) => {
  const missing = program && missingPrograms(program);
  skip(missing !== undefined, missing);
  const { url, end, exited } = await startTalkative(sink);
  const call = callTo(url);
  const [bob, ann] = [await app.signUp(), await app.signUp()];
  // Each of these calls writes a log line.
  const trespass = () => call('GET', '/v1/threads', { token: bob.token, headers: { 'x-account-id': ann.accountId } });
  for (let round = 0; round < 60; round++) {
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, at) => (at % 2 ? trespass() : call('GET', '/v1/me', { token: bob.token }))),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map((_, at) => (at % 2 ? 404 : 200)));
  }
  const runId = await startRun({ call }, bob, await openThread({ call }, bob));
  await readAll(url, runId, bob.token);
  expect((await expectRunInvariants(app, runId, bob.token)).at(-1)?.type).toBe('run.completed');
  end();
  expect(await exited).toEqual([0, null]);
});

test('unread log lines are buffered up to a limit, the rest is dropped, and the number of dropped lines is logged', async () => {
  const source = new URL('../../../server/platform/telemetry/log.ts', import.meta.url).href;
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

test('on a slow output, lines logged during the start appear before the banner', async () => {
  const slowWrites = `import fs from 'node:fs'; const { write } = fs; fs.write = (...parts) => void setTimeout(() => write(...parts), 300);`;
  const { output } = await startProcess('api', {
    ...testKeysEnv,
    ARKLOOP_DATABASE_URL: app.databaseUrl,
    ARKLOOP_LOG_MODE: 'json',
    ARKLOOP_API_PROCESSES: '2',
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(slowWrites)}`,
  });
  const [before = ''] = output().split('Arkloop is ready');
  expect(before.split('"msg":"an API process listens"')).toHaveLength(3);
});
