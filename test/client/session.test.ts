import { expect, test, vi } from 'vitest';
import { createClient, memoryCookies } from '../../client/index.ts';
import { type Answerer, grant, localServer, refuse, send } from './localServer.ts';

const cookie = (value: string, life = 60) => ({
  'set-cookie': `arkloop_refresh_token=${value}; Path=/v1/auth; HttpOnly; SameSite=Lax; Max-Age=${life}`,
});
const credentials = { login: 'ada', password: 'secret123' };
const claims = (exp: number) => `x.${btoa(JSON.stringify({ exp })).replaceAll('=', '')}.x`;

/** A server whose access tokens are `t1`, `t2`, …; only the newest is good, and the cookie turns with it. */
function rotating(overrides: Partial<Record<string, Answerer>> = {}): Answerer {
  let turn = 0;
  return async (seen, res, count) => {
    const path = seen.url.split('?')[0]!;
    const override = overrides[path];
    if (override) return override(seen, res, count);
    if (path === '/v1/auth/login') return send(res, 200, grant(`t${++turn}`), cookie(`c${turn}`));
    if (path === '/v1/auth/logout') return send(res, 200, { ok: true }, cookie('', 0));
    if (path === '/v1/auth/refresh') {
      if (seen.headers.cookie !== `arkloop_refresh_token=c${turn}`) return refuse(res, 401, 'auth.unauthorized', 'invalid_token');
      return send(res, 200, grant(`t${++turn}`), cookie(`c${turn}`));
    }
    if (seen.headers.authorization === undefined) return refuse(res, 401, 'auth.unauthorized', 'missing_token');
    if (seen.headers.authorization !== `Bearer t${turn}` || turn < 2) return refuse(res, 401, 'auth.unauthorized', 'token_expired');
    send(res, 200, { token: seen.headers.authorization });
  };
}
const refreshes = (requests: { url: string }[]) => requests.filter(({ url }) => url === '/v1/auth/refresh').length;

test('twenty parallel calls with an expired token renew it once and all succeed', async () => {
  const { baseUrl, requests } = await localServer(rotating());
  const onTokens = vi.fn();
  const client = createClient({ baseUrl, session: { onTokens } });
  await client.auth.login({ body: credentials });
  expect(client.session.accessToken).toBe('t1');
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.me.get()));
  expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set(['{"token":"Bearer t2"}']));
  expect(refreshes(requests)).toBe(1);
  expect(onTokens.mock.calls.map(([tokens]) => tokens.accessToken)).toEqual(['t1', 't2']);
});

test('the refresh cookie travels only to sign-in and session endpoints and is forgotten at sign-out', async () => {
  const { baseUrl, requests } = await localServer(rotating());
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

test('a program that kept the cookie goes on without a sign-in', async () => {
  const { baseUrl } = await localServer(rotating());
  const cookies = memoryCookies();
  await createClient({ baseUrl, session: { cookies } }).auth.login({ body: credentials });
  const later = createClient({ baseUrl, session: { cookies } });
  expect(await later.me.get()).toEqual({ token: 'Bearer t2' });
});

test('a token about to expire is renewed before it is used', async () => {
  const { baseUrl, requests } = await localServer(rotating());
  const cookies = memoryCookies();
  const client = createClient({ baseUrl, session: { cookies } });
  await client.auth.login({ body: credentials });
  client.session.accessToken = claims(Date.now() / 1000 - 1);
  expect(await client.me.get()).toEqual({ token: 'Bearer t2' });
  expect(requests.map(({ url }) => url)).toEqual(['/v1/auth/login', '/v1/auth/refresh', '/v1/me']);
});

test('token_rotated means that another holder of the cookie was faster: the cookie of now is tried once more', async () => {
  const cookies = memoryCookies();
  const sent: (string | undefined)[] = [];
  const refresh: Answerer = async ({ headers }, res) => {
    sent.push(headers.cookie);
    if (sent.length > 1) return send(res, 200, grant('t2'));
    await cookies.set('arkloop_refresh_token=newer');
    refuse(res, 401, 'auth.unauthorized', 'token_rotated');
  };
  const { baseUrl } = await localServer(rotating({ '/v1/auth/refresh': refresh }));
  await cookies.set('arkloop_refresh_token=older');
  const client = createClient({ baseUrl, accessToken: 't1', session: { cookies } });
  await client.me.get().catch(() => undefined);
  expect(sent).toEqual(['arkloop_refresh_token=older', 'arkloop_refresh_token=newer']);
  expect(client.session.accessToken).toBe('t2');
});

test('when the session cannot be renewed the first refusal is thrown and the program is told once', async () => {
  const over: Answerer = (_, res) => refuse(res, 401, 'auth.unauthorized', 'token_reused');
  const { baseUrl, requests } = await localServer(rotating({ '/v1/auth/refresh': over }));
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

test('a server that cannot renew right now does not sign anybody out', async () => {
  const down: Answerer = (_, res) => refuse(res, 503, 'unavailable');
  const { baseUrl } = await localServer(rotating({ '/v1/auth/refresh': down }));
  const onSignedOut = vi.fn();
  const client = createClient({ baseUrl, retries: 0, session: { onSignedOut } });
  await client.auth.login({ body: credentials });
  await expect(client.me.get()).rejects.toMatchObject({ status: 503 });
  expect(onSignedOut).not.toHaveBeenCalled();
  expect(client.session.accessToken).toBe('t1');
});

test('a call that is aborted stops waiting for a renewal that others need', async () => {
  const slow: Answerer = async (_, res) => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    send(res, 200, grant('t2'));
  };
  const me: Answerer = ({ headers }, res) =>
    headers.authorization === 'Bearer t2' ? send(res, 200, {}) : refuse(res, 401, 'auth.unauthorized', 'token_expired');
  const { baseUrl, requests } = await localServer(rotating({ '/v1/auth/refresh': slow, '/v1/me': me }));
  const client = createClient({ baseUrl, accessToken: 't1' });
  const impatient = new AbortController();
  setTimeout(() => impatient.abort(new Error('enough')), 60);
  const [aborted, patient] = await Promise.allSettled([client.me.get(undefined, { signal: impatient.signal }), client.me.get()]);
  expect(aborted).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
  expect(patient.status).toBe('fulfilled');
  expect(refreshes(requests)).toBe(1);
});

test('a renewal asked for by name waits for the one under way, and a key is never renewed', async () => {
  const { baseUrl, requests } = await localServer(rotating());
  const client = createClient({ baseUrl });
  await client.auth.login({ body: credentials });
  await Promise.all([client.auth.refresh(), client.auth.refresh({}, { accountId: 'b' }), client.me.get()]);
  expect(refreshes(requests)).toBe(2);
  expect(requests.find(({ headers }) => headers['x-account-id'] === 'b')?.url).toBe('/v1/auth/refresh');
  const byKey = createClient({ baseUrl, apiKey: 'al_x' });
  await expect(byKey.me.get()).rejects.toMatchObject({ reason: 'token_expired' });
  expect(refreshes(requests)).toBe(2);
});

test('cookies are asked of a browser only where the session needs them', async () => {
  const fetch = vi.fn<typeof globalThis.fetch>(async () => Response.json(grant('t1')));
  const client = createClient({ baseUrl: 'http://localhost', fetch });
  await client.auth.login({ body: credentials });
  await client.threads.starred();
  const [signIn, call] = fetch.mock.calls.map(([, init]) => init!);
  expect(signIn!.credentials).toBe('include');
  expect(call!.credentials).toBeUndefined();
});
