import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createWorkspaceTools } from '../../../server/agent/tools/workspace/workspaceTools.ts';
import { StorageUnavailable } from '../../../server/storage/storage.ts';
import { workspaceToolsFactory } from '../../support/agent/workspaceTools.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { storageOf } from '../../support/resources/files.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await sharedTestApp();
const { database, sql, call } = app;
const [storage, openTools] = [storageOf(app), workspaceToolsFactory(app)];

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
const invalid = { failed: 'tool.args_invalid' };
const failed = { failed: 'tool.execution_failed' };

test('files written by a run can be listed and read by runs and by the user', async () => {
  const { use, list, file, run } = await openTools();
  const content = 'naïve 👩‍👩‍👧 e\u0301\r\n';
  const size = Buffer.byteLength(content);
  expect(await use('write', { path: 'docs/./a/../plan.md', content })).toEqual({ path: '/docs/plan.md', size, sha256: sha256(content) });
  expect(await use('list', {})).toEqual({ path: '/', items: [{ name: 'docs', path: '/docs', type: 'dir', has_children: true }] });
  const inside = await use('list', { path: '/docs/' });
  expect(inside.items).toMatchObject([{ name: 'plan.md', path: '/docs/plan.md', type: 'file', size, mime_type: 'text/markdown' }]);
  expect(Math.abs(inside.items[0].mtime_unix_ms - Date.now())).toBeLessThan(60_000);
  expect(await use('read', { path: '//docs/plan.md' })).toEqual({ content, size, truncated: false, sha256: sha256(content) });
  expect((await list('/docs')).body.items).toEqual(inside.items);
  expect(await (await file('/docs/plan.md')).text()).toBe(content);
  await use('write', { path: '/docs/plan.md', content: '' });
  expect(await use('read', { path: '/docs/plan.md' })).toEqual({ content: '', size: 0, truncated: false, sha256: sha256('') });
  const tools = await createWorkspaceTools({ database, storage }).tools(run);
  expect(tools.map(({ name, parallel }) => [name, parallel])).toEqual([
    ['workspace_list', true],
    ['workspace_read', true],
    ['workspace_write', false],
    ['workspace_edit', false],
    ['workspace_glob', true],
    ['workspace_grep', true],
  ]);
});

test('reading and listing update last_used_at', async () => {
  const { use, me } = await openTools();
  await use('write', { path: 'a', content: 'a' });
  for (const [name, args] of [
    ['list', {}],
    ['read', { path: 'a' }],
  ] as const) {
    await sql(`update workspaces set last_used_at = 'epoch' where owner_user_id = $1`, [me.id]);
    await use(name, args);
    expect(
      (await sql("select last_used_at > now() - interval '1 minute' as used from workspaces where owner_user_id = $1", [me.id]))[0].used,
    ).toBe(true);
  }
});

test('binary content is read and written as base64, including invalid UTF-8', async () => {
  const { use } = await openTools();
  for (const bytes of [Buffer.from([0, 1, 2, 255]), Buffer.from([0x61, 0xc3]), Buffer.from('a\0b'), Buffer.from('\uFEFFa')]) {
    const base64 = bytes.toString('base64');
    expect((await use('write', { path: 'b', content: base64, encoding: 'base64' })).sha256).toBe(sha256(bytes));
    const told = await use('read', { path: 'b' });
    expect(told).toEqual(
      bytes.at(-1) === 0x61
        ? { content: '\uFEFFa', size: 4, truncated: false, sha256: sha256(bytes) }
        : { base64, size: bytes.length, truncated: false, sha256: sha256(bytes) },
    );
  }
  const lines = Buffer.alloc(100, 200).toString('base64').replace(/.{76}/, '$&\r\n');
  expect(await use('write', { path: 'b', content: lines, encoding: 'base64' })).toMatchObject({ size: 100 });
  for (const content of ['a', 'YQ', 'YQ=', 'Y===', 'YQ==YQ==', '-_8=', 'ÿÿÿÿ', ' YQ='])
    expect([content, await use('write', { path: 'b', content, encoding: 'base64' })]).toEqual([content, invalid]);
});

