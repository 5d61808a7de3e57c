import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, expect, test } from 'vitest';
import { startTestApp } from '../support/app/testApp.ts';
import { fetchNpm, fetchPip, findCommand, generators, lastLine, run, runOrThrow } from '../support/checks/thirdParty.ts';

// Third-party tools generate clients from the document. Those clients must handle the main use case against a running server.
const place = fileURLToPath(new URL('./thirdParty/', import.meta.url));
const document = fileURLToPath(new URL('../../docs/openapi.json', import.meta.url));
const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url));
const app = await startTestApp();
const folder = mkdtempSync(join(tmpdir(), 'arkloop-third-party-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// Generated code uses packages of this project, such as React Query.
symlinkSync(modules, join(folder, 'node_modules'), 'junction');

/** The report of every consumer: it read the whole answer, both messages, one thread of a page, and a `not_found` error with a trace ID. */
const done = {
  events: expect.any(Number),
  said: expect.stringMatching(/\S/),
  roles: ['user', 'assistant'],
  threads: 1,
  traced: 32,
  refused: 'not_found',
};

/** Runs a program of Node.js. */
const node = (script: string, args: string[]) => runOrThrow(process.execPath, [script, ...args], { cwd: folder, ms: 120_000 });

/** Compiles a consumer together with all code of a generator, with the strict options of TypeScript. */
async function compile(consumer: string, generated: string, paths: Record<string, string>, lenient: object = {}) {
  const compilerOptions = {
    ...{ target: 'es2024', lib: ['esnext', 'dom', 'dom.iterable', 'dom.asynciterable'], module: 'esnext', moduleResolution: 'bundler' },
    ...{ noEmit: true, strict: true, noUncheckedIndexedAccess: true, allowImportingTsExtensions: true, skipLibCheck: true },
    ...{ types: ['node'], typeRoots: [join(modules, '@types')] },
    ...lenient,
    paths: Object.fromEntries(Object.entries(paths).map(([name, file]) => [name, [file]])),
  };
  const project = join(folder, 'tsconfig.json');
  writeFileSync(
    project,
    JSON.stringify({ compilerOptions, files: [join(place, 'typescript', consumer)], include: [`${generated}/**/*.ts`] }),
  );
  await node(join(modules, 'typescript/bin/tsc'), ['-p', project]);
}

/** The report of a consumer, which is bundled first: generated code imports files without their extension. */
async function reportOf(consumer: string, alias: Record<string, string>) {
  const outDir = join(folder, 'bundled', consumer);
  const entry = join(place, 'typescript', consumer);
  const exact = Object.entries(alias).map(([find, replacement]) => ({ find: new RegExp(`^${find}$`), replacement }));
  await build({
    ...{ configFile: false, logLevel: 'error', root: place, resolve: { alias: exact } },
    build: { ssr: entry, outDir, emptyOutDir: true, rolldownOptions: { output: { entryFileNames: 'consumer.mjs' } } },
  });
  // Packages that the bundle imports are those of this project.
  return lastLine(await node(join(outDir, 'consumer.mjs'), [app.url]));
}

test('TypeScript, by openapi-typescript and openapi-fetch, strictly compiled', async () => {
  const consumer = join(place, 'typescript/consumer.ts');
  await node(join(modules, 'openapi-typescript/bin/cli.js'), [document, '-o', join(folder, 'api.d.ts'), '--default-non-nullable=false']);
  const compilerOptions = {
    ...{ target: 'es2024', lib: ['esnext', 'dom', 'dom.iterable', 'dom.asynciterable'], module: 'nodenext', noEmit: true },
    ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, types: ['node'] },
    typeRoots: [join(modules, '@types')],
    paths: { api: [join(folder, 'api.d.ts')] },
  };
  const project = join(folder, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({ compilerOptions, files: [consumer] }));
  await node(join(modules, 'typescript/bin/tsc'), ['-p', project]);
  expect(lastLine(await runOrThrow(process.execPath, [consumer, app.url], { cwd: place }))).toEqual(done);
});

test('the guide names the generators of this test, with their versions and settings', () => {
  const guide = readFileSync(new URL('../../docs/guides/generated-clients.md', import.meta.url), 'utf8');
  expect(guide).toContain(javaSettings.join(' ').replace(' --schema-mappings', ' \\\n  --schema-mappings'));
  const { devDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const named = [...guide.matchAll(/^\| `([^`]+)` +\| (\d+\.\d+\.\d+) /gm)].map(([, name, version]) => [name!, version]);
  const tested = { 'openapi-typescript': devDependencies['openapi-typescript'], ...generators };
  expect(Object.fromEntries(named)).toEqual(tested);
});

// The generators are downloaded from the network, which `npm test` does not use.
const notFetched = process.env.TEST_THIRD_PARTY ? undefined : 'its generator is fetched by `npm run test:third-party`';

test('TypeScript, by hey-api, with its client for fetch and React Query', async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  const version = generators['@hey-api/openapi-ts'];
  const fetched = await fetchNpm(`hey-api-${version}`, [`@hey-api/openapi-ts@${version}`, 'typescript@5.9.3']);
  if ('missing' in fetched) return skip(fetched.missing);
  const api = join(folder, 'hey-api');
  const plugins = ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch', '@tanstack/react-query'];
  const script = join(fetched.folder, 'node_modules/@hey-api/openapi-ts/bin/run.js');
  expect(await node(script, ['-i', document, '-o', api, '-p', ...plugins])).not.toMatch(/warn|error|⚠/i);
  const files = {
    api: join(api, 'index.ts'),
    'api/client': join(api, 'client.gen.ts'),
    'api/queries': join(api, '@tanstack/react-query.gen.ts'),
  };
  await compile('heyApi.ts', api, files);
  expect(await reportOf('heyApi.ts', files)).toEqual(done);
});

test('TypeScript, by orval, with hooks for React Query and mocks for MSW', async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  const fetched = await fetchNpm(`orval-${generators.orval}`, [`orval@${generators.orval}`]);
  if ('missing' in fetched) return skip(fetched.missing);
  const api = join(folder, 'orval');
  const output = {
    ...{ target: join(api, 'api.ts'), schemas: join(api, 'models'), mode: 'split', baseUrl: app.url },
    ...{ client: 'react-query', httpClient: 'fetch', mock: true },
    // Mocks of a response with two types do not compile.
    override: { query: { version: 5 }, operations: { chatCompletionsCreate: { contentType: { exclude: ['text/event-stream'] } } } },
  };
  const config = join(folder, 'orval.config.mjs');
  writeFileSync(config, `export default ${JSON.stringify({ api: { input: document, output } })};`);
  expect(await node(join(fetched.folder, 'node_modules/orval/dist/bin/orval.mjs'), ['--config', config])).not.toMatch(/warn|error|⚠/i);
  const files = { api: join(api, 'api.ts'), 'api/models': join(api, 'models/index.ts'), 'api/mocks': join(api, 'api.msw.ts') };
  await compile('orval.ts', api, files);
  expect(await reportOf('orval.ts', files)).toEqual(done);
});

test('TypeScript, by swagger-typescript-api', async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  const version = generators['swagger-typescript-api'];
  const fetched = await fetchNpm(`swagger-typescript-api-${version}`, [`swagger-typescript-api@${version}`]);
  if ('missing' in fetched) return skip(fetched.missing);
  const api = join(folder, 'swagger-typescript-api');
  const config = join(folder, 'swagger-typescript-api.config.mjs');
  cpSync(join(place, 'typescript/swagger-typescript-api.config.mjs'), config);
  const script = join(fetched.folder, 'node_modules/swagger-typescript-api/dist/cli.mjs');
  const args = ['generate', '-p', document, '-o', api, '-n', 'api.ts', '--custom-config', config];
  expect(await node(script, args)).not.toMatch(/warn|error|⚠/i);
  const files = { api: join(api, 'api.ts') };
  await compile('swaggerTypescriptApi.ts', api, files);
  expect(await reportOf('swaggerTypescriptApi.ts', files)).toEqual(done);
});

test('TypeScript, by Kubb, with schemas of zod', async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  const version = generators['@kubb/core'];
  const names = ['cli', 'core', 'plugin-client', 'plugin-oas', 'plugin-ts', 'plugin-zod'];
  const fetched = await fetchNpm(
    `kubb-${version}`,
    names.map((name) => `@kubb/${name}@${version}`),
  );
  if ('missing' in fetched) return skip(fetched.missing);
  const api = join(folder, 'kubb');
  cpSync(join(place, 'typescript/kubb.config.mjs'), join(fetched.folder, 'kubb.config.mjs'));
  const script = join(fetched.folder, 'node_modules/@kubb/cli/bin/kubb.cjs');
  const report = await runOrThrow(process.execPath, [script, 'generate', '--config', 'kubb.config.mjs'], {
    ...{ cwd: fetched.folder, env: { DOCUMENT: document, OUTPUT: api, NO_COLOR: '1' }, ms: 120_000 },
  });
  expect(report).toContain('4 successful, 4 total');
  const files = { api: join(api, 'index.ts'), 'api/fetch': join(api, '.kubb/fetch.ts') };
  await compile('kubb.ts', api, files);
  expect(await reportOf('kubb.ts', files)).toEqual(done);
});

test('Python, by openapi-python-client, checked by mypy', async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  const version = generators['openapi-python-client'];
  const fetched = await fetchPip(`openapi-python-client-${version}-mypy`, [`openapi-python-client==${version}`, 'mypy==2.4.1']);
  if ('missing' in fetched) return skip(fetched.missing);
  const { bin } = fetched;
  const output = join(folder, 'arkloop_api');
  const args = ['generate', '--path', document, '--meta', 'none', '--config', join(place, 'python/config.yaml'), '--output-path', output];
  expect(await runOrThrow(bin('openapi-python-client'), args, { cwd: folder, ms: 120_000 })).not.toMatch(/WARNING|ERROR|omitted/);
  writeFileSync(join(output, 'py.typed'), '');
  await runOrThrow(bin('mypy'), ['--strict', output], { cwd: folder, ms: 240_000 });
  const report = await runOrThrow(bin('python'), [join(place, 'python/consumer.py'), app.url], {
    cwd: folder,
    env: { PYTHONPATH: folder },
  });
  expect(lastLine(report)).toEqual(done);
});

// It takes the compiler minutes to build the first time.
test('Go, by oapi-codegen, checked by go vet', async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  if (!(await findCommand(['go'], ['version'], place))) return skip('there is no Go on this machine');
  const generator = `github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v${generators['oapi-codegen']}`;
  const fetched = await run('go', ['run', generator, '--version'], { cwd: folder, ms: 180_000 });
  if (fetched.code !== 0) return skip(`oapi-codegen cannot be fetched: ${fetched.stderr.trim().split('\n').at(-1)}`);
  const project = join(folder, 'go');
  cpSync(join(place, 'go'), project, { recursive: true });
  mkdirSync(join(project, 'api'));
  await runOrThrow('go', ['run', generator, '-generate', 'types,client', '-package', 'api', '-o', join(project, 'api/api.go'), document], {
    cwd: folder,
    ms: 120_000,
  });
  await runOrThrow('go', ['vet', './...'], { cwd: project, ms: 240_000 });
  await runOrThrow('go', ['build', '-trimpath', '-o', 'consumer', '.'], { cwd: project, ms: 240_000 });
  expect(lastLine(await runOrThrow(join(project, 'consumer'), [app.url], { cwd: project }))).toEqual(done);
}, 900_000);

/** What openapi-generator always says of a document of OpenAPI 3.1, or of its own templates. The guide explains each. */
const knownLogs = [
  /OpenAPI 3\.1 support is still in beta/,
  /Failed to get the schema name: null/,
  /From \(reserved word\) cannot be used as model name/,
  /Codegen property is null \(e\.g\. map\/dict of undefined type\)/,
  // Only of Java. No part of the code contains the example.
  /Ignoring complex example on request body/,
];

/** Two faults of its templates for Python: a server variable without a list of values, and a union of unions. */
const knownTypes = [
  /configuration\.py:\d+: error: Missing key "enum_values"/,
  /ip_address_or_cidr\.py:\d+: error: Incompatible return value type/,
];

/** Code of openapi-generator. Without `apis`, it would also generate operations for the webhooks, in which it leaves out the types. */
async function generateByJava(bin: (program: string) => string, generator: string, output: string, settings: readonly string[] = []) {
  const parts = 'apis,models,supportingFiles,apiDocs=false,modelDocs=false,apiTests=false,modelTests=false';
  const args = [
    'generate',
    '-i',
    document,
    '-g',
    generator,
    '-o',
    output,
    '--skip-operation-example',
    '--global-property',
    parts,
    ...settings,
  ];
  const { code, stdout, stderr } = await run(bin('openapi-generator-cli'), args, { cwd: folder, ms: 180_000 });
  const unknown = `${stdout}\n${stderr}`.split('\n').filter((line) => /WARN|ERROR|Exception/.test(line) && !line.includes('INFO'));
  expect(unknown.filter((line) => !knownLogs.some((known) => known.test(line)))).toEqual([]);
  expect(code).toBe(0);
}

/** openapi-generator in its Python package, which contains the Java program, with what its code for Python needs. */
async function fetchJava() {
  if (!(await findCommand(['java'], ['-version'], folder))) return { missing: 'there is no Java on this machine' };
  const version = generators['openapi-generator'];
  const runtime = ['urllib3>=2.7,<3', 'python-dateutil', 'pydantic>=2.11', 'typing-extensions>=4.7', 'types-python-dateutil'];
  return fetchPip(`openapi-generator-${version}`, [`openapi-generator-cli==${version}`, 'mypy==2.4.1', ...runtime]);
}

test('TypeScript, by openapi-generator (typescript-fetch)', { timeout: 400_000 }, async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  const fetched = await fetchJava();
  if ('missing' in fetched) return skip(fetched.missing);
  const api = join(folder, 'openapi-generator');
  await generateByJava(fetched.bin, 'typescript-fetch', api);
  const files = { api: join(api, 'index.ts') };
  // Its `runtime.ts`, which is the same for every document, does not compile with `noUncheckedIndexedAccess`.
  await compile('openapiGenerator.ts', api, files, { noUncheckedIndexedAccess: false });
  expect(await reportOf('openapiGenerator.ts', files)).toEqual(done);
});

test('Python, by openapi-generator', { timeout: 400_000 }, async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  const fetched = await fetchJava();
  if ('missing' in fetched) return skip(fetched.missing);
  const { bin } = fetched;
  const api = join(folder, 'openapi-generator-python');
  await generateByJava(bin, 'python', api);
  // Its templates have functions without types, so `mypy --strict` fails for every document. The settings are those that it generates.
  const checked = await run(bin('mypy'), ['--config-file', join(api, 'pyproject.toml'), join(api, 'openapi_client')], {
    cwd: api,
    ms: 240_000,
  });
  const wrong = checked.stdout.split('\n').filter((line) => line.includes('error:'));
  expect(wrong.filter((line) => !knownTypes.some((known) => known.test(line)))).toEqual([]);
  expect(checked.stdout).toMatch(/checked \d{3} source files/);
  const consumer = join(place, 'python/openapi_generator.py');
  const report = await runOrThrow(bin('python'), [consumer, app.url], { cwd: folder, env: { PYTHONPATH: api } });
  expect(lastLine(report)).toEqual(done);
});

// The guide of the generated clients has the same settings.
const javaSettings = [
  ...['--library', 'native', '--model-name-mappings', 'Thread=ChatThread'],
  ...['--schema-mappings', 'ChatStop=Object,ChatText=Object,ChatUserContent=Object'],
];

// Maven fetches its plugins and the packages of the client.
test('Java, by openapi-generator (native), compiled by Maven', { timeout: 600_000 }, async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  const fetched = await fetchJava();
  if ('missing' in fetched) return skip(fetched.missing);
  if (!(await findCommand(['mvn'], ['--version'], folder))) return skip('there is no Maven on this machine');
  const api = join(folder, 'openapi-generator-java');
  await generateByJava(fetched.bin, 'java', api, javaSettings);
  cpSync(join(place, 'java/Consumer.java'), join(api, 'src/main/java/Consumer.java'));
  const goals = ['compile', 'dependency:build-classpath', '-Dmdep.outputFile=classpath.txt'];
  await runOrThrow('mvn', ['--quiet', '--batch-mode', ...goals], { cwd: api, ms: 400_000 });
  const classpath = [join(api, 'target/classes'), readFileSync(join(api, 'classpath.txt'), 'utf8').trim()].join(delimiter);
  expect(lastLine(await runOrThrow('java', ['-cp', classpath, 'Consumer', app.url], { cwd: api }))).toEqual(done);
});
