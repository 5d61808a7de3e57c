import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { makeZip } from 'client-zip';
import { expect, test } from 'vitest';
import { SandboxLimit } from '../../server/agent/sandbox/sandbox.ts';
import { createWasmSandbox } from '../../server/agent/sandbox/wasm/wasmSandbox.ts';
import { expectWithin } from '../support/app/expectWithin.ts';

const sandbox = createWasmSandbox({ memoryMb: 512, wheels: undefined });
const python = (code: string, timeoutMs = 60_000) =>
  sandbox.run(
    { accountId: 'a', language: 'python', code, timeoutMs, files: async () => [{ path: '/data/a.csv', bytes: Buffer.from('x\n1\n2\n') }] },
    AbortSignal.timeout(280_000),
  );
const limitOf = (run: Promise<unknown>) =>
  run.then(
    () => 'none',
    (error: unknown) => (error instanceof SandboxLimit ? error.limit : String(error)),
  );

test(
  'Python works on the files with its standard library, and returns what it printed, changed and raised',
  { timeout: 300_000 },
  async () => {
    const run = await python(`
import csv, os, statistics, sys, zlib, sqlite3, asyncio
rows = [int(row['x']) for row in csv.DictReader(open('data/a.csv'))]
os.makedirs('out'); open('out/mean.txt', 'w').write(str(statistics.mean(rows)))
os.remove('data/a.csv'); os.symlink('/etc/passwd', 'link'); open('/tmp/x', 'w').write('x')
print('no line break', end=''); print('error', file=sys.stderr)
await asyncio.sleep(0.01)
[sys.version_info[0], os.getcwd()]`);
    expect(run).toMatchObject({ output: 'error\nno line break', value: "[3, '/workspace']", deleted: ['/data/a.csv'] });
    expect(run.changed.map(({ path, bytes }) => [path, `${bytes}`])).toEqual([['/out/mean.txt', '1.5']]);
    const failed = await python('def f(x):\n  return 1 / x\nf(0)');
    expect(failed.error).toMatch(/^Traceback[^\n]*\n {2}File "main.py", line 3[^]*ZeroDivisionError: division by zero$/);
  },
);

