import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { packClient, root, schemaPeers } from '../../support/checks/packed.ts';

const reactPeers = ['react', '@types/react', '@tanstack/react-query', '@tanstack/query-core', 'csstype'];
const adapterPeers = ['ai', '@ai-sdk/react', '@assistant-ui/react'];

/** `bare` has no other package. `full` has the peer dependencies of all entries. */
const packed = await packClient();
const bare = await packed.install();
const full = await packed.install([...schemaPeers, ...reactPeers, ...adapterPeers]);

type Resolution = 'nodenext' | 'bundler';
const optionsOf = (resolution: Resolution) => ({
  target: 'es2022',
  lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
  module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
  moduleResolution: resolution,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  skipLibCheck: false,
  types: [],
});

/** Compiles a file. Returns one line per error, and the duration in milliseconds. */
type Check = (project: string, file: string, resolution?: Resolution) => Promise<{ lines: string[]; ms: number }>;

const native: Check = async (project, file, resolution = 'nodenext') => {
  const config = join(project, 'tsconfig.json');
  await writeFile(config, JSON.stringify({ compilerOptions: optionsOf(resolution), files: [file] }));
  const before = performance.now();
  const child = spawn(process.execPath, [join(root, 'node_modules/typescript-native/bin/tsc'), '-p', config]);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await new Promise((resolve) => child.on('close', resolve));
  // Continuation lines start with a space.
  return { lines: output.split('\n').filter((line) => /^\S/.test(line)), ms: performance.now() - before };
};

/** Checks only our declarations, because those of other packages take long. The standard libraries are read once. */
const libraries = new Map<string, ReturnType<ts.CompilerHost['getSourceFile']>>();

/** One program, because the check of our declarations and of the schemas takes longest. TypeScript 7 compiles each file alone. */
const filesOfFull = ['entries.ts', 'mocked.ts', 'adapters.ts'];
let foundInFull: readonly ts.Diagnostic[] | undefined;

const older: Check = async (project, file, resolution = 'nodenext') => {
  const before = process.cpuUsage();
  const found =
    project === full ? (foundInFull ??= diagnosticsOf(project, filesOfFull, resolution)) : diagnosticsOf(project, [file], resolution);
  const { user, system } = process.cpuUsage(before);
  const isOther = (name: string) => dirname(name) === project && name !== join(project, file);
  const lines = found
    .filter(({ file: place }) => !place || !isOther(place.fileName))
    .map((each) => `${each.file?.fileName ?? ''}: TS${each.code} ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`);
  return { lines, ms: (user + system) / 1_000 };
};

function diagnosticsOf(project: string, files: readonly string[], resolution: Resolution): ts.Diagnostic[] {
  const { options, errors } = ts.convertCompilerOptionsFromJson(optionsOf(resolution), project);
  expect(errors).toEqual([]);
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...more) => {
    if (!name.includes('/typescript/lib/')) return read(name, ...more);
    if (!libraries.has(name)) libraries.set(name, read(name, ...more));
    return libraries.get(name);
  };
  const program = ts.createProgram(
    files.map((file) => join(project, file)),
    options,
    host,
  );
  const ours = program.getSourceFiles().filter(({ fileName }) => fileName.includes('/@arkloop/client/') || dirname(fileName) === project);
  return [
    ...program.getGlobalDiagnostics(),
    ...ours.flatMap((each) => [...program.getSyntacticDiagnostics(each), ...program.getSemanticDiagnostics(each)]),
  ];
}

describe.each([
  ['TypeScript 7', native],
  ['TypeScript 5.9', older],
])('%s, strict, with declarations checked', (name, check) => {
  test('compiles a program that uses only the core, in both module resolutions, in less than 2 s', async () => {
    // The first run reads the standard libraries and is a warm-up.
    expect((await check(bare, 'none.ts')).lines).toEqual([]);
    const without = await check(bare, 'none.ts');
    const runs = [await check(bare, 'node.ts'), await check(bare, 'node.ts', 'bundler')];
    expect(runs.map(({ lines }) => lines)).toEqual([[], []]);
    const least = Math.min(...runs.map(({ ms }) => ms));
    console.info(`${name}: ${Math.round(least)} ms with the client, ${Math.round(without.ms)} ms without`);
    expect(least - without.ms).toTakeLessThan(2_000);
  });

  test('compiles a program that uses the entries without schemas', async () => {
    expect((await check(full, 'entries.ts', 'bundler')).lines).toEqual([]);
  });

  test('compiles a program that uses the schemas and the mocks', async () => {
    expect((await check(full, 'mocked.ts', 'bundler')).lines).toEqual([]);
  });

  test('compiles a program that uses the adapters, whose libraries do not check their own declarations', async () => {
    const { lines } = await check(full, 'adapters.ts', 'bundler');
    expect(lines.filter((line) => /adapters\.ts|@arkloop\/client/.test(line))).toEqual([]);
  });

  test('does not compile an invalid program', async () => {
    await writeFile(join(bare, 'wrong.ts'), `import { createClient } from '@arkloop/client';\ncreateClient({ baseUrl: 1 });\n`);
    expect((await check(bare, 'wrong.ts')).lines).toMatchObject([expect.stringContaining('TS2322')]);
  });
});

const hovered = `
import { createClient } from '@arkloop/client';
const client = createClient({ baseUrl: '' });
const thread = await client.threads.get({ params: { thread_id: '' } });
const threads = await client.threads.list();
const run = await client.runs.get({ params: { run_id: '' } });
const stream = client.runs.stream('');
for await (const event of stream) if (event.type === 'run.failed') { const failed = event; }
for await (const message of client.messages.list({ params: { thread_id: '' } })) { const one = message; }
const listed = await client.notifications.list();
`;

test('an editor shows the names of models', async () => {
  const file = join(bare, 'hovered.ts');
  await writeFile(file, hovered);
  const service = languageService(file);
  const hover = (name: string) => {
    const at = hovered.indexOf(`const ${name} `) + 'const '.length;
    return ts.displayPartsToString(service.getQuickInfoAtPosition(file, at)?.displayParts);
  };
  expect(['client', 'thread', 'threads', 'run', 'stream', 'event', 'failed', 'message', 'one', 'listed'].map(hover)).toEqual([
    'const client: Client',
    'const thread: Thread',
    'const threads: Page<Thread>',
    'const run: Run',
    'const stream: RunStream',
    'const event: RunEvent',
    'const failed: RunFailedEvent',
    'const message: Message',
    'const one: Message',
    'const listed: Notifications & Cursor',
  ]);
});

function languageService(file: string) {
  const { options } = ts.convertCompilerOptionsFromJson(optionsOf('nodenext'), dirname(file));
  return ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => (ts.sys.fileExists(path) ? ts.ScriptSnapshot.fromString(readFileSync(path, 'utf8')) : undefined),
    getCurrentDirectory: () => dirname(file),
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  });
}
