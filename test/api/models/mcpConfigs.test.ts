import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startSdkServer } from '../../support/agent/mcpSdk.ts';
import { temporaryDataDir } from '../../support/app/instance.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

const app = await sharedTestApp();
const { call, signUp, joinAccount, promote, sql } = app;
const path = '/v1/mcp-configs';
const secret = 'tok-secret-4f9c2a71b8d05e63';
const [owner, other, platformAdmin] = [await signUp(), await signUp(), await signUp()];
await promote(platformAdmin);

let count = 0;
const http = (fields: object = {}) => ({
  name: `Server ${++count}`,
  transport: 'streamable_http',
  url: 'https://mcp.example.test/mcp',
  ...fields,
});
const stdio = (fields: object = {}) => ({ name: `Server ${++count}`, transport: 'stdio', command: '/bin/true', ...fields });
const create = (person: Person, body: unknown) => call('POST', path, { token: person.token, body });
const change = (person: Person, id: string, body: unknown) => call('PATCH', `${path}/${id}`, { token: person.token, body });

describe('creating', () => {
  test('returns every field except secrets, nulls included', async () => {
    const body = http({ name: '  Files ', transport: ' Streamable_HTTP ', bearer_token: secret, inherit_parent_env: true });
    const answer = await create(owner, body);
    expect(answer.status).toBe(201);
    const { id, created_at, updated_at, ...rest } = answer.body;
    expect(rest).toEqual({
      account_id: owner.accountId,
      name: 'Files',
      transport: 'streamable_http',
      url: 'https://mcp.example.test/mcp',
      has_auth: true,
      authorization: 'none',
      command: null,
      args: [],
      cwd: null,
      inherit_parent_env: false,
      call_timeout_ms: 10_000,
      elicitation_enabled: false,
      is_active: true,
    });
    expect(updated_at).toBe(created_at);
  });

  test('a platform admin adds a stdio server, whose environment is never returned', async () => {
    const answer = await create(
      platformAdmin,
      stdio({ args: ['-a', ''], cwd: '/tmp', env: { A_1: secret, _b: '' }, call_timeout_ms: 600_000 }),
    );
    expect(answer.body).toMatchObject({
      transport: 'stdio',
      command: '/bin/true',
      args: ['-a', ''],
      cwd: '/tmp',
      url: null,
      has_auth: false,
    });
    const list = await call('GET', path, { token: platformAdmin.token });
    expect(answer.text + list.text).not.toContain(secret);
    expect(answer.text).not.toContain('A_1');
  });

  test.each([[http({ url: undefined })], [http({ command: 'ls', args: ['a'] })]])(
    'fields that do not match the transport are rejected with inconsistent_values: %j',
    async (body) => {
      const { details } = (await create(owner, body)).body;
      expect([details.reason, ...new Set(details.issues.map((issue: { reason: string }) => issue.reason))]).toEqual([
        'inconsistent_values',
        'inconsistent_values',
      ]);
    },
  );

  test.each([
    [http({ url: undefined }), '/url'],
    [http({ url: null }), '/url'],
    [http({ url: ' ' }), '/url'],
    [http({ transport: 'x' }), '/transport'],
    [http({ transport: null }), '/transport'],
    [http({ name: ' \u2003' }), '/name'],
    [http({ name: 'é'.repeat(101) }), '/name'],
    [http({ command: 'ls' }), '/command'],
    [http({ args: ['a'] }), '/args'],
    [http({ env: { A: 'b' } }), '/env'],
    [http({ cwd: '/tmp' }), '/cwd'],
    [http({ bearer_token: 'a\nb: c' }), '/bearer_token'],
    [http({ call_timeout_ms: 0 }), '/call_timeout_ms'],
    [http({ call_timeout_ms: 600_001 }), '/call_timeout_ms'],
    [stdio({ command: undefined }), '/command'],
    [stdio({ command: '  ' }), '/command'],
    [stdio({ url: 'https://mcp.example.test' }), '/url'],
    [stdio({ bearer_token: secret }), '/bearer_token'],
    [stdio({ args: Array(65).fill('a') }), '/args'],
    [stdio({ cwd: 'tmp' }), '/cwd'],
    [stdio({ env: { '1A': 'x' } }), '/env/1A'],
    [stdio({ env: { 'A=B': 'x' } }), '/env/A=B'],
    [stdio({ env: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`A${at}`, ''])) }), '/env'],
  ])('rejects %j at %s', async (body, field) => {
    expect(issuesOf(await create(platformAdmin, body))).toEqual([400, [['body', field]]]);
  });

  test.each([
    ['http://127.0.0.2:1/mcp', 'allowed by the development switch', 201],
    ['https://169.254.169.254/latest', 'private_ip_denied', 400],
    ['http://2852039166/', 'private_ip_denied', 400],
    ['http://10.0.0.1', 'private_ip_denied', 400],
    ['http://[::ffff:10.0.0.1]/', 'private_ip_denied', 400],
    ['http://[fd00:ec2::254]/', 'private_ip_denied', 400],
    ['https://localhost./', 'localhost_denied', 400],
    ['https://a:b@mcp.example.test/', 'userinfo_denied', 400],
    ['https://mcp.example.test/#a', 'fragment_denied', 400],
    ['file:///etc/passwd', 'unsupported_scheme', 400],
    ['/mcp', 'invalid_url', 400],
    ['http://mcp.example.test\\@10.0.0.1/', 'invalid_url', 400],
    ['http://mcp.example.test/mcp?key=1', '', 201],
  ])('the URL %s: %s', async (url, reason, status) => {
    const answer = await create(owner, http({ url }));
    expect(answer.status).toBe(status);
    if (status === 400) expect([answer.body.details.reason, answer.body.details.issues[0].path]).toEqual([reason, '/url']);
    const changed = await change(owner, (await create(owner, http())).body.id, { url });
    expect(changed.status).toBe(status === 201 ? 200 : 400);
  });

  test('names are unique per account, also in parallel requests', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => create(owner, http({ name: 'Twice' }))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)]);
    expect(statusAndReason(answers.find(({ status }) => status === 409)!)).toEqual([409, 'name_conflict']);
    expect((await create(other, http({ name: 'Twice' }))).status).toBe(201);
    const { id } = (await create(owner, http())).body;
    expect(statusAndReason(await change(owner, id, { name: ' Twice' }))).toEqual([409, 'name_conflict']);
  });

  test('an account has at most 100 servers, also when two are added at once', async () => {
    const full = await signUp();
    await sql(
      `insert into mcp_configs (account_id, id, name, transport, url)
       select $1, gen_random_uuid(), n::text, 'streamable_http', 'https://mcp.example.test' from generate_series(1, 99) n`,
      [full.accountId],
    );
    const answers = await Promise.all([create(full, http()), create(full, http())]);
    expect(answers.map((answer) => statusAndReason(answer)).sort()).toEqual([
      [201, undefined],
      [409, 'quota_exceeded'],
    ]);
  });
});

