import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { captchaProblem } from '../../server/resources/auth/captcha.ts';
import { resolveSettings } from '../../server/resources/settings/resolve.ts';
import { listener } from '../setup/listener.ts';
import { reason } from '../setup/sessions.ts';
import { startWorld } from '../setup/world.ts';

/** What the provider was asked, and how it answers. */
const asked: { type: string | undefined; form: Record<string, string> }[] = [];
let answer: (res: ServerResponse, form: Record<string, string>) => void;
const provider = createServer(
  listener(async (req: IncomingMessage, res) => {
    let text = '';
    for await (const chunk of req) text += chunk;
    const form = Object.fromEntries(new URLSearchParams(text));
    asked.push({ type: req.headers['content-type'], form });
    answer(res, form);
  }),
);
await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
afterAll(() => {
  provider.closeAllConnections();
  provider.close();
});
const verdict = (body: object) => (res: ServerResponse) => void res.setHeader('content-type', 'application/json').end(JSON.stringify(body));
const pass = verdict({ success: true, hostname: 'app.arkloop.test' });
const reject = verdict({ success: false, 'error-codes': ['timeout-or-duplicate'] });

const keys = { ARKLOOP_TURNSTILE_SITE_KEY: 'site-1', ARKLOOP_TURNSTILE_SECRET_KEY: 'secret-1' };
const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/siteverify`;
const world = await startWorld(
  {
    ...keys,
    ARKLOOP_TURNSTILE_ALLOWED_HOST: 'App.Arkloop.test',
    ARKLOOP_TURNSTILE_VERIFY_URL: url,
    ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '20',
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '0',
  },
  { worker: false },
);
const { call, sql } = world;

beforeEach(() => {
  asked.length = 0;
  answer = pass;
});

const alice = { login: 'alice', email: 'alice@example.test', password: 'abc12345' };
const token = { cf_turnstile_token: 'solved' };
expect(
  (
    await (async () => {
      answer = pass;
      return call('POST', '/v1/auth/register', { body: { ...alice, ...token } });
    })()
  ).status,
).toBe(201);
const flow_token = (await call('POST', '/v1/auth/resolve', { body: { identity: 'alice', ...token } })).body.flow_token;

const marked: [path: string, body: Record<string, unknown>][] = [
  ['/v1/auth/register', { login: 'bob', email: 'bob@example.test', password: 'abc12345' }],
  ['/v1/auth/login', { login: 'alice', password: 'wrong-pass' }],
  ['/v1/auth/resolve', { identity: 'alice' }],
  ['/v1/auth/resolve/otp/send', { flow_token }],
  ['/v1/auth/email/otp/send', { email: 'alice@example.test' }],
];
const post = (path: string, body: object) => call('POST', path, { body });
/** Everything a refused call might have left behind. */
const traces = async () => ({
  users: await sql('select count(*)::int as n from users'),
  counts: await sql('select bucket, count from attempt_counts order by bucket'),
  mails: await sql('select count(*)::int as n from graphile_worker._private_jobs'),
  entries: await sql('select count(*)::int as n from audit_logs'),
});

const broken: Record<string, [wanted: [number, string], answer: typeof answer, sent?: object]> = {
  missing: [[400, 'captcha_required'], pass, {}],
  blank: [[400, 'captcha_required'], pass, { cf_turnstile_token: ' ' }],
  null: [[400, 'captcha_required'], pass, { cf_turnstile_token: null }],
  rejected: [[400, 'captcha_invalid'], reject],
  'of another host': [[400, 'captcha_invalid'], verdict({ success: true, hostname: 'evil.example' })],
  'of no host': [[400, 'captcha_invalid'], verdict({ success: true })],
  'success as text': [[503, 'captcha_unavailable'], verdict({ success: 'true', hostname: 'app.arkloop.test' })],
  'an error of the provider': [[503, 'captcha_unavailable'], (res) => void res.writeHead(500).end('{"success":true}')],
  'a redirect': [[503, 'captcha_unavailable'], (res) => void res.writeHead(302, { location: '/elsewhere' }).end()],
  'no JSON': [[503, 'captcha_unavailable'], (res) => void res.end('<html>')],
  'a cut line': [[503, 'captcha_unavailable'], (res) => void res.destroy()],
};

test.each(Object.entries(broken))('%s: refused before anything is looked up, counted or mailed', async (_, [wanted, how, sent = token]) => {
  answer = how;
  const before = await traces();
  for (const [path, body] of marked) {
    const refused = await post(path, { ...body, ...sent });
    expect([path, ...reason(refused)]).toEqual([path, ...wanted]);
    if (wanted[0] === 400) expect(refused.body.details.issues).toMatchObject([{ location: 'body', path: '/cf_turnstile_token' }]);
  }
  expect(await traces()).toEqual(before);
});

test('a provider that keeps silent is given five seconds', async () => {
  answer = () => {};
  const before = await traces();
  const start = performance.now();
  const answers = await Promise.all(marked.map(([path, body]) => post(path, { ...body, ...token })));
  expect(answers.map(reason)).toEqual(marked.map(() => [503, 'captcha_unavailable']));
  expect(performance.now() - start).toBeGreaterThan(4_900);
  expect(performance.now() - start).toBeLessThan(7_000);
  expect(await traces()).toEqual(before);
});

test('the provider is asked once, with a form of secret, token and address; what is malformed is not worth asking', async () => {
  expect((await post('/v1/auth/login', { login: 'alice', password: alice.password, ...token })).status).toBe(200);
  expect(asked).toEqual([
    { type: 'application/x-www-form-urlencoded', form: { secret: 'secret-1', response: 'solved', remoteip: '127.0.0.1' } },
  ]);
  for (const [path, body] of marked) {
    const [name] = Object.keys(body);
    if (name !== 'flow_token') expect((await post(path, { ...body, ...token, [name!]: name === 'identity' ? 'x@' : '' })).status).toBe(400);
    expect((await post(path, { ...body, ...token, more: 1 })).status).toBe(400);
    expect((await post(path, { ...body, cf_turnstile_token: 'x'.repeat(2_049) })).status).toBe(400);
  }
  expect(asked).toHaveLength(1);
});

test('with a solved one each goes on', async () => {
  const statuses = [];
  for (const [path, body] of marked) statuses.push((await post(path, { ...body, ...token })).status);
  expect(statuses).toEqual([201, 401, 200, 204, 204]);
  expect((await call('GET', '/v1/auth/captcha-config')).body).toEqual({ enabled: true, site_key: 'site-1' });
  for (const path of ['/v1/auth/check', '/v1/auth/email/otp/verify', '/v1/auth/resolve/otp/verify'])
    expect(reason(await post(path, {}))).not.toContain('captcha_required');
});

const settingsIn = (env: Record<string, string>) => resolveSettings(new Map(), env);

test('one key alone is as good as none, and told at start', async () => {
  for (const [name, value] of Object.entries(keys)) {
    expect(captchaProblem(settingsIn({ [name]: value }))).toMatch(/^the captcha is off: only one of/);
    const half = await startWorld({ [name]: value, ARKLOOP_TURNSTILE_VERIFY_URL: url }, { worker: false });
    expect((await half.call('GET', '/v1/auth/captcha-config')).body).toEqual({ enabled: false, site_key: '' });
    const { login, password } = await half.signUp();
    expect((await half.call('POST', '/v1/auth/login', { body: { login, password, cf_turnstile_token: 'whatever' } })).status).toBe(200);
  }
  expect(asked).toEqual([]);
  expect([captchaProblem(settingsIn({})), captchaProblem(settingsIn(keys))]).toEqual([undefined, undefined]);
});
