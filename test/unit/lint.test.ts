import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = ['contract', 'server', 'client', 'docs', 'test'];

const planted = `import { readFileSync } from 'node:fs';
const load = async (): Promise<number> => 1;
export const read = (value: any): number => value.size;
export async function serve(target: EventTarget): Promise<void> {
  load();
  void load();
  load().then((value) => value + 1);
  target.addEventListener('change', async () => {
    await load();
  });
  setInterval(async () => {
    await load();
  }, 1_000);
  if (load()) await load();
}
`;

const plantedPage = `import { useEffect, useState } from 'react';
export function Page({ id, isShown }: { id: string; isShown: boolean }) {
  const [source, setSource] = useState('');
  useEffect(() => setSource(id), []);
  if (isShown) useEffect(() => setSource(''), []);
  return <img src={source} />;
}
`;

/** Creates a folder with the settings of linter and formatter, and the planted files in each subfolder. */
function plantedProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-lint-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['.oxfmtrc.json', '.oxlintrc.json', 'tsconfig.json']) cpSync(join(root, name), join(folder, name));
  writeFileSync(join(folder, '.gitignore'), 'node_modules');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const name of folders) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'planted.ts'), planted);
    writeFileSync(join(folder, name, 'page.tsx'), plantedPage);
  }
  return folder;
}

/** Runs the linter on the planted project. Returns line and rule of each finding by file. */
function findings() {
  const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['--type-aware', '-f', 'unix', ...folders], {
    cwd: plantedProject(),
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  const pattern = /(?<file>\w+\/\w+\.tsx?):(?<line>\d+):\d+: .*[[/](?<rule>[\w-]+\([\w-]+\))\]/g;
  const found = [...stdout.matchAll(pattern)].map(({ groups }) => [groups!.file, `${groups!.line} ${groups!.rule}`]);
  return (file: string) => [...new Set(found.flatMap(([each, finding]) => (each === file ? [finding] : [])))].toSorted();
}

test('oxlint finds the planted flaws in every folder of the project', () => {
  const inFile = findings();
  for (const folder of folders) {
    expect([folder, inFile(`${folder}/planted.ts`)]).toEqual([
      folder,
      [
        '1 eslint(no-unused-vars)',
        '11 typescript(no-misused-promises)',
        '14 typescript(no-misused-promises)',
        ...(folder === 'test' ? [] : ['3 typescript(no-explicit-any)']),
        '5 typescript(no-floating-promises)',
        '6 typescript(no-floating-promises)',
        '7 typescript(no-floating-promises)',
        '8 typescript(no-misused-promises)',
      ],
    ]);
    // Functions of the server and the tests may begin with `use`, only those of React are hooks.
    const hooks = folder === 'client' || folder === 'docs' ? ['5 react-hooks(rules-of-hooks)'] : [];
    expect([folder, inFile(`${folder}/page.tsx`)]).toEqual([
      folder,
      expect.arrayContaining(['4 react-hooks(exhaustive-deps)', ...hooks, '6 jsx-a11y(alt-text)']),
    ]);
  }
});

test.each([
  ['wide.ts', 'const a = {b:1}\n'],
  ['imports.ts', "import { b } from './b.ts';\nimport { a } from './a.ts';\n\nexport { a, b };\n"],
  ['page.tsx', 'export const Page = () => <p   />;\n'],
  ['style.css', 'a{color:red}\n'],
  ['data.json', '{"a":1}\n'],
])('oxfmt finds that %s is not formatted', (name, text) => {
  const folder = plantedProject();
  writeFileSync(join(folder, name), text);
  const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/oxfmt'), ['--list-different', name], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect([status, stdout.trim()]).toEqual([1, name]);
});

test('npm run check runs the linter and the formatter on all files', () => {
  const scripts: Record<string, string> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts;
  // oxlint-disable-next-line no-template-curly-in-string
  expect(scripts.check).toContain('"${CHECKS:-check:*}"');
  const parts = Object.keys(scripts).filter((name) => name.startsWith('check:'));
  expect(parts.map((name) => scripts[name])).toEqual(
    expect.arrayContaining(['oxfmt --check', 'GOMAXPROCS=1 oxlint --type-aware --report-unused-disable-directives-severity=error']),
  );
});
