import { expect, test } from 'vitest';
import { startTestApp } from '../../support/app/testApp.ts';
import { connectMcp, postMcp } from '../../support/http/mcpClient.ts';
import { createKey } from '../../support/resources/apiKeys.ts';

const app = await startTestApp();

async function openKey(scopes?: string[]) {
  const person = await app.signUp();
  return { ...person, ...(await createKey(app, person, scopes)) };
}

test.each(['2026-07-28', 'legacy'] as const)('an agent holds a conversation (%s)', async (era) => {
  const { key } = await openKey();
  const { client, use, names } = await connectMcp(app.url, key, era);
  expect(client.getServerVersion()).toMatchObject({ name: 'arkloop' });
  expect(await names()).toHaveLength(16);
  const thread = await use('create_thread', { title: 'A plan' });
  const progress: unknown[] = [];
  const outcome = await use(
    'send_message',
    { thread_id: thread.id, content: 'Hello!' },
    { onprogress: (each: unknown) => progress.push(each) },
  );
  expect(outcome).toMatchObject({ thread_id: thread.id, status: 'completed', error: null, question: null });
  expect(outcome.answer).not.toBe('');
  expect(progress.length).toBeGreaterThan(0);
  const read = await use('get_thread', { thread_id: thread.id });
  expect(read.thread.title).toBe('A plan');
  expect(read.messages.map(({ role, content }: any) => [role, content])).toEqual([
    ['user', 'Hello!'],
    ['assistant', outcome.answer],
  ]);
  expect(await use('get_run', { run_id: outcome.run_id })).toEqual(outcome);
});

test('a key sees and calls only the tools of its scopes, and nothing of other accounts', async () => {
  const other = await openKey();
  const theirs = await connectMcp(app.url, other.key);
  const thread = await theirs.use('create_thread');
  const { run_id } = await theirs.use('send_message', { thread_id: thread.id, content: 'Hi' });
  const [project] = (await theirs.use('list_projects')).projects;
  const reader = await openKey(['data.threads.read']);
  const { names, fail, use, client } = await connectMcp(app.url, reader.key);
  expect(await names()).toEqual(['list_threads', 'search_threads', 'get_thread']);
  expect(await use('list_threads')).toEqual({ threads: [] });
  expect(await fail('create_thread')).toMatchObject({
    error: 'auth.forbidden',
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    details: { reason: 'missing_permission', permission: 'data.threads.write' },
  });
  const [denied] = await app.sql(`select metadata from audit_logs where account_id = $1 and action = 'thread.create'`, [reader.accountId]);
  expect(denied.metadata).toMatchObject({ result: 'denied', api_key_id: reader.keyId });
  await expect(client.callTool({ name: 'delete_thread', arguments: {} })).rejects.toMatchObject({ code: -32_602 });
  // What belongs to somebody else is absent, for every tool.
  const stranger = await connectMcp(app.url, (await openKey()).key);
  const foreign: [string, object][] = [
    ['get_thread', { thread_id: thread.id }],
    ['send_message', { thread_id: thread.id, content: 'x' }],
    ['list_threads', { project_id: project.id }],
    ['get_run', { run_id }],
    ['cancel_run', { run_id }],
    ['answer_question', { run_id, content: 'x' }],
    ...['list', 'read', 'write', 'edit', 'glob', 'grep'].map((name): [string, object] => [
      `workspace_${name}`,
      {
        project_id: project.id,
        ...{
          list: {},
          read: { path: '/a' },
          write: { path: '/a', content: 'x' },
          edit: { path: '/a', old_text: 'x', new_text: 'y' },
          glob: { pattern: '*' },
          grep: { pattern: 'x' },
        }[name],
      },
    ]),
  ];
  for (const [name, args] of foreign) expect([name, (await stranger.fail(name, args)).error]).toEqual([name, 'not_found']);
  expect((await stranger.fail('create_thread', { project_id: project.id })).details.issues).toMatchObject([{ path: '/project_id' }]);
  // The account of the header counts, as in other operations.
  const inTheirs = await postMcp(app, reader.key, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, { 'x-account-id': other.accountId });
  expect(inTheirs.status).toBe(404);
});