test('code that escapes from Python into JavaScript reaches no file, program, variable or address', { timeout: 300_000 }, async () => {
  let connections = 0;
  const server = createServer((socket) => void (connections++, socket.destroy())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const attempts: Record<string, string> = {
    passwd: `open('/etc/passwd').read()`,
    host: `pyodide_js._module.FS.mount(pyodide_js._module.FS.filesystems.NODEFS, to_js({'root': '/etc'}, dict_converter=Object.fromEntries), '/mnt') or os.listdir('/mnt')`,
    nodeProcess: 'pyodide_js._module.process or 1 / 0',
    compile: `pyodide_js._module.HEAP8.constructor.constructor('return process')()`,
    eval: `__import__('pyodide.code').code.run_js('process')`,
    import: `__import__('pyodide.code').code.run_js('import("node:net")')`,
    socket: `socket.create_connection(('127.0.0.1', ${port}), 5).send(b'x')`,
    http: `urllib.request.urlopen('http://127.0.0.1:${port}/').read()`,
    fetch: `__import__('js').fetch`,
    openUrl: `__import__('pyodide.http').http.open_url('http://127.0.0.1:${port}/')`,
    fork: 'os.fork()',
    program: `subprocess.run(['id'])`,
    thread: 'threading.Thread(target=print).start()',
    environment: `os.environ['PATH'].index('bin')`,
    answer: `write_to_pipe(1, b'{"ready":true}\\n')`,
    wait: 'read_from_pipe(0)',
  };
  const { output, error } = await python(`
import asyncio, inspect, os, socket, subprocess, threading, urllib.request, pyodide_js
from pyodide.ffi import to_js
Object = pyodide_js._module.constructor
def pipe(number):
  os.makedirs(f'/pipe{number}')
  pyodide_js.mountNodeFS(f'/pipe{number}', '${dirname(createRequire(import.meta.url).resolve('pyodide'))}')
  stream = pyodide_js.FS.open(f'/pipe{number}/package.json', 'r')
  stream.nfd = number
  return stream
def write_to_pipe(number, bytes):
  stream = pipe(number)
  stream.stream_ops.write(stream, to_js(bytes), 0, len(bytes))
def read_from_pipe(number):
  stream = pipe(number)
  stream.stream_ops.read(stream, to_js(bytes(1)), 0, 1)
async def attempt(name, run):
  try:
    value = run()
    if inspect.isawaitable(value): value = await value
    print(name, 'SUCCEEDED', repr(value)[:200])
  except BaseException as failure:
    print(name, 'failed')
os.makedirs('/mnt')
${Object.entries(attempts)
  .map(([name, code]) => `await attempt('${name}', lambda: ${code})`)
  .join('\n')}`);
  expect([error, output.trim().split('\n')]).toEqual([undefined, Object.keys(attempts).map((name) => `${name} failed`)]);
  // Loading a package prints that it failed, and a program ends the interpreter.
  const ended = await python(`import os, pyodide_js
await pyodide_js.loadPackage('http://127.0.0.1:${port}/x.whl')
os.system('id')`);
  expect(ended.error).toContain('not available in the sandbox');
  expect(connections).toBe(0);
  server.close();
});

test('an endless loop and memory inside and outside of the interpreter are stopped', { timeout: 300_000 }, async () => {
  expect((await python('all = []\nwhile True: all.append(bytearray(10_000_000))')).error).toContain('MemoryError');
  const outside = `
import pyodide_js
heap = pyodide_js._module.HEAPU8
all = []
while True:
  view = heap.constructor.new(heap.buffer.constructor.new(20_000_000)); view.fill(1); all.append(view)`;
  expect(await limitOf(python(outside))).toBe('memory');
  expect(await limitOf(python('while True: pass', 1_000))).toBe('time');
});

test(
  'idle code ends with the process that started it, and by itself when that does not stop it',
  { timeout: 300_000 },
  async ({ skip }) => {
    skip(process.platform !== 'linux', 'reads /proc');
    const module = new URL('../../server/agent/sandbox/wasm/wasmSandbox.ts', import.meta.url).href;
    const job = (timeoutMs: number) => `
      const { createWasmSandbox } = await import('${module}');
      const files = async () => [{ path: '/a', bytes: new Uint8Array(300_000) }];
      const code = 'import asyncio\\nawait asyncio.sleep(1e6)';
      const job = { accountId: 'a', language: 'python', code, timeoutMs: ${timeoutMs}, files };
      await createWasmSandbox({ memoryMb: 512 }).run(job, new AbortController().signal);`;
    const workers: ChildProcess[] = [];
    async function start(timeoutMs: number) {
      const worker = spawn(process.execPath, ['--input-type=module', '-e', job(timeoutMs)]);
      workers.push(worker);
      let sandbox = '';
      const children = () => readFileSync(`/proc/${worker.pid}/task/${worker.pid}/children`, 'utf8').trim();
      await expect.poll(() => (sandbox = children())).not.toBe('');
      await becomesIdle(sandbox);
      return { worker, hasEnded: () => stateOf(sandbox) === undefined || stateOf(sandbox)!.name === 'Z' };
    }
    try {
      const killed = await start(3_600_000);
      expect(killed.hasEnded()).toBe(false);
      killed.worker.kill('SIGKILL');
      await expectWithin(10_000, killed.hasEnded, true);
      const stopped = await start(5_000);
      stopped.worker.kill('SIGSTOP');
      await expect.poll(stopped.hasEnded, { interval: 200 }).toBe(true);
    } finally {
      for (const worker of workers) worker.kill('SIGKILL');
    }
  },
);

/** State and CPU time of a process; undefined if there is none. */
function stateOf(pid: string) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return { name: fields[0]!, ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}

/** Waits until a process that has worked uses no more CPU time. */
async function becomesIdle(pid: string) {
  for (let before = -1, now = 0; now < 50 || now > before + 1;) {
    before = now;
    await wait(500);
    now = stateOf(pid)?.ticks ?? 0;
  }
}

test('the wheels of a folder are installed', { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wheels-'));
  const files = {
    'tiny/__init__.py': 'answer = 42',
    'tiny-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n',
    'tiny-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    'tiny-1.0.dist-info/RECORD': '',
  };
  const zip = new Response(makeZip(Object.entries(files).map(([name, input]) => ({ name, input }))));
  await writeFile(join(folder, 'tiny-1.0-py3-none-any.whl'), Buffer.from(await zip.arrayBuffer()));
  const code = 'import tiny\ntiny.answer';
  const job = { accountId: 'a', language: 'python' as const, code, timeoutMs: 60_000, files: async () => [] };
  const run = await createWasmSandbox({ memoryMb: 512, wheels: folder }).run(job, AbortSignal.timeout(280_000));
  expect([run.error, run.value, run.changed]).toEqual([undefined, '42', []]);
  await rm(folder, { recursive: true });
});