describe('stdio servers', () => {
  test.each(['stdio', 'STDIO', ' stdio ', '\tStdIO\n'])(
    'with transport %j only platform admins can create one, and its command is not started',
    async (transport) => {
      const canary = join(temporaryDataDir(), 'canary');
      const body = stdio({ transport, command: '/bin/touch', args: [canary] });
      expect(statusAndReason(await create(owner, body))).toEqual([403, 'stdio_requires_platform_admin']);
      const [entry] = await sql(
        `select metadata from audit_logs where account_id = $1 and action = 'mcp_config.create' order by id desc limit 1`,
        [owner.accountId],
      );
      expect(entry.metadata).toMatchObject({ result: 'denied', deny_reason: 'stdio_requires_platform_admin' });
      expect((await create(platformAdmin, { ...body, name: `Server ${++count}` })).status).toBe(201);
      expect(existsSync(canary)).toBe(false);
    },
  );

  test('only platform admins can update one, and any manager of servers can delete it', async () => {
    const { id } = (await create(platformAdmin, stdio())).body;
    const admin = await signUp();
    await joinAccount(admin, platformAdmin, 'admin');
    const inside = { token: admin.token, headers: { 'x-account-id': platformAdmin.accountId } };
    for (const body of [{ name: 'Mine' }, { is_active: false }, { call_timeout_ms: 1 }])
      expect(statusAndReason(await call('PATCH', `${path}/${id}`, { ...inside, body }))).toEqual([403, 'stdio_requires_platform_admin']);
    expect(issuesOf(await change(platformAdmin, id, { url: 'https://mcp.example.test' }))).toEqual([400, [['body', '/url']]]);
    expect(issuesOf(await change(platformAdmin, id, { bearer_token: secret }))).toEqual([400, [['body', '/bearer_token']]]);
    expect((await change(platformAdmin, id, { is_active: false })).body.is_active).toBe(false);
    expect((await call('DELETE', `${path}/${id}`, inside)).status).toBe(204);
  });

  test('an HTTP server cannot be changed to stdio', async () => {
    const { id } = (await create(platformAdmin, http())).body;
    for (const body of [
      { transport: 'stdio' },
      { transport: 'stdio', command: '/bin/true' },
      { command: '/bin/true' },
      { args: [] },
      { env: {} },
    ])
      expect((await change(platformAdmin, id, body)).status).toBe(400);
  });
});