test('read() truncates at max_bytes without splitting characters', async () => {
  const { use } = await openTools();
  await use('write', { path: 't', content: 'aé👩' });
  const read = (max_bytes: unknown) => use('read', { path: 't', max_bytes });
  const whole = sha256('aé👩');
  expect([await read(1), await read(2), await read(3), await read(6), await read(7)]).toEqual([
    { content: 'a', size: 7, truncated: true, sha256: whole },
    { content: 'a', size: 7, truncated: true, sha256: whole },
    { content: 'aé', size: 7, truncated: true, sha256: whole },
    { content: 'aé', size: 7, truncated: true, sha256: whole },
    { content: 'aé👩', size: 7, truncated: false, sha256: whole },
  ]);
  for (const max of [0, 262_145, 5.5, '5', null]) expect(await read(max)).toEqual(invalid);
  await use('write', { path: 'large', content: 'x'.repeat(300_000) });
  const large = await use('read', { path: 'large' });
  expect([large.content.length, large.size, large.truncated]).toEqual([65_536, 300_000, true]);
  expect((await use('read', { path: 'large', max_bytes: 262_144 })).content).toHaveLength(262_144);
  await use('write', { path: 'bin', content: Buffer.alloc(50_000, 255).toString('base64'), encoding: 'base64' });
  const binary = await use('read', { path: 'bin' });
  expect([Buffer.from(binary.base64, 'base64').length, binary.truncated]).toEqual([24_000, true]);
});

test('write() accepts at most 1 MiB', async () => {
  const { use } = await openTools();
  expect(await use('write', { path: 'm', content: 'x'.repeat(2 ** 20) })).toMatchObject({ size: 2 ** 20 });
  expect(await use('write', { path: 'm', content: 'x'.repeat(2 ** 20 + 1) })).toEqual(invalid);
  expect(await use('write', { path: 'm', content: 'é'.repeat(2 ** 19 + 1) })).toEqual(invalid);
  const bytes = Buffer.alloc(2 ** 20 + 1);
  const encoded = (size: number) => ({ path: 'm', content: bytes.subarray(0, size).toString('base64'), encoding: 'base64' });
  expect([await use('write', encoded(2 ** 20)), await use('write', encoded(2 ** 20 + 1))]).toMatchObject([{ size: 2 ** 20 }, invalid]);
});

test('rejects paths outside the workspace and keeps names unchanged', async () => {
  const { use, list } = await openTools();
  const out = ['../x', '/a/../../b', 'a\\..\\b', 'a\0b', `/${'x'.repeat(4_096)}`, '\ud800'];
  for (const path of out)
    for (const [name, args] of [
      ['list', {}],
      ['read', {}],
      ['write', { content: 'x' }],
    ] as const)
      expect([path, name, await use(name, { ...args, path })]).toEqual([path, name, invalid]);
  for (const path of ['', '/', 'a/..', '.']) {
    expect(await use('write', { path, content: 'x' })).toEqual(invalid);
    expect(await use('read', { path })).toEqual(invalid);
  }
  for (const path of ['%2e%2e/x', 'é', 'e\u0301', ' ', 'a\nb', '🎈/‮', '...', `/${'y'.repeat(4_095)}`])
    expect((await use('write', { path, content: path })).path).toBe(path.startsWith('/') ? path : `/${path}`);
  expect([(await use('read', { path: 'é' })).size, (await use('read', { path: 'e\u0301' })).size]).toEqual([2, 3]);
  expect((await list()).body.items).toHaveLength(8);
  for (const [name, args] of [
    ['list', { recursive: true }],
    ['read', { path: 'é', follow: 1 }],
    ['write', { path: 'a', content: 'x', mode: 7 }],
  ] as const)
    expect(await use(name, args)).toEqual(invalid);
  expect([await use('write', { path: 'a' }), await use('write', { path: 'a', content: '\udc00' })]).toEqual([invalid, invalid]);
});

