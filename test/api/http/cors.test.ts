import { describe, expect, test } from 'vitest';
import { productionEnv } from '../../support/access/production.ts';
import { startTestApp } from '../../support/app/testApp.ts';

const allowed = 'https://app.example.com';
const { url, call, signUp } = await startTestApp(
  { ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS: `${allowed},http://localhost:19080` },
  { worker: false },
);
const { token } = await signUp();

const from = (origin: string, more: Record<string, string> = {}) => ({ origin, ...more });
const corsOf = ({ headers }: Pick<Response, 'headers'>) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));
const preflight = (path: string, origin: string, method = 'POST') =>
  fetch(url + path, {
    method: 'OPTIONS',
    headers: from(origin, { 'access-control-request-method': method, 'access-control-request-headers': 'authorization,content-type' }),
  });

test.each([allowed, 'http://localhost:19080'])('%s may read every response, errors too', async (origin) => {
  for (const [path, status] of [
    ['/v1/me', 200],
    ['/v1/nothing', 404],
    ['/v1/threads/garbage', 400],
  ] as const) {
    const answer = await call('GET', path, { token, headers: from(origin) });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    expect(answer.headers.get('vary')).toMatch(/\bOrigin\b/);
    const exposed = answer.headers.get('access-control-expose-headers')!.split(', ');
    expect(exposed).toEqual(expect.arrayContaining(['X-Trace-Id', 'Link', 'X-Next-Cursor', 'Idempotent-Replayed', 'Retry-After']));
  }
});

test.each([
  'https://evil.example',
  'null',
  `${allowed}.evil.example`,
  'http://app.example.com',
  'https://sub.app.example.com',
  'https://app.example.com:8443',
  'https://APP.example.com',
  'https://app.example.com/',
  'https://app.example.co',
  '*',
])('%s gets no CORS headers', async (origin) => {
  const answer = await call('GET', '/v1/me', { token, headers: from(origin) });
  expect([answer.status, corsOf(answer), answer.headers.get('vary')]).toEqual([200, [], 'Origin']);
  const asked = await preflight('/v1/threads', origin);
  expect([asked.status, corsOf(asked)]).toEqual([405, []]);
});

test('in production, only addresses that are set may read responses', async () => {
  for (const [set, origins] of [
    [{}, []],
    [{ ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS: allowed }, [allowed]],
  ] as const) {
    const app = await startTestApp({ ...productionEnv, ARKLOOP_APP_BASE_URL: 'https://chat.example.com', ...set }, { worker: false });
    const reading = async (origin: string) => (await app.call('GET', '/v1/config', { headers: from(origin) })).headers;
    const tried = [allowed, 'http://localhost:19080', 'http://localhost:3000', 'https://chat.example.com'];
    const headers = await Promise.all(tried.map(reading));
    expect(tried.filter((_, at) => headers[at]!.has('access-control-allow-origin'))).toEqual(origins);
  }
});

test('a response without Origin still varies by it', async () => {
  const answer = await call('GET', '/v1/me', { token });
  expect([corsOf(answer), answer.headers.get('vary')]).toEqual([[], 'Origin']);
});

describe('a preflight request', () => {
  test('returns the allowed methods and headers, without credentials', async () => {
    for (const path of ['/v1/threads', '/v1/runs/x/events', '/v1/auth/login']) {
      const { status, headers } = await preflight(path, allowed);
      expect([status, headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')]).toEqual([
        204,
        allowed,
        'true',
      ]);
      expect(headers.get('access-control-allow-methods')!.split(/, ?/)).toEqual(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
      expect(headers.get('access-control-allow-headers')!.split(', ')).toEqual([
        'Authorization',
        'Content-Type',
        'Accept',
        'X-Client-App',
        'X-Trace-Id',
        'X-Account-Id',
        'Idempotency-Key',
        'If-None-Match',
        'Last-Event-ID',
        'MCP-Protocol-Version',
        'Mcp-Session-Id',
        'Mcp-Method',
        'Mcp-Name',
      ]);
      expect([headers.get('vary'), headers.get('x-trace-id')]).toEqual(['Origin', expect.stringMatching(/^[0-9a-f]{32}$/)]);
    }
  });

  test('without Access-Control-Request-Method returns 405', async () => {
    expect((await call('OPTIONS', '/v1/threads', { headers: from(allowed) })).status).toBe(405);
  });
});

test('sign-in is open to allowed origins and non-browser clients, and rejected for other origins', async () => {
  const login = (headers: Record<string, string>) => call('POST', '/v1/auth/login', { body: { login: 'nobody', password: 'x' }, headers });
  for (const fine of [{}, from(allowed), from(url), { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }])
    expect((await login(fine)).status).toBe(401);
  for (const foreign of [
    from('https://evil.example'),
    from('null'),
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    const { status, body, headers } = await login(foreign);
    expect([status, body.details.reason, headers.get('set-cookie')]).toEqual([403, 'origin_not_allowed', null]);
  }
});
