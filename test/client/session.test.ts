import { expect, test, vi } from 'vitest';
import { type Client, createClient, memoryCookies } from '../../client/index.ts';
import { type RequestHandler, sendError, sendJson, startLocalServer, tokenResponse } from './localServer.ts';

const cookie = (value: string, life = 60) => ({
  'set-cookie': `arkloop_refresh_token=${value}; Path=/v1/auth; HttpOnly; SameSite=Lax; Max-Age=${life}`,
});
const credentials = { login: 'ada', password: 'secret123' };
const claims = (exp: number, sub?: string) => `x.${btoa(JSON.stringify({ exp, sub })).replaceAll('=', '')}.x`;

/** A server with access tokens `t1`, `t2`, …. Only the newest is valid, and the refresh cookie rotates with it. */
function rotating(overrides: Partial<Record<string, RequestHandler>> = {}): RequestHandler {
  let turn = 0;
  return async (seen, res, count) => {
    const path = seen.url.split('?')[0]!;
    const override = overrides[path];
    if (override) return override(seen, res, count);
    if (path === '/v1/auth/login') return sendJson(res, 200, tokenResponse(`t${++turn}`), cookie(`c${turn}`));
    if (path === '/v1/auth/logout') return sendJson(res, 200, { ok: true }, cookie('', 0));
    if (path === '/v1/auth/refresh') {
      if (seen.headers.cookie !== `arkloop_refresh_token=c${turn}`) return sendError(res, 401, 'auth.unauthorized', 'invalid_token');
      return sendJson(res, 200, tokenResponse(`t${++turn}`), cookie(`c${turn}`));
    }
    if (seen.headers.authorization === undefined) return sendError(res, 401, 'auth.unauthorized', 'missing_token');
    if (seen.headers.authorization !== `Bearer t${turn}` || turn < 2) return sendError(res, 401, 'auth.unauthorized', 'token_expired');
    sendJson(res, 200, { token: seen.headers.authorization });
  };
}
const refreshes = (requests: { url: string }[]) => requests.filter(({ url }) => url === '/v1/auth/refresh').length;

test('twenty parallel calls with an expired token refresh it once and all succeed', async () => {
  const { baseUrl, requests } = await startLocalServer(rotating());
  const onTokens = vi.fn();
  const client = createClient({ baseUrl, session: { onTokens } });
  await client.auth.login({ body: credentials });
  expect(client.session.accessToken).toBe('t1');
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.me.get()));
  expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set(['{"token":"Bearer t2"}']));
  expect(refreshes(requests)).toBe(1);
  expect(onTokens.mock.calls.map(([tokens]) => tokens.accessToken)).toEqual(['t1', 't2']);
});

test('the refresh cookie is sent only to sign-in and session endpoints and is deleted on sign-out', async () => {
  const { baseUrl, requests } = await startLocalServer(rotating());
  const cookies = memoryCookies();
  const client = createClient({ baseUrl, session: { cookies } });
  await client.auth.login({ body: credentials });
  await client.me.get();
  expect(cookies.get()).toBe('arkloop_refresh_token=c2');
  expect(requests.filter(({ url }) => url === '/v1/me').every(({ headers }) => headers.cookie === undefined)).toBe(true);
  await client.auth.logout();
  expect(cookies.get()).toBeUndefined();
  expect(client.session.accessToken).toBeUndefined();
  await expect(client.me.get()).rejects.toMatchObject({ reason: 'missing_token' });
});

test('a stored cookie continues the session without a sign-in', async () => {
  const { baseUrl } = await startLocalServer(rotating());
  const cookies = memoryCookies();
  await createClient({ baseUrl, session: { cookies } }).auth.login({ body: credentials });
  const later = createClient({ baseUrl, session: { cookies } });
  expect(await later.me.get()).toEqual({ token: 'Bearer t2' });
});

test('a token about to expire is refreshed before it is used', async () => {
  const { baseUrl, requests } = await startLocalServer(rotating());
  const cookies = memoryCookies();
  const client = createClient({ baseUrl, session: { cookies } });
  await client.auth.login({ body: credentials });
  client.session.accessToken = claims(Date.now() / 1000 - 1);
  expect(await client.me.get()).toEqual({ token: 'Bearer t2' });
  expect(requests.map(({ url }) => url)).toEqual(['/v1/auth/login', '/v1/auth/refresh', '/v1/me']);
});

test('after token_rotated (a concurrent refresh) the refresh is retried once with the current cookie', async () => {
  const cookies = memoryCookies();
  const sent: (string | undefined)[] = [];
  const refresh: RequestHandler = async ({ headers }, res) => {
    sent.push(headers.cookie);
    if (sent.length > 1) return sendJson(res, 200, tokenResponse('t2'));
    await cookies.set('arkloop_refresh_token=newer');
    sendError(res, 401, 'auth.unauthorized', 'token_rotated');
  };
  const { baseUrl } = await startLocalServer(rotating({ '/v1/auth/refresh': refresh }));
  await cookies.set('arkloop_refresh_token=older');
  const client = createClient({ baseUrl, accessToken: 't1', session: { cookies } });
  await client.me.get().catch(() => undefined);
  expect(sent).toEqual(['arkloop_refresh_token=older', 'arkloop_refresh_token=newer']);
  expect(client.session.accessToken).toBe('t2');
});