test('a user with an access token can call tools too; what is invalid is a result that names the values', async () => {
  const { token } = await app.signUp();
  const { use, fail } = await connectMcp(app.url, token, 'legacy');
  const { id } = await use('create_thread', {});
  const faults: [string, object, string[]][] = [
    ['get_thread', {}, ['/thread_id']],
    ['get_thread', { thread_id: 'x', limit: 0, extra: 1 }, ['/limit', '/thread_id', '/extra']],
    ['send_message', { thread_id: id, content: ' ', wait_seconds: 301 }, ['/content', '/wait_seconds']],
    ['send_message', { thread_id: id, content: 'x'.repeat(20_001), unknown: true }, ['/content', '/unknown']],
    ['list_threads', { limit: { $gt: 0 }, before: ['x'] }, ['/limit', '/before']],
    ['list_threads', { limit: { toString: 1 } }, ['/limit']],
    ['get_run', { run_id: id, wait_seconds: { toString: 1 } }, ['/wait_seconds']],
    ['list_personas', { scope: 'platform' }, ['/scope']],
  ];
  for (const [name, args, paths] of faults) {
    const { error, details } = await fail(name, args);
    expect([name, error, details.issues.map(({ path }: any) => path).sort()]).toEqual([name, 'validation.error', paths.sort()]);
  }
  expect((await fail('search_threads', { q: 'x', before: 'a'.repeat(20) })).details.reason).toBe('invalid_cursor');
  expect((await fail('send_message', { thread_id: crypto.randomUUID(), content: 'x' })).error).toBe('not_found');
});

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

test('messages that are no JSON-RPC are refused before the protocol, other revisions by the protocol', async () => {
  const { key } = await openKey();
  const refused = async (body: unknown, headers = {}) => {
    const answer = await postMcp(app, key, body, headers);
    return [answer.status, answer.body.error, answer.body.details.reason ?? answer.body.details.issues?.[0].path];
  };
  expect(await refused('{"jsonrpc":')).toEqual([422, 'validation.error', 'malformed_json']);
  expect(await refused('')).toEqual([422, 'validation.error', 'empty_body']);
  // A batch would pass the limits of requests.
  expect(await refused([list, list])).toEqual([400, 'validation.error', '']);
  expect(await refused({ ...list, jsonrpc: '1.0' })).toEqual([400, 'validation.error', '/jsonrpc']);
  expect(await refused({ ...list, id: { a: 1 } })).toEqual([400, 'validation.error', '/id']);
  expect(await refused({ ...list, params: [] })).toEqual([400, 'validation.error', '/params']);
  expect(await refused(list, { 'content-type': 'text/plain' })).toEqual([422, 'validation.error', 'unsupported_content_type']);
  const deep = `{"jsonrpc":"2.0","id":1,"method":"x","params":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`;
  expect(await refused(deep)).toEqual([400, 'validation.error', '']);
  expect(await refused({ ...list, params: { text: 'x'.repeat(2 ** 21) } })).toEqual([413, 'payload_too_large', undefined]);
  expect(await refused(list, { origin: 'https://evil.example' })).toEqual([403, 'auth.forbidden', 'origin_not_allowed']);
  expect((await postMcp(app, key, list, { origin: app.url })).status).toBe(200);
  expect((await postMcp(app, 'al_unknown', list)).status).toBe(401);
  expect((await postMcp(app, 'al_unknown', list)).headers.get('www-authenticate')).toBe('Bearer');
  // Revisions.
  const past = await postMcp(app, key, list, { 'mcp-protocol-version': '1999-01-01' });
  expect([past.status, past.body.error.code]).toEqual([400, -32_000]);
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2099-01-01', 'io.modelcontextprotocol/clientCapabilities': {} };
  const future = await postMcp(
    app,
    key,
    { ...list, params: { _meta: meta } },
    { 'mcp-protocol-version': '2099-01-01', 'mcp-method': 'tools/list' },
  );
  expect([future.status, future.body.id, future.body.error.data.supported]).toEqual([400, 1, ['2026-07-28']]);
  // Methods of HTTP.
  for (const method of ['GET', 'DELETE', 'PUT']) {
    const answer = await app.call(method, '/mcp', { token: key });
    expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, 'POST']);
  }
});

