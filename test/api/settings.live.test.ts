import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { eventually, openThread, startRun } from '../setup/conversation.ts';
import { listener } from '../setup/listener.ts';
import { queuedMails, verificationTokenFor } from '../setup/mail.ts';
import { sameKeys, startProcess } from '../setup/process.ts';
import { reason } from '../setup/sessions.ts';
import { callTo, startWorld } from '../setup/world.ts';

const forms: URLSearchParams[] = [];
const provider = createServer(
  listener(async (req, res) => {
    let text = '';
    for await (const chunk of req) text += chunk;
    forms.push(new URLSearchParams(text));
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ success: true, hostname: 'app.arkloop.test' }));
  }),
);
await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
afterAll(() => void provider.close());
const verifyUrl = { ARKLOOP_TURNSTILE_VERIFY_URL: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/siteverify` };

const world = await startWorld(verifyUrl, { worker: false });
const { call, sql } = world;
const chief = await world.signUp();
await world.promote(chief);
const token = chief.token;
const set = (key: string, value: string) => call('PUT', `/v1/admin/platform-settings/${key}`, { token, body: { value } });
const clear = (key: string) => call('DELETE', `/v1/admin/platform-settings/${key}`, { token });
const logIn = (more: object = {}, send = call) =>
  send('POST', '/v1/auth/login', { body: { login: chief.login, password: chief.password, ...more } });
const captcha = async (send = call) => (await send('GET', '/v1/auth/captcha-config')).body;
const off = { enabled: false, site_key: '' };
const solved = { cf_turnstile_token: 'solved' };

test('the captcha is on while both of its keys are stored, and its secret is seen nowhere', async () => {
  await set('turnstile.site_key', 'site-1');
  expect([await captcha(), (await logIn()).status]).toEqual([off, 200]);
  expect((await set('turnstile.secret_key', 'Canary-captcha')).body.value).toBe('******');
  expect(await captcha()).toEqual({ enabled: true, site_key: 'site-1' });
  expect(reason(await logIn())).toEqual([400, 'captcha_required']);
  expect((await logIn(solved)).status).toBe(200);
  expect(forms.map((form) => form.get('secret'))).toEqual(['Canary-captcha']);
  await set('turnstile.allowed_host', 'elsewhere.arkloop.test');
  expect(reason(await logIn(solved))).toEqual([400, 'captcha_invalid']);
  await set('turnstile.allowed_host', 'APP.arkloop.test');
  expect((await logIn(solved)).status).toBe(200);
  const [{ all }] = await sql(
    'select concat((select json_agg(a) from audit_logs a), (select json_agg(s) from platform_settings s)) as all',
  );
  expect([all.includes('turnstile.secret_key'), all.includes('Canary')]).toEqual([true, false]);
  await clear('turnstile.secret_key');
  expect([await captcha(), (await logIn()).status]).toEqual([off, 200]);
});

test('links lead to the base that is stored, and its pages may sign people in', async () => {
  const origin = 'https://chat.arkloop.test';
  const from = (value: string) =>
    call('POST', '/v1/auth/login', { body: { login: chief.login, password: chief.password }, headers: { origin: value } });
  expect(reason(await from(origin))).toEqual([403, 'origin_not_allowed']);
  expect((await set('app.base_url', `${origin}/app/`)).status).toBe(200);
  const { email } = await world.signUp();
  const [mail] = await queuedMails(world, email);
  expect(mail).toMatchObject({
    kind: 'verification',
    data: { url: expect.stringMatching(/^https:\/\/chat\.arkloop\.test\/app\/verify\?token=/) },
  });
  expect((await call('POST', '/v1/auth/email/verify/confirm', { body: { token: await verificationTokenFor(world, email) } })).status).toBe(
    200,
  );
  const { body: workspace } = await call('POST', '/v1/accounts', { token, body: { slug: 'links', name: 'Links' } });
  const invitation = { token, body: { email: 'guest@example.test', role: 'member' } };
  expect((await call('POST', `/v1/accounts/${workspace.id}/invitations`, invitation)).status).toBe(201);
  const [invited] = await queuedMails(world, 'guest@example.test');
  expect(invited).toMatchObject({
    kind: 'invitation',
    data: { url: expect.stringMatching(/^https:\/\/chat\.arkloop\.test\/app\/invitations\/[0-9a-f]{64}$/) },
  });
  expect((await from(origin)).status).toBe(200);
  await clear('app.base_url');
  expect(reason(await from(origin))).toEqual([403, 'origin_not_allowed']);
});

test('the environment counts more than what is stored, and without it another process hears of a change', async () => {
  const shared = { ...sameKeys, ...verifyUrl, ARKLOOP_DATABASE_URL: world.databaseUrl };
  const [plain, fixed] = await Promise.all([
    startProcess('api', shared),
    startProcess('api', {
      ...shared,
      ARKLOOP_TURNSTILE_SITE_KEY: 'env',
      ARKLOOP_TURNSTILE_SECRET_KEY: 'env-secret',
      ARKLOOP_APP_BASE_URL: 'https://env.test',
    }),
  ]);
  await set('turnstile.site_key', 'stored');
  await set('turnstile.secret_key', 'stored-secret');
  await set('app.base_url', 'https://stored.test');
  await eventually(async () => (await captcha(callTo(plain.url))).site_key === 'stored', 'the change', 5_000);
  forms.length = 0;
  expect((await logIn(solved, callTo(plain.url))).status).toBe(200);
  expect((await logIn(solved, callTo(fixed.url))).status).toBe(200);
  expect(forms.map((form) => form.get('secret'))).toEqual(['stored-secret', 'env-secret']);
  expect(await captcha(callTo(fixed.url))).toEqual({ enabled: true, site_key: 'env' });
  const links = [];
  for (const { url } of [plain, fixed]) {
    const email = `link-${links.length}@example.test`;
    await callTo(url)('POST', '/v1/auth/register', { body: { login: `link-${links.length}`, email, password: 'Passw0rd-1', ...solved } });
    const [mail] = await queuedMails(world, email);
    links.push(mail?.kind === 'verification' && new URL(mail.data.url).origin);
  }
  expect(links).toEqual(['https://stored.test', 'https://env.test']);
});

test('jobs get the number of attempts that is set', async () => {
  const attempts = () =>
    sql(`select max_attempts from graphile_worker.jobs where task_identifier = 'run.execute' order by id desc limit 1`);
  const start = async () => startRun(world, chief, await openThread(world, chief));
  await start();
  expect(await attempts()).toEqual([{ max_attempts: 25 }]);
  await set('queue.max_attempts', '3');
  await start();
  expect(await attempts()).toEqual([{ max_attempts: 3 }]);
  await clear('queue.max_attempts');
});
