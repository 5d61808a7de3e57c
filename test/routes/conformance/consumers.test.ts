import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { startMockServer } from '../../../client/mocks/standalone/server.ts';
import type { Manifest } from '../../../client/recorder/index.ts';
import { eachBlock, startFlawedProxy } from '../../support/http/flawedProxy.ts';
import { runKitHere } from './kit.ts';

const mock = await startMockServer(0);
afterAll(mock.close);
const folder = mkdtempSync(join(tmpdir(), 'arkloop-manifests-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const examine = (url: string, consumers: string, ...more: string[]) => runKitHere(['--url', url, '--consumers', consumers, ...more]);
const problems = (stdout: string) => stdout.split('\n').filter((line) => line.startsWith('✗'));

/** A server that changes the bodies of the mock. */
async function startChanged(change: (path: string, text: string) => string): Promise<string> {
  const { url, close } = await startFlawedProxy(mock.address, {
    reply: ({ text }, { path }) => ({ text: change(path, text) }),
    stream: eachBlock((block, { path }) => change(path, block)),
  });
  onTestFinished(close);
  return url;
}

const used = (reads: string[]) => ({ reads, reasons: [], events: {} });
const manifest: Manifest = {
  ...{ format: 1, consumer: 'reader', unknown: [] },
  operations: {
    'threads.list': { query: [], headers: [], body: [], responses: { 200: used(['[]', '[].id', '[].title']) } },
    'me.get': { query: [], headers: [], body: [], responses: { 401: { ...used([]), reasons: ['invalid_token'] } } },
    'runs.events': {
      ...{ query: [], headers: [], body: [] },
      responses: { 200: { ...used([]), events: { 'run.started': ['type', 'data.trace_id'] } } },
    },
  },
};
const place = (name: string, content: unknown) => {
  const own = mkdtempSync(join(folder, `${name}-`));
  writeFileSync(join(own, 'reader.json'), JSON.stringify(content));
  return own;
};

test('the mock has everything that the playground uses', async () => {
  const { code, stdout, stderr } = await examine(mock.address, fileURLToPath(new URL('../../../docs/consumers', import.meta.url)));
  expect([problems(stdout), stderr, code]).toEqual([[], '', 0]);
  expect(stdout).toMatch(/\d+ operations used by playground, \d+ of them without a success, no findings, \d+\.\d s\n$/);
  expect(stdout).toMatch(/\nDeleted the \d+ things that the check had created\./);
});

test('what a consumer reads is a violation if it is missing, and nothing else is', async () => {
  const consumers = place('changed', manifest);
  const changes: [from: RegExp, to: string][] = [
    [/"is_private":false/g, '"secret":1'],
    [/"title":/g, '"name":'],
  ];
  const harmless = await startChanged((path, text) => (path.startsWith('/v1/threads') ? text.replace(...changes[0]!) : text));
  expect(await examine(harmless, consumers)).toMatchObject({ code: 0, stdout: expect.stringContaining('3 operations used by reader') });
  const broken = await startChanged((path, text) =>
    path.startsWith('/v1/threads')
      ? text.replace(...changes[1]!)
      : text.replaceAll('invalid_token', 'bad_token').replaceAll(/("type":"run.started".*)"trace_id"/g, '$1"trace"'),
  );
  const { code, stdout } = await examine(broken, consumers, '--junit', join(folder, 'junit.xml'));
  expect(code).toBe(1);
  expect(problems(stdout)).toEqual([
    '✗ me.get: reader expects 401 invalid_token [consumer.errors]',
    expect.stringMatching(/^✗ runs\.events: reader reads run\.started data\.trace_id: .* \[consumer\.reads\]$/),
    expect.stringMatching(/^✗ threads\.list: reader reads \[\]\.title: .* \[consumer\.reads\]$/),
  ]);
  expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toContain(
    '<failure type="consumer.errors" message="reader expects 401 invalid_token">',
  );
  const { stdout: onlyMe } = await examine(broken, consumers, '--only', 'me,threads.create', '--quiet');
  expect(onlyMe).toMatch(/\n1 operation used by reader, 0 of them without a success, 1 finding, /);
});

test('names files that are no manifests, and operations that the contract does not have', async () => {
  const refused = async (content: unknown, ...more: string[]) => (await examine(mock.address, place('refused', content), ...more)).stderr;
  expect(await refused({ operations: {} })).toMatch(/reader\.json is not a manifest of a consumer \(format 1\)\n$/);
  const { 'me.get': me } = manifest.operations;
  expect(await refused({ ...manifest, operations: { 'me.nothing': me } })).toBe(
    'the contract has no operation me.nothing, which a manifest names\n',
  );
  expect(await refused(manifest, '--only', 'personas')).toBe('none of these operations is used by reader\n');
  expect((await examine(mock.address, mkdtempSync(join(folder, 'empty-')))).stderr).toMatch(/^there is no manifest \(\*\.json\) in /);
});