test('a client that is not modern is answered without a session of the server', async () => {
  const { key } = await openKey();
  const initialize = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  const first = await postMcp(app, key, { jsonrpc: '2.0', id: 'a', method: 'initialize', params: initialize });
  expect(first).toMatchObject({ status: 200, body: { id: 'a', result: { protocolVersion: '2025-06-18', capabilities: { tools: {} } } } });
  expect(first.headers.get('mcp-session-id')).toMatch(/^[0-9a-f-]{36}$/);
  const noted = await postMcp(app, key, { jsonrpc: '2.0', method: 'notifications/initialized' });
  expect([noted.status, noted.text]).toEqual([202, '']);
  // A call needs no `initialize`, and an unknown session is none.
  const called = await postMcp(
    app,
    key,
    { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'list_threads' } },
    { 'mcp-session-id': 'unknown', 'mcp-protocol-version': '2025-06-18' },
  );
  expect(called).toMatchObject({ status: 200, body: { id: 2, result: { structuredContent: { threads: [] } } } });
  expect(called.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const unknown = await postMcp(app, key, { jsonrpc: '2.0', id: 3, method: 'resources/list' });
  expect(unknown.body.error.code).toBe(-32_601);
  const listen = await postMcp(
    app,
    key,
    {
      jsonrpc: '2.0',
      id: 4,
      method: 'subscriptions/listen',
      params: {
        _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
        notifications: {},
      },
    },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' },
  );
  expect(listen.text).toContain('error');
});

test('lists have pages, and a page that is too large is made smaller', async () => {
  const { key, token } = await openKey();
  const { use } = await connectMcp(app.url, key);
  const { id } = await use('create_thread', { title: 'Long' });
  await use('create_thread', { title: 'Short' });
  const first = await use('list_threads', { limit: 1 });
  const second = await use('list_threads', { limit: 1, before: first.next_cursor });
  expect([first, second].map(({ threads: [thread] }) => thread.title)).toEqual(['Short', 'Long']);
  expect(second.next_cursor).toBeUndefined();
  const contents = Array.from({ length: 12 }, (_, at) => `${at} ${'ü'.repeat(9_000)}`);
  for (const content of contents) await app.call('POST', `/v1/threads/${id}/messages`, { token, body: { content } });
  const seen: string[] = [];
  for (let before: string | undefined, pages = 0; pages < 12; pages++) {
    const page = await use('get_thread', { thread_id: id, ...(before && { before }) });
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(100_000);
    seen.unshift(...page.messages.map(({ content }: any) => content));
    before = page.next_cursor;
    if (!before) break;
  }
  expect(seen).toEqual(contents);
  expect((await use('search_threads', { q: 'ÜÜÜ' })).threads).toMatchObject([{ id }]);
});