test('a directory is not writable as a file, a file has no children, and links are not followed', async () => {
  const { use, write } = await openTools();
  const link = { path: '/link', type: 'symlink' as const, size: 3 };
  await write({ '/file': 'f', '/folder/in': 'i' }, [link, { path: '/empty', type: 'dir' }]);
  for (const path of ['folder', 'empty', 'link', 'file/below', 'link/below', 'file/a/b'])
    expect([path, await use('write', { path, content: 'x' })]).toEqual([path, failed]);
  for (const path of ['folder', 'empty', 'link', 'absent', 'file/below'])
    expect([path, await use('read', { path })]).toEqual([path, failed]);
  for (const path of ['empty/now', 'folder/too', 'file']) expect((await use('write', { path, content: 'x' })).size).toBe(1);
  expect([(await use('list', { path: 'absent' })).items, (await use('list', { path: 'file' })).items]).toEqual([[], []]);
});

test('uses the workspace of the user who started the run, in the project of the thread', async () => {
  const { use, me, run, project, list } = await openTools();
  const own = (await call('POST', '/v1/projects', { token: me.token, body: { name: 'Own' } })).body.id;
  const thread = (await call('POST', '/v1/threads', { token: me.token, body: { project_id: own } })).body.id;
  const there = { thread_id: thread };
  await use('write', { path: 'there', content: 'x' }, undefined, there);
  expect((await list()).body.items).toEqual([]);
  const inOwn = await call('GET', `/v1/projects/${own}/workspace/files`, { token: me.token });
  expect(inOwn.body.items).toMatchObject([{ name: 'there' }]);
  const other = await openTools();
  expect((await other.use('list', {}, undefined, { ...other.run, thread_id: thread })).items).toEqual([]);
  // A thread of a deleted project falls back to the default project.
  await call('DELETE', `/v1/projects/${own}`, { token: me.token });
  expect((await use('list', {}, undefined, there)).items).toEqual([]);
  await sql('update projects set deleted_at = now() where id = $1', [project]);
  expect(await use('write', { path: 'healed', content: 'x' })).toMatchObject({ size: 1 });
  const healed = await sql('select id from projects where owner_user_id = $1 and is_default and deleted_at is null', [me.id]);
  expect([healed.length, await use('list', {}, undefined, { ...run, created_by_user_id: null })]).toEqual([
    1,
    { failed: 'tool.not_available' },
  ]);
});

test('without storage, or if storage is unreachable, the tools are not available', async () => {
  const down = async () => {
    throw new StorageUnavailable('unreachable');
  };
  const broken = { ...storage, get: down, put: down } as typeof storage;
  const bare = await openTools({}, undefined);
  const none = createWorkspaceTools({ database, storage: undefined });
  for (const tool of await none.tools(bare.run)) {
    const own: Record<string, object> = {
      workspace_write: { content: 'a' },
      workspace_edit: { old_text: 'a', new_text: 'b' },
      workspace_glob: { pattern: '*' },
      workspace_grep: { pattern: 'a' },
    };
    const args = { path: 'a', ...own[tool.name] };
    const context = { run: bare.run, callId: 'call', signal: AbortSignal.timeout(60_000), memory: new Map() };
    await expect(tool.run(args, context)).rejects.toMatchObject({ errorClass: 'tool.not_available' });
  }
  const { use, write } = await openTools({}, broken);
  await write({ '/a': 'a' });
  for (const [name, args] of [
    ['list', {}],
    ['read', { path: 'a' }],
    ['write', { path: 'a', content: 'b' }],
  ] as const)
    expect(await use(name, args)).toEqual({ failed: 'tool.not_available' });
});

test('a lost manifest is an empty workspace, and the next write recreates it', async () => {
  const { use, write } = await openTools();
  const { ref, rev } = await write({ '/a': 'a' });
  await storage.delete(`workspaces/${ref}/manifests/${rev}.json`);
  expect((await use('list', {})).items).toEqual([]);
  await use('write', { path: 'b', content: 'b' });
  expect((await use('list', {})).items).toHaveLength(1);
});

test('two users with runs in the same thread have separate files', async () => {
  const { me, use, run } = await openTools();
  const guest = await app.signUp();
  await app.joinAccount(guest, me);
  await use('write', { path: 'mine', content: 'x' });
  expect((await use('list', {}, undefined, { ...run, created_by_user_id: guest.id })).items).toEqual([]);
});
