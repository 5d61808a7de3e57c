import { createHash, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Sandbox, type SandboxFile, SandboxLimit, type SandboxResult } from '../../../server/agent/sandbox/sandbox.ts';
import { createWasmSandbox } from '../../../server/agent/sandbox/wasm/wasmSandbox.ts';
import { createAvailableTools } from '../../../server/agent/tools/availableTools.ts';
import { ToolFailure } from '../../../server/agent/tools/tool.ts';
import { createWorkspaceTools } from '../../../server/agent/tools/workspace/workspaceTools.ts';
import { workspaceToolsFactory } from '../../support/agent/workspaceTools.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { images } from '../../support/http/forms.ts';
import { storageOf } from '../../support/resources/files.ts';
import { limitSetter } from '../../support/resources/quotas.ts';

const app = await sharedTestApp();
const openTools = workspaceToolsFactory(app);
const wasm = createWasmSandbox({ memoryMb: 512, wheels: undefined });
const invalid = { failed: 'tool.args_invalid' };

/** A user with files, and `run_code` in one of their runs with this sandbox. */
async function openCode(sandbox: Sandbox = wasm) {
  const files = await openTools();
  const tools = await createWorkspaceTools({ database: app.database, storage: storageOf(app), sandbox }).tools(files.run);
  const tool = tools.find(({ name }) => name === 'run_code')!;
  const run = async (code: unknown, more: object = {}, signal = AbortSignal.timeout(120_000)): Promise<Record<string, any>> => {
    const context = { run: files.run, callId: 'call', signal, memory: new Map() };
    const output = await tool.run({ language: 'javascript', code, ...more }, context).catch((error) => {
      if (!(error instanceof ToolFailure)) throw error;
      return { result: { failed: error.errorClass, ...(error.details && { reason: error.details.reason }) } };
    });
    return { ...output.result, ...('images' in output && output.images!.length > 0 && { shown: output.images }) };
  };
  return { ...files, code: run, tool, tools };
}

/** A sandbox that answers with this, as a broken or hostile one may. */
const answering = (answer: Partial<SandboxResult>, seen: SandboxFile[] = [], before = async () => {}): Sandbox => ({
  run: async ({ files }) => {
    seen.push(...(await files()));
    await before();
    return { output: '', isOutputCut: false, changed: [], deleted: [], ...answer };
  },
});
const bytes = (text: string) => Buffer.from(text);

test('run_code is offered only to a persona that names it, and only with a sandbox', async () => {
  const { tools } = await openCode();
  const listed = (allowed: string[]) =>
    createAvailableTools(tools, { tool_allowlist: allowed, tool_denylist: [], core_tools: [] })
      .listed()
      .map(({ name }) => name);
  expect([listed([]).includes('run_code'), listed(['run_code']), listed(['code'])]).toEqual([false, ['run_code'], ['run_code']]);
  const without = createWorkspaceTools({ database: app.database, storage: storageOf(app) });
  const { run } = await openTools();
  expect((await without.tools(run)).map(({ name }) => name)).not.toContain('run_code');
});

test('JavaScript reads and changes the files of the workspace, in one revision', async () => {
  const { code, write, list, use } = await openCode();
  await write({ '/data/a.csv': 'x,y\n1,2\n', '/old': 'old', '/same': 'same' });
  const result = await code(`
    console.log(workspace.list(), workspace.read('data/a.csv').length, typeof process, typeof fetch, typeof require);
    workspace.write('out/b.json', JSON.stringify({ sum: 3 }));
    workspace.write('/pixel', new Uint8Array([${[...images.png].join()}]));
    workspace.write('same', 'same');
    workspace.remove('old');
    Promise.resolve(41).then((value) => ({ value: value + 1 }))`);
  expect(result).toEqual({
    output: '["/data/a.csv","/old","/same"] 8 undefined undefined undefined\n',
    value: '{"value":42}',
    files: [
      { path: '/out/b.json', size: 9 },
      { path: '/pixel', size: images.png.length },
    ],
    deleted: ['/old'],
    images: 1,
    shown: [{ type: 'image', mime_type: 'image/png', data: images.png.toString('base64') }],
  });
  expect((await list()).body.items.map(({ name }: { name: string }) => name)).toEqual(['data', 'out', 'pixel', 'same']);
  expect((await use('read', { path: 'out/b.json' })).content).toBe('{"sum":3}');
  expect(await code(`workspace.write('n\\u0000', 'x'); workspace.write('nul', 'a\\u0000b'); workspace.read('nul')`)).toMatchObject({
    value: 'a\0b',
    files: [{ path: '/nul', size: 3 }],
    not_stored: [{ path: '/n\0' }],
  });
  expect(await code(`throw new TypeError('bad')`)).toEqual({ output: '', error: expect.stringContaining('TypeError: bad') });
  for (const wrong of ['', 'x'.repeat(100_001), '\ud800', 7]) expect(await code(wrong)).toEqual(invalid);
  for (const more of [{ language: 'bash' }, { timeout: 0 }, { timeout: 121 }, { paths: ['../x'] }, { paths: [] }])
    expect(await code('1', more)).toEqual(invalid);
});

