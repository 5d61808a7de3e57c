import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { machinePath, missingPrograms } from '../support/app/programs.ts';
import { compilableText, declarationsFor } from './given.ts';
import { referenceSamples } from './referenceSamples.ts';
import { documents, fileOf, guideAppSources, root, type Snippet, snippetsOf } from './snippets.ts';

const folder = mkdtempSync(join(tmpdir(), 'arkloop-snippets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** TypeScript, and programs in JavaScript. `next build` checks the types of its guide, with packages that only `npm run test:guides` has. */
const isCode = (snippet: Snippet) =>
  snippet.document !== 'docs/guides/nextjs.md' && (/^tsx?$/.test(snippet.lang) || fileOf(snippet)?.endsWith('.mjs') === true);
const folderOf = (document: string) => document.replaceAll('/', '_').replace('.md', '');
const entries = ['ai-sdk', 'assistant-ui', 'contract', 'mocks', 'react', 'recorder', 'testing'].filter((entry) =>
  existsSync(join(root, `client/${entry}/index.ts`)),
);

const options = {
  target: 'es2024',
  lib: ['esnext', 'dom', 'dom.iterable', 'dom.asynciterable'],
  module: 'nodenext',
  moduleDetection: 'force',
  jsx: 'react-jsx',
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
  allowJs: true,
  checkJs: true,
  types: ['node', 'vite/client'],
  paths: {
    '@arkloop/client': [join(root, 'client/index.ts')],
    '@arkloop/client/contract': [join(root, 'contract/index.ts')],
    ...Object.fromEntries(entries.map((entry) => [`@arkloop/client/${entry}`, [join(root, `client/${entry}/index.ts`)]])),
  },
  // Files that a guide adds to the repository can import existing files.
  rootDirs: [root, ...documents.map((document) => join(folder, folderOf(document)))],
};

/** Pads the file so that its line numbers match those of the document. */
function write(snippet: Snippet, file = fileOf(snippet), { document }: { document: string } = snippet): void {
  const { line, lang, text } = snippet;
  const path = join(folder, folderOf(document), file ?? `line-${line}.${lang}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    `${'\n'.repeat(Math.max(0, line - 2))}${declarationsFor(file ?? document, text)}\n${compilableText(file ?? document, text)}`,
  );
}

function compile(): string {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['**/*'] }));
  if (!existsSync(join(folder, 'node_modules'))) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const run = spawnSync(process.execPath, [join(root, 'node_modules/typescript-native/bin/tsc'), '-p', folder, '--checkers', '1'], {
    cwd: folder,
    encoding: 'utf8',
    // Fewer garbage collections, as in `npm run check`.
    env: { ...process.env, GOGC: '400' },
  });
  return run.stdout + run.stderr;
}

test('every TypeScript snippet in the documents and the reference compiles in strict mode', () => {
  const snippets = documents.flatMap(snippetsOf).filter(isCode);
  for (const [shared, own] of Object.values(guideAppSources))
    if (own)
      for (const snippet of snippets.filter((each) => each.document === shared[0] && fileOf(each)?.startsWith(`${shared[1]}/`)))
        write(snippet, fileOf(snippet)!.replace(shared[1], own[1]), { document: own[0] });
  for (const snippet of snippets) write(snippet);
  for (const { id, ts } of referenceSamples()) write({ document: 'samples.md', line: 2, lang: 'ts', info: `file=${id}.ts`, text: ts });
  // A deliberate error proves that the compiler sees the snippets and the types of the client.
  const slip = "import { createClient } from '@arkloop/client';\ncreateClient({ base: 1 });\n";
  write({ document: 'slip.md', line: 2, lang: 'ts', info: 'file=slip.ts', text: slip });
  const complaints = compile().trim().split('\n');
  expect(snippets.length).toBeGreaterThan(10);
  const isSlip = (line: string) => /^slip\/slip\.ts\(\d+,16\): .*'base' does not exist in type 'ClientOptions'/.test(line);
  expect(complaints.filter((line) => !isSlip(line))).toEqual([]);
  expect(complaints).toHaveLength(1);
});

const complaintsOf = (program: string, args: string[], input: string) => {
  const { status, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8', env: { PATH: machinePath() } });
  return error?.message ?? (status === 0 ? '' : stderr);
};
const samples = referenceSamples();

test('every sample in curl has the syntax of a shell', ({ skip }) => {
  const missing = missingPrograms('bash');
  skip(missing !== undefined, missing);
  expect(samples.length).toBeGreaterThan(150);
  expect(complaintsOf('bash', ['-n'], samples.map(({ sh }) => sh).join('\n'))).toBe('');
});

test('every sample in Python has the syntax of the language', ({ skip }) => {
  const missing = missingPrograms('python3');
  skip(missing !== undefined, missing);
  const parseAll = 'import ast, json, sys; [ast.parse(text) for text in json.load(sys.stdin)]';
  expect(complaintsOf('python3', ['-c', parseAll], JSON.stringify(samples.map(({ python }) => python)))).toBe('');
});
