import pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { type Answer, type CallOptions, startTestApp } from '../../support/app/testApp.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

const app = await startTestApp({}, { worker: false });
const { token, accountId, id: userId } = await app.signUp();
const call = (method: string, path: string, options: CallOptions = {}) => app.call(method, path, { token, ...options });
const create = (body: unknown) => call('POST', '/v1/threads', { body });
const thread = (await create({})).body.id;

afterEach(() => {
  expect(['isAdmin' in {}, 'polluted' in {}]).toEqual([false, false]);
});

describe('text values', () => {
  const inPlace: [string, string, (text: string) => string][] = [
    ['POST', '/v1/threads', (text) => `{"title":"${text}"}`],
    ['PATCH', `/v1/threads/${thread}`, (text) => `{"title":"${text}"}`],
    ['POST', `/v1/threads/${thread}/messages`, (text) => `{"content":"${text}"}`],
    ['POST', `/v1/threads/${thread}/messages`, (text) => `{"content_json":{"parts":[{"type":"text","text":"${text}"}]}}`],
    ['POST', '/v1/api-keys', (text) => `{"name":"${text}"}`],
    ['POST', '/v1/llm-providers', (text) => `{"name":"n","provider":"openai","api_key":"k","advanced_json":{"a":["${text}"]}}`],
    ['POST', '/v1/llm-providers', (text) => `{"name":"n","provider":"openai","api_key":"k","advanced_json":{"${text}":1}}`],
    ['POST', '/v1/auth/login', (text) => `{"login":"${text}","password":"x"}`],
    ['POST', '/v1/auth/register', (text) => `{"login":"a","password":"${text}","email":"a@b.c"}`],
  ];
  test.each(inPlace)('%s %s rejects U+0000, lone surrogates and invalid UTF-8', async (method, path, around) => {
    for (const text of ['a\\u0000b', '\\u0000', '\\ud800', 'a\\udc00b', '\\ude00\\ud83d'])
      expect(issuesOf(await call(method, path, { raw: around(text) }))[0]).toBe(400);
    for (const text of ['a\0b', 'a\nb', '\x1f'])
      expect(statusAndReason(await call(method, path, { raw: around(text) }))).toEqual([422, 'malformed_json']);
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      const [before = '', after = ''] = around('|').split('|');
      const raw = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
      expect(statusAndReason(await call(method, path, { raw }))).toEqual([422, 'invalid_encoding']);
    }
  });

  // oxfmt-ignore: a list of words
  const nasty = [
    `'`,
    `\\'`,
    `''`,
    `'; select pg_sleep(5);--`,
    `$$`,
    `$1`,
    `$tag$ x $tag$`,
    `E'\\\\'`,
    `?`,
    `??`,
    `:name`,
    `\\`,
    `\\\\`,
    `%s`,
    `{a,b}`,
    `"quoted"`,
    `$.a[*] ? (@ > 1)`,
    `a' || 'b`,
    `\u202egnp.exe`,
    `<script>alert(1)</script>`,
    `{{constructor.constructor('return process')()}}`,
    `\${process.env}`,
    `a\r\nSet-Cookie: b=c`,
    `%00`,
    `../../etc/passwd`,
    `__proto__`,
    `a\u2028\u2029b`,
    `👩‍👩‍👧‍👦`,
    `e\u0301`,
    `\ufeffbom`,
    `عربي`,
    '\x7f',
    'null',
    '1e400',
  ];
  /** The ORM writes values into the text of its statements, and their quoting depends on this setting. */
  async function reconnectWith(setting: string) {
    const client = new pg.Client({ connectionString: app.databaseUrl });
    await client.connect();
    await client.query(
      `do $$ begin execute format('alter database %I set standard_conforming_strings = ${setting}', current_database()); end $$`,
    );
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = current_user and pid <> pg_backend_pid()',
    );
    await client.end();
    await expect
      .poll(async () => (await app.sql('show standard_conforming_strings').catch(() => []))[0]?.standard_conforming_strings)
      .toBe(setting);
  }

  test.each(['on', 'off'])('are stored byte for byte with standard_conforming_strings %s', async (setting) => {
    await reconnectWith(setting);
    const provider = (await call('POST', '/v1/llm-providers', { body: { name: `p ${setting}`, provider: 'openai', api_key: 'k' } })).body
      .id;
    for (const [at, text] of nasty.entries()) {
      const start = performance.now();
      const stored = async (answer: Answer, read: (body: any) => unknown, expected: unknown = text) => {
        expect([text, answer.status, answer.text]).toEqual([text, expect.toBeOneOf([200, 201]), expect.anything()]);
        expect(read(answer.body)).toEqual(expected);
        return answer.body;
      };
      const made = await stored(await create({ title: text }), (body) => body.title);
      await stored(await call('GET', `/v1/threads/${made.id}`), (body) => body.title);
      await stored(
        await call('PATCH', `/v1/threads/${made.id}`, { body: { title: `${text}${text}` } }),
        (body) => body.title,
        `${text}${text}`,
      );
      await stored(await call('POST', `/v1/threads/${made.id}/messages`, { body: { content: text } }), (body) => body.content);
      await stored(await call('GET', `/v1/threads/${made.id}/messages`), (body) => body[0].content);
      const found = await call('GET', `/v1/threads/search?q=${encodeURIComponent(text.trim() || 'x')}`);
      expect([found.status, found.body.map((row: any) => row.id).includes(made.id)]).toEqual([200, true]);
      await stored(await call('POST', '/v1/api-keys', { body: { name: `k${text}k` } }), (body) => body.name, `k${text}k`);
      const advanced = { [`k${at}`]: text, deep: [{ [`d${text}`]: text }] };
      await stored(
        await call('PATCH', `/v1/llm-providers/${provider}`, { body: { advanced_json: advanced } }),
        (body) => body.advanced_json,
        advanced,
      );
      const model = { model: `m${text}m`, tags: [`t${text}t`], when: { [`w${text}`]: text } };
      await stored(
        await call('POST', `/v1/llm-providers/${provider}/models`, { body: model }),
        (body) => [body.model, body.tags, body.when],
        [model.model, model.tags, model.when],
      );
      expect(performance.now() - start).toTakeLessThan(4_000);
    }
  });

  test("a search is literal and limited to the caller's account", async () => {
    const other = await app.signUp();
    await app.call('POST', '/v1/threads', { token: other.token, body: { title: '100% sure_ly \\ or' } });
    for (const q of ['%', '_', '\\', `' or 1=1--`, '%%', '_____'])
      for (const row of (await call('GET', `/v1/threads/search?limit=200&q=${encodeURIComponent(q)}`)).body)
        expect([row.account_id, row.title.includes(q) || 'message']).toEqual([accountId, expect.anything()]);
    expect(issuesOf(await call('GET', `/v1/threads/search?q=${'x'.repeat(201)}`))).toEqual([400, [['query', 'q']]]);
    expect((await call('GET', `/v1/threads/search?q=${'x'.repeat(10_000)}`)).status).toBe(400);
  });
});