test('if the refresh is rejected, the original error is thrown and onSignedOut is called once', async () => {
  const over: RequestHandler = (_, res) => sendError(res, 401, 'auth.unauthorized', 'token_reused');
  const { baseUrl, requests } = await startLocalServer(rotating({ '/v1/auth/refresh': over }));
  const onSignedOut = vi.fn();
  const client = createClient({ baseUrl, session: { onSignedOut } });
  await client.auth.login({ body: credentials });
  const calls = await Promise.allSettled([client.me.get(), client.me.get(), client.me.get()]);
  expect(calls.every((call) => call.status === 'rejected' && call.reason.reason === 'token_expired')).toBe(true);
  expect(onSignedOut).toHaveBeenCalledTimes(1);
  expect(onSignedOut.mock.calls[0]![0]).toMatchObject({ reason: 'token_reused' });
  expect(refreshes(requests)).toBe(1);
  expect(client.session.accessToken).toBeUndefined();
});

test.each([
  { name: 'about to expire', inSeconds: -1, early: true },
  { name: 'rejected as expired', inSeconds: 600, early: false },
])('if the cookie is that of another user when a token is $name, the session ends', async ({ inSeconds, early }) => {
  const other: RequestHandler = (_, res) => sendJson(res, 200, tokenResponse(claims(Date.now() / 1000 + 900, 'ben')));
  const { baseUrl, requests } = await startLocalServer(rotating({ '/v1/auth/refresh': other }));
  const onSignedOut = vi.fn();
  const client = createClient({ baseUrl, accessToken: claims(Date.now() / 1000 + inSeconds, 'ada'), session: { onSignedOut } });
  await expect(client.me.get()).rejects.toMatchObject({ reason: early ? 'session_replaced' : 'token_expired' });
  expect(onSignedOut.mock.calls).toEqual([[expect.objectContaining({ status: 401, reason: 'session_replaced' })]]);
  expect(client.session.accessToken).toBeUndefined();
  expect(requests.filter(({ url }) => url === '/v1/me')).toHaveLength(early ? 0 : 1);
});

test('a temporarily failing refresh does not end the session', async () => {
  const down: RequestHandler = (_, res) => sendError(res, 503, 'unavailable');
  const { baseUrl } = await startLocalServer(rotating({ '/v1/auth/refresh': down }));
  const onSignedOut = vi.fn();
  const client = createClient({ baseUrl, maxRetries: 0, session: { onSignedOut } });
  await client.auth.login({ body: credentials });
  await expect(client.me.get()).rejects.toMatchObject({ status: 503 });
  expect(onSignedOut).not.toHaveBeenCalled();
  expect(client.session.accessToken).toBe('t1');
});

test('an aborted call stops waiting for a shared refresh without aborting it', async () => {
  const slow: RequestHandler = async (_, res) => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    sendJson(res, 200, tokenResponse('t2'));
  };
  const me: RequestHandler = ({ headers }, res) =>
    headers.authorization === 'Bearer t2' ? sendJson(res, 200, {}) : sendError(res, 401, 'auth.unauthorized', 'token_expired');
  const { baseUrl, requests } = await startLocalServer(rotating({ '/v1/auth/refresh': slow, '/v1/me': me }));
  const client = createClient({ baseUrl, accessToken: 't1' });
  const impatient = new AbortController();
  setTimeout(() => impatient.abort(new Error('enough')), 60);
  const [aborted, patient] = await Promise.allSettled([client.me.get(undefined, { signal: impatient.signal }), client.me.get()]);
  expect(aborted).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
  expect(patient.status).toBe('fulfilled');
  expect(refreshes(requests)).toBe(1);
});

test('an explicit refresh waits for the running one, and API keys are not refreshed', async () => {
  const { baseUrl, requests } = await startLocalServer(rotating());
  const client = createClient({ baseUrl });
  await client.auth.login({ body: credentials });
  await Promise.all([client.auth.refresh(), client.auth.refresh({}, { accountId: 'b' }), client.me.get()]);
  expect(refreshes(requests)).toBe(2);
  expect(requests.find(({ headers }) => headers['x-account-id'] === 'b')?.url).toBe('/v1/auth/refresh');
  const byKey = createClient({ baseUrl, apiKey: 'al_x' });
  await expect(byKey.me.get()).rejects.toMatchObject({ reason: 'token_expired' });
  expect(refreshes(requests)).toBe(2);
});