test('limits of time, memory, output and files stop the code, with a clear error', async () => {
  const { code, list } = await openCode();
  const failed = (reason: string) => ({ failed: 'tool.execution_failed', reason });
  expect(await code('for (;;) {}', { timeout: 1 })).toEqual(failed('time_limit'));
  expect(await code('for (;;) console.log("x".repeat(100_000))')).toEqual(failed('output_limit'));
  expect(await code('for (let n = 0; n < 201; n++) workspace.write("f" + n, "x")')).toEqual(failed('files_limit'));
  expect(await code('const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1))')).toMatchObject({
    error: expect.stringContaining('out of memory'),
  });
  const fill = `let n = 0;
    try { for (;;) { workspace.write('same', 'x'.repeat(n)); workspace.write('f' + n++, new Uint8Array(2e7)); } }
    catch (error) { for (const path of workspace.list()) workspace.remove(path); workspace.write('after', new Uint8Array(2e7)); [n, error.message] }`;
  expect(await code(fill)).toMatchObject({ value: '[6,"All files together are larger than 96 MiB."]', files: [{ path: '/after' }] });
  expect(await code(`workspace.remove('after')`)).toMatchObject({ deleted: ['/after'] });
  expect(await code('const f = () => f(); f()')).toMatchObject({ error: expect.stringMatching(/stack/) });
  const cut = await code('console.log("x".repeat(60_000))');
  expect([cut.output.length, cut.output_truncated]).toEqual([50_000, true]);
  expect((await list()).body.items).toEqual([]);
  const stopping = new AbortController();
  const stopped = code('for (;;) {}', {}, stopping.signal);
  stopping.abort(new Error('the run stops'));
  await expect(stopped).rejects.toThrow('the run stops');

  // Code that waits holds no files and leaves with its run, and one account takes one place.
  const job = { accountId: 'one', language: 'javascript', code: 'for (;;) {}', timeoutMs: 60_000 } as const;
  const own = createWasmSandbox({ memoryMb: 512, wheels: undefined });
  const [first, second] = [new AbortController(), new AbortController()];
  const started: string[] = [];
  const files = (name: string) => async () => {
    started.push(name);
    return [];
  };
  const running = own.run({ ...job, files: files('first') }, first.signal);
  const waiting = own.run({ ...job, files: files('second') }, second.signal);
  expect((await own.run({ ...job, accountId: 'two', code: '7', files: files('other') }, AbortSignal.timeout(60_000))).value).toBe('7');
  second.abort(new Error('the second leaves'));
  await expect(waiting).rejects.toThrow('the second leaves');
  first.abort(new Error('the first leaves'));
  await expect(running).rejects.toThrow('the first leaves');
  expect(started).toEqual(['first', 'other']);
});

test('what a sandbox returns is not trusted: odd names, files of others, and limits', async () => {
  const seen: SandboxFile[] = [];
  const odd = ['/../../etc/x', 'a\\b', '/', `/${'n'.repeat(300)}`, '/\ud800', '/a\0', '/file/below', '/link', '/theirs'];
  const changed = [
    ...odd.map((path) => ({ path, bytes: bytes('x') })),
    { path: 'ok//./x', bytes: bytes('x') },
    { path: '/given', bytes: bytes('mine') },
  ];
  const person = await openCode(answering({ changed, deleted: ['/gone', '/theirs', '../x'] }, seen));
  await person.write({ '/file': 'f', '/given': 'given', '/theirs': 'theirs', '/gone': 'g' }, [{ path: '/link', type: 'symlink', size: 1 }]);
  const result = await person.code('1', { paths: ['/given', 'gone'] });
  expect(seen.map(({ path }) => path)).toEqual(['/given', '/gone']);
  expect([result.files, result.deleted]).toEqual([
    [
      { path: '/ok/x', size: 1 },
      { path: '/given', size: 4 },
    ],
    ['/gone'],
  ]);
  expect(result.not_stored.map(({ path }: { path: string }) => path.slice(0, 12))).toEqual(
    odd.map((path) => path.toWellFormed().slice(0, 12)),
  );
  expect((await person.use('read', { path: '/theirs' })).content).toBe('theirs');

  // A file that somebody else has changed while the code ran stays.
  const racing: Sandbox = answering({ changed: [{ path: '/a', bytes: bytes('code') }], deleted: ['/b'] }, [], async () => {
    await racer.use('write', { path: 'a', content: 'user' });
    await racer.use('write', { path: 'b', content: 'user' });
  });
  const racer = await openCode(racing);
  await racer.write({ '/a': 'a', '/b': 'b' });
  expect((await racer.code('1')).not_stored.map(({ path }: { path: string }) => path)).toEqual(['/a', '/b']);
  expect((await racer.use('read', { path: 'a' })).sha256).toBe(createHash('sha256').update('user').digest('hex'));

  // A full account keeps what was printed.
  const full = await openCode(answering({ output: 'printed', changed: [{ path: '/a', bytes: bytes('x'.repeat(5_000)) }] }));
  await (
    await limitSetter(app)
  )(full.me, 'quota.workspace_bytes', 1_000);
  expect(await full.code('1')).toMatchObject({ output: 'printed', not_stored: [{ path: '/' }] });

  const entry = { type: 'file' as const, size: 1, sha256: createHash('sha256').update('x').digest('hex') };
  const many = await openCode(answering({}));
  await many.write(
    {},
    Array.from({ length: 1_001 }, (_, at) => ({ ...entry, path: `/d/${at}` })),
  );
  expect(await many.code('1')).toEqual({ failed: 'tool.execution_failed', reason: 'input_limit' });
  expect(new SandboxLimit('time', randomUUID())).toBeInstanceOf(Error);
});
