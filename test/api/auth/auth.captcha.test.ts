import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { captchaWarning } from '../../../server/resources/auth/captcha.ts';
import { resolveSettings } from '../../../server/resources/settings/resolve.ts';
import { listener } from '../../support/app/listener.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';

/** The requests that the captcha provider received. */
const captchaRequests: { type: string | undefined; form: Record<string, string> }[] = [];
let respond: (res: ServerResponse, form: Record<string, string>) => void;
const provider = createServer(
  listener(async (req: IncomingMessage, res) => {
    let text = '';
    for await (const chunk of req) text += chunk;
    const form = Object.fromEntries(new URLSearchParams(text));
    captchaRequests.push({ type: req.headers['content-type'], form });
    respond(res, form);
  }),
);
await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
afterAll(() => {
  provider.closeAllConnections();
  provider.close();
});
const captchaResponse = (body: object) => (res: ServerResponse) =>
  void res.setHeader('content-type', 'application/json').end(JSON.stringify(body));
const pass = captchaResponse({ success: true, hostname: 'app.arkloop.test' });
const reject = captchaResponse({ success: false, 'error-codes': ['timeout-or-duplicate'] });

const keys = { ARKLOOP_TURNSTILE_SITE_KEY: 'site-1', ARKLOOP_TURNSTILE_SECRET_KEY: 'secret-1' };
const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/siteverify`;
const app = await startTestApp(
  {
    ...keys,
    ARKLOOP_TURNSTILE_ALLOWED_HOST: 'App.Arkloop.test',
    ARKLOOP_TURNSTILE_VERIFY_URL: url,
    ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '20',
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '0',
  },
  { worker: false },
);
const { call, sql } = app;

beforeEach(() => {
  captchaRequests.length = 0;
  respond = pass;
});

const alice = { login: 'alice', email: 'alice@example.test', password: 'abc12345' };
const token = { cf_turnstile_token: 'solved' };
expect(
  (
    await (async () => {
      respond = pass;
      return call('POST', '/v1/auth/register', { body: { ...alice, ...token } });
    })()
  ).status,
).toBe(201);
const flow_token = (await call('POST', '/v1/auth/resolve', { body: { identity: 'alice', ...token } })).body.flow_token;

const captchaRoutes: [path: string, body: Record<string, unknown>][] = [
  ['/v1/auth/register', { login: 'bob', email: 'bob@example.test', password: 'abc12345' }],
  ['/v1/auth/login', { login: 'alice', password: 'wrong-pass' }],
  ['/v1/auth/resolve', { identity: 'alice' }],
  ['/v1/auth/resolve/otp/send', { flow_token }],
  ['/v1/auth/email/otp/send', { email: 'alice@example.test' }],
];
const post = (path: string, body: object) => call('POST', path, { body });
/** Rows that a rejected call could have left. */
const sideEffects = async () => ({
  users: await sql('select count(*)::int as n from users'),
  counts: await sql('select bucket, count from attempt_counts order by bucket'),
  mails: await sql('select count(*)::int as n from graphile_worker._private_jobs'),
  entries: await sql('select count(*)::int as n from audit_logs'),
});

const failureCases: Record<string, [wanted: [number, string], answer: typeof respond, sent?: object]> = {
  missing: [[400, 'captcha_required'], pass, {}],
  blank: [[400, 'captcha_required'], pass, { cf_turnstile_token: ' ' }],
  null: [[400, 'captcha_required'], pass, { cf_turnstile_token: null }],
  rejected: [[400, 'captcha_invalid'], reject],
  'of another host': [[400, 'captcha_invalid'], captchaResponse({ success: true, hostname: 'evil.example' })],
  'of no host': [[400, 'captcha_invalid'], captchaResponse({ success: true })],
  'success as text': [[503, 'captcha_unavailable'], captchaResponse({ success: 'true', hostname: 'app.arkloop.test' })],
  'an error of the provider': [[503, 'captcha_unavailable'], (res) => void res.writeHead(500).end('{"success":true}')],
  'a redirect': [[503, 'captcha_unavailable'], (res) => void res.writeHead(302, { location: '/elsewhere' }).end()],
  'no JSON': [[503, 'captcha_unavailable'], (res) => void res.end('<html>')],
  'a cut line': [[503, 'captcha_unavailable'], (res) => void res.destroy()],
};

test.each(Object.entries(failureCases))(
  'captcha %s: the call is rejected before any lookup, count or mail',
  async (_, [wanted, how, sent = token]) => {
    respond = how;
    const before = await sideEffects();
    for (const [path, body] of captchaRoutes) {
      const refused = await post(path, { ...body, ...sent });
      expect([path, ...statusAndReason(refused)]).toEqual([path, ...wanted]);
      if (wanted[0] === 400) expect(refused.body.details.issues).toMatchObject([{ location: 'body', path: '/cf_turnstile_token' }]);
    }
    expect(await sideEffects()).toEqual(before);
  },
);

test('the captcha provider times out after five seconds', async () => {
  respond = () => {};
  const before = await sideEffects();
  const start = performance.now();
  const answers = await Promise.all(captchaRoutes.map(([path, body]) => post(path, { ...body, ...token })));
  expect(answers.map(statusAndReason)).toEqual(captchaRoutes.map(() => [503, 'captcha_unavailable']));
  expect(performance.now() - start).toBeGreaterThan(4_900);
  expect(performance.now() - start).toTakeLessThan(7_000);
  expect(await sideEffects()).toEqual(before);
});

test('the captcha provider is called once with secret, token and IP address, and not for malformed requests', async () => {
  expect((await post('/v1/auth/login', { login: 'alice', password: alice.password, ...token })).status).toBe(200);
  expect(captchaRequests).toEqual([
    { type: 'application/x-www-form-urlencoded', form: { secret: 'secret-1', response: 'solved', remoteip: '127.0.0.1' } },
  ]);
  for (const [path, body] of captchaRoutes) {
    const [name] = Object.keys(body);
    if (name !== 'flow_token') expect((await post(path, { ...body, ...token, [name!]: name === 'identity' ? 'x@' : '' })).status).toBe(400);
    expect((await post(path, { ...body, ...token, more: 1 })).status).toBe(400);
    expect((await post(path, { ...body, cf_turnstile_token: 'x'.repeat(2_049) })).status).toBe(400);
  }
  expect(captchaRequests).toHaveLength(1);
});

test('each call succeeds with a solved captcha', async () => {
  const statuses = [];
  for (const [path, body] of captchaRoutes) statuses.push((await post(path, { ...body, ...token })).status);
  expect(statuses).toEqual([201, 401, 200, 204, 204]);
  expect((await call('GET', '/v1/auth/captcha-config')).body).toEqual({ enabled: true, site_key: 'site-1' });
  for (const path of ['/v1/auth/check', '/v1/auth/email/otp/verify', '/v1/auth/resolve/otp/verify'])
    expect(statusAndReason(await post(path, {}))).not.toContain('captcha_required');
});

const settingsIn = (env: Record<string, string>) => resolveSettings(new Map(), env);

test('with only one key the captcha is off, and a warning is logged at startup', async () => {
  for (const [name, value] of Object.entries(keys)) {
    expect(captchaWarning(settingsIn({ [name]: value }))).toMatch(/^the captcha is off: only one of/);
    const half = await startTestApp({ [name]: value, ARKLOOP_TURNSTILE_VERIFY_URL: url }, { worker: false });
    expect((await half.call('GET', '/v1/auth/captcha-config')).body).toEqual({ enabled: false, site_key: '' });
    const { login, password } = await half.signUp();
    expect((await half.call('POST', '/v1/auth/login', { body: { login, password, cf_turnstile_token: 'whatever' } })).status).toBe(200);
  }
  expect(captchaRequests).toEqual([]);
  expect([captchaWarning(settingsIn({})), captchaWarning(settingsIn(keys))]).toEqual([undefined, undefined]);
});