describe('JSON bodies', () => {
  const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);
  const provider = (advanced: string, name = 'deep') => `{"name":"${name}","provider":"openai","api_key":"k","advanced_json":${advanced}}`;

  test('deeply nested JSON is rejected in every place, within 500 ms', async () => {
    for (const depth of [65, 10_000, 500_000]) {
      for (const raw of [
        nested(depth),
        nested(depth, '{"a":', '}').replace('"a":}', '"a":1}'),
        '['.repeat(depth),
        provider(nested(depth)),
        `{"title":${nested(depth)}}`,
      ]) {
        if (raw.length > 2 ** 20) continue;
        const start = performance.now();
        const answer = await call('POST', raw.includes('provider') ? '/v1/llm-providers' : '/v1/threads', { raw });
        expect([depth, answer.status, performance.now() - start < 500]).toEqual([depth, 400, true]);
      }
    }
    expect((await call('POST', '/v1/llm-providers', { raw: provider(`{"a":${nested(62)}}`) })).status).toBe(201);
    expect((await call('POST', '/v1/threads', { body: { title: '['.repeat(150) } })).status).toBe(201);
  });

  test('many keys, long keys and prototype keys are rejected as unknown fields', async () => {
    const many = await create(Object.fromEntries(Array.from({ length: 70_000 }, (_, at) => [`k${at}`, 1])));
    expect([many.status, many.body.details.issues.length]).toEqual([400, 50]);
    const long = await create({ ['k'.repeat(900_000)]: 1 });
    expect([long.status, long.text.length < 10_000]).toEqual([400, true]);
    for (const raw of [
      '{"__proto__":{"isAdmin":true}}',
      '{"constructor":{"prototype":{"polluted":1}}}',
      '{"title":"a","__proto__":null}',
      '{"hasOwnProperty":1}',
    ])
      for (const [method, path] of [
        ['POST', '/v1/threads'],
        ['PATCH', `/v1/threads/${thread}`],
        ['POST', `/v1/threads/${thread}/messages`],
      ] as const)
        expect((await call(method, path, { raw })).status).toBe(400);
    const held = provider('{"constructor":{"prototype":{"polluted":1}},"toString":1}', 'proto');
    const kept = await call('POST', '/v1/llm-providers', { raw: held });
    expect([kept.status, kept.text.includes('polluted'), kept.text.includes('toString')]).toEqual([201, true, true]);
    for (const advanced of ['{"__proto__":{"isAdmin":true}}', '{"a":[{"__proto__":1}]}', String.raw`{"\u005f_proto__":1}`])
      expect((await call('POST', '/v1/llm-providers', { raw: provider(advanced, 'never') })).status).toBe(400);
    expect((await create({ title: '__proto__' })).body.title).toBe('__proto__');
  });

  test('a key that is given twice in an object is rejected and named', async () => {
    const cases: [string, string][] = [
      ['{"title":"first","title":"last"}', '/title'],
      [String.raw`{"title":"a","t\u0069tle":"a"}`, '/title'],
      ['{"title":"a\\\\","title":[]}', '/title'],
      ['{"a":[{"b":1},{"b/c":":,\\"","x":{"b":2},"b/c":null}]}', '/a/1/b~1c'],
      ['{"":1,"":2}', '/'],
    ];
    for (const [raw, path] of cases) expect(issuesOf(await call('POST', '/v1/threads', { raw }))).toEqual([400, [['body', path]]]);
    const nested = await call('POST', '/v1/llm-providers', { raw: provider('{"a":{"b":1,"b":1}}', 'twice') });
    expect(issuesOf(nested)).toEqual([400, [['body', '/advanced_json/a/b']]]);
    expect(
      (await call('POST', '/v1/llm-providers', { raw: provider('{"a":{"b":1},"b":[{"b":1},{"b":1}],"c":"\\":{:"}', 'once') })).status,
    ).toBe(201);
  });

  test('server-managed fields cannot be set', async () => {
    const own = {
      account_id: userId,
      created_by_user_id: userId,
      id: userId,
      created_at: '2020-01-01T00:00:00.000Z',
      deleted_at: null,
      role: 'admin',
      status: 'x',
      is_admin: true,
    };
    for (const [field, value] of Object.entries(own)) {
      expect(issuesOf(await call('PATCH', `/v1/threads/${thread}`, { body: { title: 'taken', [field]: value } }))).toEqual([
        400,
        [['body', `/${field}`]],
      ]);
      expect(issuesOf(await create({ [field]: value }))).toEqual([400, [['body', `/${field}`]]]);
    }
    expect((await call('GET', `/v1/threads/${thread}`)).body.title).toBeNull();
    for (const field of ['cost', 'status', 'account_id', 'parent_run_id', 'total_cost_usd'])
      expect(issuesOf(await call('POST', `/v1/threads/${thread}/runs`, { body: { [field]: 1 } }))).toEqual([400, [['body', `/${field}`]]]);
  });

  test('query operators of the data layer are rejected as values', async () => {
    for (const value of [{ $ne: null }, { $in: [] }, [], ['a'], 7, true]) {
      expect((await create({ title: value })).status).toBe(400);
      expect((await create({ project_id: value })).status).toBe(400);
      expect((await app.call('POST', '/v1/auth/login', { body: { login: value, password: value } })).status).toBe(400);
    }
    const all = await call(
      'GET',
      '/v1/threads?title[$ne]=x&project_id[$ne]=x&limit[]=1&__proto__[polluted]=1&constructor[prototype][polluted]=1',
    );
    expect(issuesOf(all)).toEqual([
      400,
      ['title[$ne]', 'project_id[$ne]', 'limit[]', '__proto__[polluted]', 'constructor[prototype][polluted]'].map((name) => [
        'query',
        name,
      ]),
    ]);
  });
});
