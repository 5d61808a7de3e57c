import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { operations } from '../../../client/conformance/operations.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { packClient, root } from '../../support/checks/packed.ts';

const packed = await packClient();
const app = await startTestApp();

const manifest = JSON.parse(readFileSync(join(root, 'client/package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>;
};

const distributed =
  /^dist\/(client|contract)\/.*\.(js|d\.ts)(\.map)?$|^dist\/src\/(client|contract)\/.*\.ts$|^(README\.md|LICENSE|CHANGELOG\.md|package\.json)$/;

test('the package is built quickly and contains its entries, their types, the README and the license', () => {
  console.info(`npm run build: ${(packed.buildMs / 1_000).toFixed(1)} s; ${(packed.tarball.length / 1_000).toFixed(0)} kB packed`);
  // Takes 3 s on an idle machine.
  expect(packed.buildMs).toTakeLessThan(60_000);
  expect(packed.tarball.length / operations.length).toBeLessThan(2_500);
  const entries = Object.values(manifest.exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : [entry.types, entry.default]));
  const missing = entries.map((path) => path.replace('./', '')).filter((path) => !path.includes('*') && !packed.files.includes(path));
  expect(missing).toEqual([]);
  expect(packed.files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'CHANGELOG.md']));
  expect(packed.files.filter((path) => !distributed.test(path))).toEqual([]);
  expect(packed.files.filter((path) => path.includes('/chat/'))).toEqual([]);
  expect(readFileSync(join(root, 'client/LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'));
});

test('maps point to sources in the package, and every reference to a map has one', async () => {
  const read = (path: string) => readFileSync(join(packed.folder, path), 'utf8');
  const maps = packed.files.filter((path) => path.endsWith('.map'));
  const sourcesOf = (map: string) => (JSON.parse(read(map)) as { sources: string[] }).sources.map((source) => join(dirname(map), source));
  expect(maps.flatMap(sourcesOf).filter((source) => !packed.files.includes(source))).toEqual([]);
  for (const mapped of ['dist/client/core/transport.js.map', 'dist/client/react/run.d.ts.map']) expect(maps).toContain(mapped);
  const referenced = packed.files.filter((path) => /\.(js|d\.ts)$/.test(path) && /\n\/\/# sourceMappingURL=/.test(read(path)));
  expect(referenced.map((path) => `${path}.map`).sort()).toEqual(maps.sort());
});

test('publint reports no problems', async () => {
  const { messages, pkg } = await publint({ pkgDir: packed.folder, level: 'suggestion', strict: true, pack: false });
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
});

test('the types are correct in every resolution mode for ES modules', async () => {
  const program = join(import.meta.dirname, 'typeProblems.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, packed.tarballPath]);
  const { problems, entrypoints } = JSON.parse(stdout) as { problems: { resolutionKind?: string }[]; entrypoints: string[] };
  const asModule = (kind: string) => kind !== 'node10' && kind !== 'node16-cjs';
  expect(problems.filter(({ resolutionKind: kind }) => kind === undefined || asModule(kind))).toEqual([]);
  expect(entrypoints.toSorted()).toEqual(Object.keys(manifest.exports).toSorted());
});

/** The bundle of one module, minified, without external modules. */
async function bundleOf(project: string, source: string, external: string[] = []): Promise<string[]> {
  const entry = join(project, 'entry.js');
  await writeFile(entry, source);
  const options = { input: entry, external, preserveEntrySignatures: 'strict' as const };
  const built = await build({
    root: project,
    configFile: false,
    logLevel: 'silent',
    build: { write: false, minify: true, rolldownOptions: options, modulePreload: false },
  });
  const { output } = (Array.isArray(built) ? built[0] : built) as Rolldown.RolldownOutput;
  return output.flatMap((chunk) => (chunk.type === 'chunk' ? [chunk.code] : []));
}

/** Its size in bytes, compressed. */
async function sizeOf(project: string, source: string, external: string[] = []): Promise<number> {
  const chunks = await bundleOf(project, source, external);
  return chunks.reduce((sum, code) => sum + gzipSync(code, { level: 9 }).length, 0);
}

test('the core is under 20 kB, minified and compressed, and entries that are not imported add nothing', async () => {
  const project = await packed.install(['zod', 'react', '@tanstack/react-query', '@tanstack/query-core']);
  const peers = ['react', '@tanstack/react-query'];
  const core = await sizeOf(project, `export { createClient } from '@arkloop/client';`);
  const sizes = {
    core,
    'core and react hooks': await sizeOf(project, `export * from '@arkloop/client'; export * from '@arkloop/client/react';`, peers),
    'ai-sdk': await sizeOf(project, `export * from '@arkloop/client/ai-sdk';`),
    'assistant-ui': await sizeOf(project, `export * from '@arkloop/client/assistant-ui';`, [...peers, '@assistant-ui/react']),
    testing: await sizeOf(project, `export * from '@arkloop/client/testing';`),
    'contract without zod': await sizeOf(project, `export * from '@arkloop/client/contract';`, ['zod', 'zod/locales', 'zod/v4/core']),
    'contract with zod': await sizeOf(project, `export * from '@arkloop/client/contract';`),
    'one model with zod': await sizeOf(project, `export { Thread } from '@arkloop/client/contract/threads';`),
    'an error class': await sizeOf(project, `export { ApiError } from '@arkloop/client';`),
  };
  console.info(
    Object.entries(sizes)
      .map(([name, bytes]) => `${name}: ${(bytes / 1_000).toFixed(1)} kB`)
      .join('\n'),
  );
  expect(core).toBeLessThan(20_000);
  expect(core).toBeGreaterThan(3_000);
  expect(sizes['core and react hooks']).toBeLessThan(20_000);
  // Without `ai`: of that package only types are imported.
  expect(sizes['ai-sdk']).toBeLessThan(5_000);
  expect(sizes['assistant-ui']).toBeLessThan(3_000);
  expect(sizes.testing).toBeLessThan(4_000);
  expect(sizes['an error class']).toBeLessThan(2_000);
});

test('one schema of the contract adds less than 4 kB to the smallest object of zod, and schemas that are not imported add nothing', async () => {
  const project = await packed.install(['zod']);
  const smallest = await bundleOf(project, `import { z } from 'zod'; export const Smallest = z.object({ id: z.string() });`);
  const one = await bundleOf(project, `export { Thread } from '@arkloop/client/contract/threads';`);
  const [all, zod] = [one, smallest].map((chunks) => chunks.join('').length) as [number, number];
  console.info(`one schema: ${(all / 1_000).toFixed(1)} kB minified, of which zod ${(zod / 1_000).toFixed(1)} kB`);
  expect(all - zod).toBeLessThan(4_000);
  const code = one.join('');
  expect(code).toContain('A conversation, owned by one user in one account.');
  expect(code).not.toContain('A thread that matches a search.');
  expect(code).not.toContain('/v1/threads');
});

test('the conformance kit runs from the tarball in an empty folder, with nothing else installed', async () => {
  const project = await packed.install();
  const installed = (await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.'));
  expect(installed).toEqual(['@arkloop']);
  const kit = (...args: string[]) => promisify(execFile)(join(project, 'node_modules/.bin/arkloop-conformance'), args, { cwd: project });
  expect(await kit('--help')).toMatchObject({ stdout: expect.stringContaining('--junit FILE'), stderr: '' });
  const checked = await kit('--url', app.url, '--only', 'threads', '--only', 'runs.events');
  expect(checked).toMatchObject({ stdout: expect.stringMatching(/^ok {3}threads\.create[^]* no findings, /m), stderr: '' });
});