test('a sign-in waits for a pending renewal, so the session of the earlier user never replaces the new one', async () => {
  const cookies = memoryCookies();
  const late: RequestHandler = async (_, res) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    sendJson(res, 200, tokenResponse('earlier'), cookie('earlier'));
  };
  const signIn: RequestHandler = (_, res) => sendJson(res, 200, tokenResponse('new'), cookie('new'));
  const me: RequestHandler = (_, res) => sendJson(res, 200, {});
  const { baseUrl } = await startLocalServer(rotating({ '/v1/auth/refresh': late, '/v1/auth/login': signIn, '/v1/me': me }));
  for (const renew of [(client: Client) => client.me.get(), (client: Client) => client.auth.refresh()]) {
    await cookies.set('arkloop_refresh_token=stored');
    const client = createClient({ baseUrl, session: { cookies } });
    // Both have been sent, or wait for each other, before the renewal is answered.
    await Promise.all([renew(client), client.auth.login({ body: credentials })]);
    expect(client.session.accessToken).toBe('new');
    expect(cookies.get()).toBe('arkloop_refresh_token=new');
  }
});

test('a call whose token expires while a sign-in is pending waits for it instead of renewing the earlier session', async () => {
  const late: RequestHandler = async (_, res) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    sendJson(res, 200, tokenResponse('new'), cookie('new'));
  };
  const me: RequestHandler = ({ headers }, res) => sendJson(res, 200, { token: headers.authorization });
  const { baseUrl, requests } = await startLocalServer(rotating({ '/v1/auth/login': late, '/v1/me': me }));
  const client = createClient({ baseUrl, accessToken: claims(Date.now() / 1000 - 1) });
  const signIn = client.auth.login({ body: credentials });
  const [call] = await Promise.all([client.me.get(), signIn]);
  expect(call).toEqual({ token: 'Bearer new' });
  expect(refreshes(requests)).toBe(0);
});

test('a sign-in that fails does not end the session of a call that waits for it', async () => {
  const late: RequestHandler = async (_, res) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    sendError(res, 401, 'auth.unauthorized', 'invalid_credentials');
  };
  const refresh: RequestHandler = (_, res) => sendJson(res, 200, tokenResponse('t2'));
  const ok: RequestHandler = (_, res) => sendJson(res, 200, []);
  const { baseUrl, requests } = await startLocalServer(
    rotating({ '/v1/auth/login': late, '/v1/auth/refresh': refresh, '/v1/threads/starred': ok }),
  );
  const onSignedOut = vi.fn();
  const client = createClient({ baseUrl, accessToken: claims(Date.now() / 1000 - 1), session: { onSignedOut } });
  const [signIn, call] = await Promise.allSettled([client.auth.login({ body: credentials }), client.threads.starred()]);
  expect(signIn).toMatchObject({ status: 'rejected', reason: { reason: 'invalid_credentials' } });
  expect(call.status).toBe('fulfilled');
  expect(refreshes(requests)).toBe(1);
  expect(onSignedOut).not.toHaveBeenCalled();
});

test('a rejected switch to another account does not sign out the calls that wait for it', async () => {
  const refresh: RequestHandler = async ({ headers }, res) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (headers['x-account-id']) return sendError(res, 404, 'not_found');
    sendJson(res, 200, tokenResponse('t2'));
  };
  const me: RequestHandler = ({ headers }, res) =>
    headers.authorization === 'Bearer t2' ? sendJson(res, 200, {}) : sendError(res, 401, 'auth.unauthorized', 'token_expired');
  const { baseUrl } = await startLocalServer(rotating({ '/v1/auth/refresh': refresh, '/v1/me': me }));
  const onSignedOut = vi.fn();
  const client = createClient({ baseUrl, accessToken: 't1', session: { onSignedOut } });
  const [call] = await Promise.allSettled([client.me.get(), client.auth.refresh({}, { accountId: 'unknown' })]);
  expect(call.status).toBe('fulfilled');
  expect(onSignedOut).not.toHaveBeenCalled();
});

test('only a sign-out forgets the access token, and requests of other protocols carry no cookie', async () => {
  const ok: RequestHandler = (_, res) => sendJson(res, 200, {});
  const { baseUrl, requests } = await startLocalServer(rotating({ '/mcp': ok, '/v1/auth/email/verify/confirm': ok }));
  const client = createClient({ baseUrl });
  await client.auth.login({ body: credentials });
  await client.auth.confirmEmail({ body: { token: 'x' } });
  await client.mcp.call({ body: { jsonrpc: '2.0', id: 1, method: 'ping' } });
  expect(client.session.accessToken).toBe('t1');
  expect(requests.find(({ url }) => url === '/mcp')?.headers).toMatchObject({ authorization: 'Bearer t1' });
  expect(requests.find(({ url }) => url === '/mcp')?.headers.cookie).toBeUndefined();
  await client.auth.logout();
  expect(client.session.accessToken).toBeUndefined();
});

test('credentials are included only for session endpoints', async () => {
  const fetch = vi.fn<typeof globalThis.fetch>(async () => Response.json(tokenResponse('t1')));
  const client = createClient({ baseUrl: 'http://localhost', fetch });
  await client.auth.login({ body: credentials });
  await client.threads.starred();
  const [signIn, call] = fetch.mock.calls.map(([, init]) => init!);
  expect(signIn!.credentials).toBe('include');
  expect(call!.credentials).toBeUndefined();
});
