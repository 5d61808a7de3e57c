import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startTestApp } from '../support/app/testApp.ts';
import { findCommand, lastLine, run, runOrThrow } from '../support/checks/thirdParty.ts';

// Third-party tools generate clients from the document. Those clients must handle the main use case against a running server.
const place = new URL('./thirdParty/', import.meta.url).pathname;
const document = new URL('../../docs/openapi.json', import.meta.url).pathname;
const app = await startTestApp();
const folder = mkdtempSync(join(tmpdir(), 'arkloop-third-party-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The report of every consumer: it read the whole answer, both messages, one thread of a page, and a `not_found` error. */
const done = {
  events: expect.any(Number),
  said: expect.stringMatching(/\S/),
  roles: ['user', 'assistant'],
  threads: 1,
  traced: 32,
  refused: 'not_found',
};

test('TypeScript, by openapi-typescript and openapi-fetch, strictly compiled', { timeout: 120_000 }, async () => {
  const consumer = join(place, 'typescript/consumer.ts');
  const modules = new URL('../../node_modules/', import.meta.url).pathname;
  const node = (script: string, args: string[]) => runOrThrow(process.execPath, [join(modules, script), ...args], { cwd: place });
  await node('openapi-typescript/bin/cli.js', [document, '-o', join(folder, 'api.d.ts'), '--default-non-nullable=false']);
  const compilerOptions = {
    ...{ target: 'es2024', lib: ['esnext', 'dom', 'dom.iterable', 'dom.asynciterable'], module: 'nodenext', noEmit: true },
    ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, types: ['node'] },
    typeRoots: [join(modules, '@types')],
    paths: { api: [join(folder, 'api.d.ts')] },
  };
  const project = join(folder, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({ compilerOptions, files: [consumer] }));
  await node('typescript/bin/tsc', ['-p', project]);
  expect(lastLine(await runOrThrow(process.execPath, [consumer, app.url], { cwd: place }))).toEqual(done);
});

/** Downloaded generators, kept between test runs. */
const cache = join(tmpdir(), 'arkloop-third-party-cache');

// The generators are downloaded from the network, which `npm test` does not use.
const notFetched = process.env.TEST_THIRD_PARTY ? undefined : 'its generator is fetched by `npm run test:third-party`';

test('Python, by openapi-python-client', { timeout: 300_000 }, async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  const python = await findCommand(['python3', 'python'], ['-m', 'venv', '--help'], place);
  if (!python) return skip('there is no Python with venv on this machine');
  const venv = join(cache, 'openapi-python-client-0.29.1');
  const bin = (program: string) => join(venv, process.platform === 'win32' ? 'Scripts' : 'bin', program);
  if ((await run(bin('openapi-python-client'), ['--version'], { cwd: folder })).code !== 0) {
    await runOrThrow(python, ['-m', 'venv', venv], { cwd: folder });
    const fetched = await run(bin('pip'), ['install', '--quiet', 'openapi-python-client==0.29.1'], { cwd: folder, ms: 120_000 });
    if (fetched.code !== 0) return skip(`openapi-python-client cannot be fetched: ${fetched.stderr.trim().split('\n').at(-1)}`);
  }
  const output = join(folder, 'arkloop_api');
  const printed = await runOrThrow(
    bin('openapi-python-client'),
    ['generate', '--path', document, '--meta', 'none', '--output-path', output],
    {
      cwd: folder,
      ms: 120_000,
    },
  );
  expect(printed).not.toMatch(/WARNING|ERROR|omitted/);
  const report = await runOrThrow(bin('python'), [join(place, 'python/consumer.py'), app.url], {
    cwd: folder,
    env: { PYTHONPATH: folder },
  });
  expect(lastLine(report)).toEqual(done);
});

test('Go, by oapi-codegen', { timeout: 300_000 }, async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  if (!(await findCommand(['go'], ['version'], place))) return skip('there is no Go on this machine');
  const generator = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2';
  const fetched = await run('go', ['run', generator, '--version'], { cwd: folder, ms: 180_000 });
  if (fetched.code !== 0) return skip(`oapi-codegen cannot be fetched: ${fetched.stderr.trim().split('\n').at(-1)}`);
  const project = join(folder, 'go');
  cpSync(join(place, 'go'), project, { recursive: true });
  mkdirSync(join(project, 'api'));
  await runOrThrow('go', ['run', generator, '-generate', 'types,client', '-package', 'api', '-o', join(project, 'api/api.go'), document], {
    cwd: folder,
    ms: 120_000,
  });
  await runOrThrow('go', ['build', '-trimpath', '-o', 'consumer', '.'], { cwd: project, ms: 240_000 });
  expect(lastLine(await runOrThrow(join(project, 'consumer'), [app.url], { cwd: project }))).toEqual(done);
});