test('the files of a project are read, written, edited and searched', async () => {
  const { key, accountId } = await openKey();
  const { use, fail } = await connectMcp(app.url, key);
  const [{ id: project_id, is_default }] = (await use('list_projects')).projects;
  expect(is_default).toBe(true);
  const written = await use('workspace_write', { project_id, path: '/notes/plan.md', content: 'One\nTwo ☂\n' });
  expect(written).toMatchObject({ path: '/notes/plan.md', size: 12 });
  const edited = await use('workspace_edit', {
    project_id,
    path: '/notes/plan.md',
    old_text: 'Two',
    new_text: 'Three',
    sha256: written.sha256,
  });
  expect(edited).toMatchObject({ replaced: 1 });
  const stale = await fail('workspace_edit', {
    project_id,
    path: '/notes/plan.md',
    old_text: 'One',
    new_text: '1',
    sha256: written.sha256,
  });
  expect(stale).toMatchObject({ error: 'conflict', details: { reason: 'revision_conflict', sha256: edited.sha256 } });
  expect(await fail('workspace_edit', { project_id, path: '/notes/plan.md', old_text: 'Four', new_text: '4' })).toMatchObject({
    error: 'tool.execution_failed',
  });
  expect(await use('workspace_grep', { project_id, pattern: '^thr', ignore_case: true })).toMatchObject({
    matches: [{ path: '/notes/plan.md', line: 2, text: 'Three ☂' }],
  });
  expect(await use('workspace_glob', { project_id, pattern: '**/*.md' })).toMatchObject({ files: [{ path: '/notes/plan.md' }], total: 1 });
  expect(await use('workspace_list', { project_id, path: '/notes' })).toEqual({
    path: '/notes',
    items: [{ path: '/notes/plan.md', type: 'file', size: edited.size, mtime_unix_ms: expect.any(Number) }],
    total: 1,
  });
  // A long file in parts, which begin and end with whole characters.
  const long = 'äöü "quoted"\n'.repeat(20_000);
  await use('workspace_write', { project_id, path: '/long.txt', content: long });
  let text = '';
  for (let offset: number | undefined = 0; offset !== undefined;) {
    const part: any = await use('workspace_read', { project_id, path: '/long.txt', offset });
    text += part.content;
    offset = part.next_offset;
  }
  expect(text).toBe(long);
  await use('workspace_write', { project_id, path: '/x.bin', content: Buffer.alloc(50_000, 255).toString('base64'), encoding: 'base64' });
  const binary = await use('workspace_read', { project_id, path: '/x.bin' });
  expect([binary.truncated, binary.next_offset, binary.size]).toEqual([true, 24_000, 50_000]);
  // A folder in pages.
  const first = await use('workspace_list', { project_id, limit: 2 });
  const rest = await use('workspace_list', { project_id, limit: 2, offset: first.next_offset });
  expect([...first.items, ...rest.items].map(({ path }: any) => path)).toEqual(['/notes', '/long.txt', '/x.bin']);
  expect([first.total, rest.next_offset]).toEqual([3, undefined]);
  expect(await fail('workspace_read', { project_id, path: '/long.txt', max_bytes: 3 })).toMatchObject({ error: 'validation.error' });
  expect((await use('workspace_read', { project_id, path: '/long.txt', max_bytes: 4 })).content).toBe('äö');
  expect(await fail('workspace_read', { project_id, path: '/../etc/passwd' })).toMatchObject({ error: 'validation.error' });
  expect(await fail('workspace_read', { project_id, path: '/none' })).toMatchObject({ error: 'tool.execution_failed' });
  const entries = await app.sql(`select metadata->>'path' as path from audit_logs where account_id = $1 and action = 'workspace.upload'`, [
    accountId,
  ]);
  expect(entries.map(({ path }) => path).sort()).toEqual(['/long.txt', '/notes/plan.md', '/notes/plan.md', '/x.bin']);
  // 30 paths that are too long for one result.
  const folder = `/${Array.from({ length: 15 }, () => 'd'.repeat(250)).join('/')}`;
  const files = Array.from({ length: 30 }, (_, at) => `${folder}/${at + 10}`);
  for (const path of files) await use('workspace_write', { project_id, path, content: 'x' });
  const part = await use('workspace_list', { project_id, path: folder });
  expect(part).toMatchObject({ total: 30, next_offset: part.items.length });
  const others = await use('workspace_list', { project_id, path: folder, offset: part.next_offset });
  expect([...part.items, ...others.items].map(({ path }: any) => path)).toEqual(files);
});
