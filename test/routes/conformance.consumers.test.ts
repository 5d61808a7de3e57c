import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { startMockServer } from '../../client/mocks/standalone/server.ts';
import type { Manifest } from '../../client/recorder/index.ts';
import { listener } from '../support/app/listener.ts';
import { run } from '../support/checks/thirdParty.ts';

const mock = await startMockServer(0);
afterAll(mock.close);
const folder = mkdtempSync(join(tmpdir(), 'arkloop-manifests-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const main = fileURLToPath(new URL('../../client/conformance/main.ts', import.meta.url));
const examine = (url: string, consumers: string) =>
  run(process.execPath, [main, '--url', url, '--consumers', consumers], { cwd: folder, ms: 60_000 });
const problems = (stdout: string) => stdout.split('\n').filter((line) => line.startsWith('✗'));

/** A server that changes the bodies of the mock. */
async function startChanged(change: (path: string, text: string) => string): Promise<string> {
  const server = createServer(
    listener(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk);
      const { host: _, connection: __, ...headers } = req.headers;
      const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
      const answer = await fetch(mock.address + req.url, { method: req.method!, headers: headers as Record<string, string>, ...body });
      const text = change(req.url!, await answer.text());
      const { 'content-length': ___, ...kept } = Object.fromEntries(answer.headers);
      res.writeHead(answer.status, kept).end(text);
    }),
  );
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
  const { code, stdout, stderr } = await examine(mock.address, fileURLToPath(new URL('../../docs/consumers', import.meta.url)));
  expect([problems(stdout), stderr, code]).toEqual([[], '', 0]);
  expect(stdout).toMatch(/\d+ operations that playground use, \d+ of them without a success, 0 violations\n$/);
});

test('what a consumer reads is a violation if it is missing, and nothing else is', async () => {
  const consumers = place('changed', manifest);
  const changes: [from: RegExp, to: string][] = [
    [/"is_private":false/g, '"secret":1'],
    [/"title":/g, '"name":'],
  ];
  const harmless = await startChanged((path, text) => (path.startsWith('/v1/threads') ? text.replace(...changes[0]!) : text));
  expect(await examine(harmless, consumers)).toMatchObject({ code: 0, stdout: expect.stringContaining('3 operations that reader use') });
  const broken = await startChanged((path, text) =>
    path.startsWith('/v1/threads')
      ? text.replace(...changes[1]!)
      : text.replaceAll('invalid_token', 'bad_token').replaceAll(/("type":"run.started".*)"trace_id"/g, '$1"trace"'),
  );
  const { code, stdout } = await examine(broken, consumers);
  expect(code).toBe(1);
  expect(problems(stdout)).toEqual([
    expect.stringMatching(/^✗ me\.get: reader expects 401 invalid_token; GET \/v1\/me → 401 bad_token$/),
    expect.stringMatching(/^✗ runs\.events: reader reads run\.started data\.trace_id: /),
    expect.stringMatching(/^✗ threads\.list: reader reads \[\]\.title: /),
  ]);
});

test('names files that are no manifests, and operations that the contract does not have', async () => {
  const refused = async (content: unknown) => (await examine(mock.address, place('refused', content))).stderr;
  expect(await refused({ operations: {} })).toMatch(/reader\.json is not a manifest of a consumer \(format 1\)\n$/);
  const { 'me.get': me } = manifest.operations;
  expect(await refused({ ...manifest, operations: { 'me.nothing': me } })).toBe(
    'the contract has no operation me.nothing, which a manifest names\n',
  );
  expect((await examine(mock.address, mkdtempSync(join(folder, 'empty-')))).stderr).toMatch(/^there is no manifest \(\*\.json\) in /);
});
