import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const folders = ['contract', 'server', 'client', 'docs', 'test'];

const planted = `const load = async (): Promise<number> => 1;
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

/** Creates a folder with the project's linter settings and the planted file in each subfolder. */
function plantedProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-lint-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['biome.json', '.oxlintrc.json', 'tsconfig.json']) cpSync(join(root, name), join(folder, name));
  writeFileSync(join(folder, '.gitignore'), 'node_modules');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const name of folders) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'planted.ts'), planted);
  }
  return folder;
}

/** Runs a linter on the planted project. Returns line and rule of each finding by folder. */
function findings(program: string, args: string[], pattern: RegExp) {
  const bin = join(root, 'node_modules/.bin', program);
  const { status, stdout } = spawnSync(bin, args, { cwd: plantedProject(), encoding: 'utf8' });
  expect(status).toBe(1);
  const found = [...stdout.matchAll(pattern)].map(({ groups }) => `${groups!.folder}:${groups!.line} ${groups!.rule}`);
  return (folder: string) =>
    [...new Set(found)].filter((each) => each.startsWith(`${folder}:`)).map((each) => each.slice(folder.length + 1));
}

test('oxlint finds promises without a rejection handler in every folder of the project', () => {
  const pattern = /(?<folder>\w+)\/planted\.ts:(?<line>\d+):\d+: .*typescript\((?<rule>no-\w+-promises)\)/g;
  const inFolder = findings('oxlint', ['--type-aware', '-f', 'unix', ...folders], pattern);
  for (const folder of folders)
    expect([folder, inFolder(folder).toSorted()]).toEqual([
      folder,
      [
        '12 no-misused-promises',
        '3 no-floating-promises',
        '4 no-floating-promises',
        '5 no-floating-promises',
        '6 no-misused-promises',
        '9 no-misused-promises',
      ],
    ]);
});

test('biome finds floating promises in every folder of the project', () => {
  const pattern = /title=lint\/nursery\/(?<rule>\w+),file=(?:\S*\/)?(?<folder>\w+)\/planted\.ts,line=(?<line>\d+)/g;
  const inFolder = findings('biome', ['lint', '--reporter=github', ...folders], pattern);
  for (const folder of folders)
    expect([folder, inFolder(folder)]).toEqual([folder, expect.arrayContaining(['3 noFloatingPromises', '12 noMisusedPromises'])]);
});

test('npm run check runs both linters on all files', () => {
  const scripts: Record<string, string> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts;
  expect(scripts.check).toContain('"check:*"');
  const parts = Object.keys(scripts).filter((name) => name.startsWith('check:'));
  expect(parts.map((name) => scripts[name])).toEqual(expect.arrayContaining(['biome check .', 'oxlint --type-aware']));
});