describe('updating', () => {
  test('omitted fields stay, and each update increments the revision', async () => {
    const { id, ...before } = (await create(owner, http({ bearer_token: secret }))).body;
    const answer = await change(owner, id, { name: 'Renamed', call_timeout_ms: 5, is_active: false });
    expect(answer.body).toEqual({ id, ...before, name: 'Renamed', call_timeout_ms: 5, is_active: false, updated_at: expect.any(String) });
    const [row] = await sql('select revision, bearer_token_sealed from mcp_configs where id = $1', [id]);
    expect([row.revision, row.bearer_token_sealed.toString('latin1').includes(secret)]).toEqual([2, false]);
  });

  test('the token is never returned, and null or a blank string clears it', async () => {
    const { id } = (await create(owner, http())).body;
    const states = [];
    for (const token of [secret, undefined, null, secret, '  ', secret, '']) {
      const answer = await change(owner, id, { bearer_token: token, call_timeout_ms: 7 });
      expect(answer.text).not.toContain(secret);
      states.push(answer.body.has_auth);
    }
    expect(states).toEqual([true, true, false, true, false, true, false]);
    const list = await call('GET', `${path}?limit=200`, { token: owner.token });
    expect(list.text).not.toContain(secret);
    const audit = await sql('select metadata, before_state, after_state from audit_logs where account_id = $1', [owner.accountId]);
    expect(JSON.stringify(audit)).not.toContain(secret);
  });

  test.each([
    [{}, ''],
    [{ url: null }, '/url'],
    [{ url: '' }, '/url'],
    [{ is_active: null }, '/is_active'],
    [{ name: null }, '/name'],
    [{ cwd: '/' }, ''],
  ])('rejects %j', async (body, field) => {
    const { id } = (await create(owner, http())).body;
    const [status, issues] = issuesOf(await change(owner, id, body));
    expect([status, issues[0][1]]).toEqual([400, field === '' ? expect.any(String) : field]);
  });
});

describe('access', () => {
  test('members can list servers without the permission to manage them', async () => {
    const member = await signUp();
    await joinAccount(member, owner);
    const inside = { token: member.token, headers: { 'x-account-id': owner.accountId } };
    const list = await call('GET', path, inside);
    expect([list.status, list.body.length > 0]).toEqual([200, true]);
    expect(statusAndReason(await call('POST', path, { ...inside, body: http() }))).toEqual([403, 'missing_permission']);
    const { id } = list.body[0];
    expect(statusAndReason(await call('PATCH', `${path}/${id}`, { ...inside, body: { name: 'x' } }))).toEqual([403, 'missing_permission']);
    expect(statusAndReason(await call('DELETE', `${path}/${id}`, inside))).toEqual([403, 'missing_permission']);
  });

  test('servers of another account return 404', async () => {
    const { id } = (await create(owner, http())).body;
    expect((await change(other, id, { is_active: false })).status).toBe(404);
    expect((await call('DELETE', `${path}/${id}`, { token: other.token })).status).toBe(404);
    const list = await call('GET', `${path}?limit=200`, { token: other.token });
    expect(list.body.every((config: { account_id: string }) => config.account_id === other.accountId)).toBe(true);
    const [row] = await sql('select is_active from mcp_configs where id = $1', [id]);
    expect(row.is_active).toBe(true);
  });

  test('deleting a server frees its name, and only one of parallel deletions succeeds', async () => {
    const body = http({ bearer_token: secret });
    const { id } = (await create(owner, body)).body;
    const calls = await Promise.all([1, 2, 3].map(() => call('DELETE', `${path}/${id}`, { token: owner.token })));
    expect(calls.map(({ status }) => status).sort()).toEqual([204, 404, 404]);
    expect(await sql('select 1 from mcp_configs where id = $1', [id])).toEqual([]);
    expect((await create(owner, body)).status).toBe(201);
  });
});

describe('testing', () => {
  const testOf = (person: Person, id: string) => call('POST', `${path}/${id}/test`, { token: person.token });

  test('returns the tools of a server, also of an inactive one, and sends its token', async () => {
    const server = await startSdkServer((tools) => {
      tools.registerTool('tides', { title: 'Tides', description: 'Tide tables', annotations: { readOnlyHint: true } }, () => ({
        content: [],
      }));
      tools.registerTool('book', {}, () => ({ content: [] }));
    });
    const { id } = (await create(owner, http({ url: server.url, bearer_token: secret }))).body;
    await change(owner, id, { is_active: false });
    const { status, body } = await testOf(owner, id);
    expect([status, body]).toEqual([
      200,
      {
        success: true,
        authorization: 'none',
        config_id: id,
        latency_ms: expect.any(Number),
        tools: [
          { name: 'tides', title: 'Tides', description: 'Tide tables', read_only: true },
          { name: 'book', title: null, description: null, read_only: false },
        ],
      },
    ]);
    expect(server.count('tools/list')).toBe(1);
    expect((await testOf(other, id)).status).toBe(404);
  });

  test('tells why a server cannot be reached or tested', async () => {
    const gone = (await create(owner, http({ url: 'http://127.0.0.1:1/mcp' }))).body;
    const unreachable = (await testOf(owner, gone.id)).body;
    expect(unreachable).toMatchObject({ success: false, tools: [], error: expect.stringContaining('cannot be reached') });
    const program = (await create(platformAdmin, stdio())).body;
    expect((await testOf(platformAdmin, program.id)).body).toMatchObject({
      success: false,
      error: expect.stringContaining('workers only'),
    });
  });
});
