import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'vite';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../support/app/ports.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { packClient } from '../support/checks/packed.ts';
import { runtimes } from './runtimes/list.ts';

// The published client in the runtimes of its README. They are downloaded from npm: `npm run test:runtimes`.
const run = promisify(execFile);
/** Downloaded runtimes, kept between test runs. */
const cache = join(tmpdir(), 'arkloop-runtimes-cache');
const wanted = process.env.TEST_RUNTIMES !== undefined && process.platform === 'linux' && process.arch === 'x64';

const app = wanted && (await startTestApp({ ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.01' }));
const project = wanted ? await (await packClient()).install() : '';
if (wanted)
  for (const file of ['scenario.js', 'program.js', 'worker.js'])
    await cp(fileURLToPath(new URL(`./runtimes/${file}`, import.meta.url)), join(project, file));

async function fetchProgram({ spec, program }: { spec: string; program: string }): Promise<string> {
  const folder = join(cache, spec.replaceAll(/[/@]/g, '_'));
  const path = join(folder, 'node_modules', program);
  if (!existsSync(path)) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{ "private": true }');
    await run('npm', ['install', spec, '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, timeout: 240_000 });
  }
  return path;
}

type Input = { url: string; login: string; password: string };

async function inProgram(program: string, { url, login, password }: Input): Promise<unknown> {
  const flags = program.endsWith('deno') ? ['run', '--allow-net', '--no-prompt', '--node-modules-dir=manual', '--no-lock'] : [];
  const { stdout } = await run(program, [...flags, join(project, 'program.js'), url, login, password], { cwd: project, timeout: 60_000 });
  return JSON.parse(stdout);
}

async function inWorkerd(program: string, input: Input): Promise<unknown> {
  const outDir = join(project, 'worker');
  const rolldownOptions = {
    input: join(project, 'worker.js'),
    output: { entryFileNames: 'worker.js' },
    preserveEntrySignatures: 'strict' as const,
  };
  await build({ root: project, configFile: false, logLevel: 'silent', build: { outDir, rolldownOptions, modulePreload: false } });
  const port = await freePort();
  await writeFile(
    join(outDir, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (modules = [(name = "worker", esModule = embed "worker.js")], compatibilityDate = "2026-01-01", globalOutbound = "net")),
    (name = "net", network = (allow = ["private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);`,
  );
  const child = spawn(program, ['serve', join(outDir, 'config.capnp')], { stdio: ['ignore', 'inherit', 'inherit'] });
  onTestFinished(() => void child.kill());
  const isListening = () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
  await expect.poll(isListening, { interval: 200 }).toBe(true);
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: JSON.stringify(input) });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text);
}

const fetched = runtimes.flatMap(({ name, packages = [] }) => packages.map((each) => ({ title: `${name} ${each.version}`, ...each })));

test.for(fetched)('$title runs the published client', async (runtime, { skip }) => {
  if (!app) return skip('it is fetched by `npm run test:runtimes`, on Linux with x64');
  const program = await fetchProgram(runtime);
  const { login, password } = await app.signUp();
  const input = { url: app.url, login, password };
  expect(await (program.endsWith('workerd') ? inWorkerd(program, input) : inProgram(program, input))).toEqual({
    status: 201,
    traced: 32,
    first: 'run.started',
    last: 'run.completed',
    isText: true,
    messages: 2,
    refused: 'not_found',
    aborted: 'enough',
    forged: 'missing_header',
  });
});
