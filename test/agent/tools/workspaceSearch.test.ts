import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { globToPattern } from '../../../server/agent/tools/workspace/globPattern.ts';
import { workspaceToolsFactory } from '../../support/agent/workspaceTools.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';

const openTools = workspaceToolsFactory(await sharedTestApp());
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const invalid = { failed: 'tool.args_invalid' };
const failed = { failed: 'tool.execution_failed' };

test('edit() replaces exactly one text, and fails if it is absent, repeated, or the file has changed', async () => {
  const { use, write } = await openTools();
  const text = 'naïve $& \r\nline two\r\nline two\r\n';
  await write({ '/a.txt': text, '/bin': Buffer.from([1, 0, 2]), '/folder/in': 'x' });
  const edit = (old_text: unknown, new_text: unknown, more: object = {}) => use('edit', { path: 'a.txt', old_text, new_text, ...more });
  expect([await edit('absent', 'x'), await edit('line two\n', 'x'), await edit('line two', 'x'), await edit('nai\u0308ve', 'x')]).toEqual(
    Array.from({ length: 4 }, () => failed),
  );
  for (const [old, replacement] of [
    ['', 'x'],
    ['same', 'same'],
    ['\ud800', 'x'],
    ['x', '\udc00'],
    [1, 'x'],
  ])
    expect(await edit(old, replacement)).toEqual(invalid);
  const first = text.replace('naïve $&', () => "$' $1");
  expect(await edit('naïve $&', "$' $1", { sha256: sha256(text) })).toEqual({
    path: '/a.txt',
    size: Buffer.byteLength(first),
    sha256: sha256(first),
    replaced: 1,
  });
  // The version that was read is the old one.
  expect(await edit('line', 'row', { sha256: sha256(text), replace_all: true })).toEqual(failed);
  expect(await use('write', { path: 'a.txt', content: 'x', sha256: sha256(text) })).toEqual(failed);
  expect(await edit('line', 'row', { sha256: sha256(first), replace_all: true })).toMatchObject({ replaced: 2 });
  expect((await use('read', { path: 'a.txt' })).content).toBe("$' $1 \r\nrow two\r\nrow two\r\n");
  for (const path of ['bin', 'folder', 'absent']) expect(await use('edit', { path, old_text: 'x', new_text: 'y' })).toEqual(failed);
  expect(await edit('row', 'x'.repeat(2 ** 20), { replace_all: true })).toEqual(failed);
  expect(await edit('row two\r\nrow two\r\n', '')).toMatchObject({ replaced: 1 });
});

test('ten concurrent edits of one file by two processes are all kept', async () => {
  const { process, write, use } = await openTools();
  const names = Array.from({ length: 10 }, (_, at) => `<${at}>`);
  await write({ '/a': names.join('') });
  const processes = [process(), process()];
  await Promise.all(names.map((name, at) => processes[at % 2]!('edit', { path: 'a', old_text: name, new_text: `[${at}]` })));
  expect((await use('read', { path: 'a' })).content).toBe(names.join('').replaceAll('<', '[').replaceAll('>', ']'));
});

test('glob() finds files by their path, the last changed first', async () => {
  const { use, write } = await openTools();
  const entry = { type: 'file' as const, size: 1, sha256: sha256('x') };
  const paths = ['/a.md', '/src/b.ts', '/src/deep/c.tsx', '/src/deep/é.md', '/src/[x].ts', '/src/a\nb.ts'];
  await write({}, [...paths.map((path, at) => ({ ...entry, path, mtime_unix_ms: at })), { path: '/l.md', type: 'symlink' }]);
  const found = async (pattern: string, path?: string) => {
    const { files, failed: why } = await use('glob', { pattern, ...(path && { path }) });
    return why ?? files.map((each: { path: string }) => each.path);
  };
  expect(await found('*.md')).toEqual(['/src/deep/é.md', '/a.md']);
  expect(await found('/*.md')).toEqual(['/a.md']);
  expect(await found('src/**/*.{ts,tsx}')).toEqual(['/src/a\nb.ts', '/src/[x].ts', '/src/deep/c.tsx', '/src/b.ts']);
  expect(await found('src/*')).toEqual(['/src/a\nb.ts', '/src/[x].ts', '/src/b.ts']);
  expect(await found('?.ts*', '/src')).toEqual(['/src/deep/c.tsx', '/src/b.ts']);
  expect(await found('[!x]*.md', '/src/deep')).toEqual(['/src/deep/é.md']);
  expect([await found('**'), await found('(a+)+$'), await found('x', '/absent')]).toEqual([[...paths].reverse(), [], []]);
  for (const pattern of ['[', '{a', '', 'x'.repeat(1_001)]) expect([pattern, await found(pattern)]).toEqual([pattern, 'tool.args_invalid']);
  expect(await use('glob', { pattern: '**', limit: 2 })).toMatchObject({ total: 6, truncated: true });
  expect(await use('glob', { pattern: '**', path: '../x' })).toEqual(invalid);
  expect([globToPattern('[!]a]'), globToPattern('[]a]')]).toEqual(['^(?:.*/)?[^/\\]a]$', '^(?:.*/)?[\\]a]$']);
  expect(globToPattern('a.{b,c}')).toBe('^(?:.*/)?a\\.(?:b|c)$');
});

test('grep() searches lines in linear time and bounds its result', async () => {
  const { use, write } = await openTools();
  const long = `${'é'.repeat(5_000)}needle${'x'.repeat(5_000)}`;
  await write({
    '/a.txt': 'one\r\nTwo needle\nthree',
    '/src/b.md': `${long}\nneedle`,
    '/bin': Buffer.from('needle\0'),
    '/latin': Buffer.from([0x6e, 0xff]),
    '/huge': Buffer.alloc(2 * 2 ** 20 + 1, 'needle\n'),
    '/evil': `${'a'.repeat(50_000)}!`,
  });
  const all = await use('grep', { pattern: 'needle$' });
  expect([all.matches, all.searched_files, all.skipped_files, all.truncated]).toEqual([
    [
      { path: '/a.txt', line: 2, text: 'Two needle' },
      { path: '/src/b.md', line: 2, text: 'needle' },
    ],
    3,
    3,
    false,
  ]);
  const [cut] = (await use('grep', { pattern: 'needle', path: 'src/b.md' })).matches;
  expect([cut.text.length, cut.text.includes('needle')]).toEqual([300, true]);
  expect((await use('grep', { pattern: 'two', glob: '*.txt', ignore_case: true })).matches).toHaveLength(1);
  expect((await use('grep', { pattern: '^(a+)+$', path: '/evil' })).matches).toEqual([]);
  for (const pattern of ['(', '(a)\\1', 'a{2000}', '']) expect([pattern, await use('grep', { pattern })]).toEqual([pattern, invalid]);
  await write({ '/many': 'needle in a line\n'.repeat(10_000) });
  expect(await use('grep', { pattern: 'needle', limit: 5 })).toMatchObject({ matches: { length: 5 }, truncated: true });
  const most = await use('grep', { pattern: 'needle', limit: 500 });
  expect([most.truncated, Buffer.byteLength(JSON.stringify(most)) < 32_768]).toEqual([true, true]);
  const stopped = use('grep', { pattern: 'x' }, AbortSignal.abort(new Error('the run stops')));
  await expect(stopped).rejects.toThrow('the run stops');
});
