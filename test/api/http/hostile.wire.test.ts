import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../../contract/shared/errors.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { rawSend, request } from '../../support/http/raw.ts';
import { issuesOf } from '../../support/http/responses.ts';

const { url, call, signUp, sql } = await startTestApp(
  { ARKLOOP_TRUST_X_FORWARDED_FOR: '0', ARKLOOP_TRUST_INCOMING_TRACE_ID: '0' },
  { worker: false },
);
const { token } = await signUp();
const authorization = `Bearer ${token}`;
const json = 'application/json';
const statuses = (all: string) => [...all.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));

describe('paths', () => {
  const id = randomUUID();
  test.each([
    '%E0%A4%A',
    '%00',
    '%2F',
    '%ff',
    '%',
    '%zz',
    `${id}%00`,
    `..%2f${id}`,
    '%2e%2e',
    '\u{1f600}',
    'x'.repeat(4_000),
    `${id}%0d%0aSet-Cookie=a`,
  ])('%s as an ID returns a validation error', async (bad) => {
    const path = `/v1/threads/${bad}`;
    const answer = await rawSend(url, request(`GET ${encodeURI(path).replaceAll('%25', '%')}`, { authorization }));
    expect([answer.status, answer.body?.error]).toEqual([400, 'validation.error']);
    expect(answer.body.details.issues[0]).toMatchObject({ location: 'path', path: 'thread_id' });
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  test.each([
    '/'.repeat(1_000),
    `/v1${'/'.repeat(1_000)}threads`,
    '//v1/threads',
    '/v1/threads/',
    '/v1//threads',
    '/V1/threads',
    '/v1/threads;x=1',
    '/v1/../v1/threads',
    '/v1/%74hreads',
    '/v1/threads%3F',
    '/v1/admin/unknown',
    '/v1',
    '/%',
    '/v1/threads:unknown',
    `/v1/threads/${id}:unknown`,
    '/*',
  ])('%s returns 404', async (path) => {
    const answer = await rawSend(url, request(`GET ${path}`, { authorization }));
    expect([path.slice(0, 30), answer.status]).toEqual([path.slice(0, 30), 404]);
    expect(Problem.parse(answer.body).error).toBe('not_found');
    expect(answer.text).not.toMatch(/v1\/threads|node_modules|\.ts/);
  });

  test('an action accepts an encoded colon', async () => {
    expect((await call('POST', `/v1/runs/${id}%3Acancel`, { token, body: {} })).status).toBe(404);
    expect((await call('GET', `/v1/runs/${id}%3acancel`, { token })).status).toBe(405);
  });

  test('a malformed query string causes no 5xx error', async () => {
    for (const query of ['q=%E0%A4%A', 'q=%ff', 'q=%ED%A0%80', 'q=a&%', '&&&=&=', '?', 'q=a#b', `q=a&${'x&'.repeat(3_000)}`]) {
      const { status } = await rawSend(url, request(`GET /v1/threads/search?${query}`, { authorization }));
      expect([query.slice(0, 20), status]).toEqual([query.slice(0, 20), expect.toBeOneOf([200, 400])]);
    }
    expect(issuesOf(await call('GET', '/v1/threads/search?q=a%00b', { token }))).toEqual([400, [['query', 'q']]]);
    expect(issuesOf(await call('GET', '/v1/threads/search?q=a&q=b', { token }))).toEqual([400, [['query', 'q']]]);
  });
});

describe('HTTP framing', () => {
  const smuggled = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n';
  const post = 'POST /v1/threads';
  const common = { authorization, 'content-type': json };
  const cases: [string, string][] = [
    ['both lengths', request(post, { ...common, 'content-length': 6, 'transfer-encoding': 'chunked' }, `0\r\n\r\n${smuggled}`)],
    [
      'both lengths, the other way',
      request(post, { ...common, 'transfer-encoding': 'chunked', 'content-length': 4 }, `5c\r\n${smuggled}0\r\n\r\n`),
    ],
    ['two lengths', `POST /v1/threads HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 40\r\n\r\n{}${smuggled}`],
    ['a length of two numbers', request(post, { ...common, 'content-length': '2, 40' }, `{}${smuggled}`)],
    ['a negative length', request(post, { ...common, 'content-length': -1 }, smuggled)],
    ['a length with a sign', request(post, { ...common, 'content-length': '+2' }, `{}${smuggled}`)],
    [
      'a coding before chunked that is none',
      request(post, { ...common, 'transfer-encoding': 'chunked, identity' }, `0\r\n\r\n${smuggled}`),
    ],
    ['a space before the colon', `POST /v1/threads HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a folded header', `GET /v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer\r\n ${token}\r\n\r\n`],
    ['a bare line feed', `GET /v1/me HTTP/1.1\nhost: x\n\n`],
    ['a NUL in a header', `GET /v1/me HTTP/1.1\r\nhost: x\r\nx-a: a\0b\r\n\r\n`],
    ['a bare carriage return in a header', `GET /v1/me HTTP/1.1\r\nhost: x\r\nx-a: a\rb\r\n\r\n`],
    ['no host', 'GET /v1/me HTTP/1.1\r\n\r\n'],
    ['a chunk that has no size', request(post, { ...common, 'transfer-encoding': 'chunked' }, `zz\r\n{}\r\n0\r\n\r\n`)],
    [
      'an extension of a chunk that has no end',
      request(post, { ...common, 'transfer-encoding': 'chunked' }, `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
    ],
    ['HTTP/0.9', 'GET /v1/me\r\n\r\n'],
    ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['noise', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ];
  test.each(cases)('%s closes the connection', async (_, text) => {
    const { all, closed } = await rawSend(url, text);
    expect([statuses(all).every((status) => status >= 400 && status < 500), statuses(all).length < 2, closed]).toEqual([true, true, true]);
  });

  test.each([
    ['an unknown coding', request(post, { ...common, 'transfer-encoding': 'xchunked' }, smuggled)],
    ['two hosts', 'GET /v1/me HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n'],
    ['another server in the request line', request('GET http://evil.example/v1/me')],
    ['CONNECT', request('CONNECT evil.example:443')],
    ['TRACE', request('TRACE /v1/me', { 'max-forwards': 0 })],
    ['TRACE of everything', request('TRACE *')],
    ['OPTIONS of everything', request('OPTIONS *')],
    ['an unknown method', request('BREW /v1/me')],
    ['an upgrade', request('GET /v1/me', { connection: 'upgrade', upgrade: 'h2c' })],
    ['an expectation', request('GET /v1/me', { expect: 'the spanish inquisition' })],
  ])('%s is rejected, and bytes after it are not processed as a request', async (_, text) => {
    const { all } = await rawSend(url, text);
    expect(statuses(all).every((status) => status >= 400 && status < 500)).toBe(true);
    expect(statuses(all).length).toBeLessThan(2);
  });

  test('bytes after a body that is too large are not processed as a request', async () => {
    const { all, closed } = await rawSend(url, request(post, { ...common, 'content-length': 2 ** 20 + 1 }, smuggled));
    expect([statuses(all), closed]).toEqual([[413], true]);
  });

  test('too many or too large headers return 431', async () => {
    for (const headers of [
      { 'x-big': 'x'.repeat(20_000) },
      { cookie: Array.from({ length: 2_000 }, (_, at) => `a${at}=12345`).join('; ') },
    ]) {
      const { status, closed } = await rawSend(url, request('GET /v1/me', headers));
      expect([status, closed]).toEqual([431, true]);
    }
    expect((await rawSend(url, request(`GET /v1/${'x'.repeat(20_000)}`))).status).toBe(431);
    const many = Object.fromEntries(Array.from({ length: 1_900 }, (_, at) => [`a${at}`, 1]));
    expect((await rawSend(url, request('GET /v1/me', many))).status).toBeLessThan(500);
  });
});

describe('a body that never arrives', () => {
  test.each([
    ['without a credential', 'POST', '/v1/threads', {}, 401],
    ['of an unknown path', 'POST', '/v1/nothing', { authorization }, 404],
    ['of another method', 'PUT', '/v1/threads', { authorization }, 405],
    ['of a thread that is not there', 'PATCH', `/v1/threads/${randomUUID()}`, { authorization }, 404],
    ['that is compressed', 'POST', '/v1/threads', { authorization, 'content-encoding': 'gzip' }, 422],
    ['from a foreign page', 'POST', '/v1/auth/login', { origin: 'https://evil.example' }, 403],
  ] as const)('is not waited for %s', async (_, method, path, headers, expected) => {
    const start = performance.now();
    const slow = await rawSend(url, request(`${method} ${path}`, { ...headers, 'content-type': json, 'content-length': 1_000 }, '{'), {
      quietMs: 50,
    });
    expect([slow.status, performance.now() - start < 1_000]).toEqual([expected, true]);
  });
});

describe('request headers', () => {
  test('cannot set the trace ID or inject a response header', async () => {
    for (const sent of ['f'.repeat(32), 'F'.repeat(32), 'x', "'; drop table users;--"]) {
      const answer = await call('GET', '/v1/me', { token, headers: { 'x-trace-id': sent } });
      expect([answer.status, answer.headers.get('x-trace-id')]).toEqual([200, expect.not.stringMatching(new RegExp(sent, 'i'))]);
    }
    const split = await rawSend(url, `GET /v1/nothing HTTP/1.1\r\nhost: x\r\nx-trace-id: a\r\nset-cookie: a=b\r\n\r\n`);
    expect([split.status, split.headers.get('set-cookie')]).toEqual([404, null]);
  });

  test('proxy headers do not change the client IP address when the proxy is not trusted', async () => {
    const claims = {
      'x-forwarded-for': '203.0.113.9',
      'x-real-ip': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
      'cf-connecting-ip': '203.0.113.9',
      'true-client-ip': '203.0.113.9',
    };
    const answer = await call('POST', '/v1/threads', {
      token,
      body: {},
      headers: { ...claims, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' },
    });
    const [entry] = await sql('select ip_address from audit_logs where trace_id = $1', [answer.headers.get('x-trace-id')]);
    expect(entry.ip_address).toBe('127.0.0.1');
    const login = await call('POST', '/v1/auth/login', {
      body: { login: 'nobody', password: 'x' },
      headers: { 'x-forwarded-proto': 'https' },
    });
    expect(login.status).toBe(401);
  });

  test('do not override the method', async () => {
    const override = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE', 'x-http-method': 'DELETE' };
    const thread = (await call('POST', '/v1/threads', { token, body: {}, headers: override })).body.id;
    expect((await call('GET', `/v1/threads/${thread}?_method=DELETE`, { token, headers: override })).status).toBe(400);
    expect((await call('GET', `/v1/threads/${thread}`, { token, headers: override })).status).toBe(200);
    expect((await call('HEAD', '/v1/threads', { token })).status).toBe(200);
  });

  test('unusual values cause no 5xx error', async () => {
    for (const [name, value] of [
      ['accept', '\xff'],
      ['content-type', 'application/json; charset=\xff'],
      ['authorization', 'Bearer \xff'],
      ['cookie', `arkloop_refresh_token=${'\xff'.repeat(100)}`],
      ['x-account-id', '\xff'],
      ['origin', '\xff'],
      ['range', 'bytes=0-'],
      ['if-none-match', '*'],
      ['host', '\xff'],
      ['user-agent', '\x01'.repeat(3)],
      ['idempotency-key', '\xff'],
    ] as const) {
      const { status } = await rawSend(url, request('POST /v1/auth/refresh', { [name]: value, 'content-length': 0 }));
      expect([name, status >= 400 && status < 500]).toEqual([name, true]);
    }
    expect((await call('GET', '/healthz')).body).toEqual({ status: 'ok' });
  });
});
