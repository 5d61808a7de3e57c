import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { listener } from '../../support/app/listener.ts';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { queuedMails, verificationTokenFor } from '../../support/resources/mail.ts';

const captchaForms: URLSearchParams[] = [];
const provider = createServer(
  listener(async (req, res) => {
    let text = '';
    for await (const chunk of req) text += chunk;
    captchaForms.push(new URLSearchParams(text));
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ success: true, hostname: 'app.arkloop.test' }));
  }),
);
await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
afterAll(() => void provider.close());
const verifyUrl = { ARKLOOP_TURNSTILE_VERIFY_URL: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/siteverify` };

const app = await startTestApp(verifyUrl, { worker: false });
const { call, sql } = app;
const platformAdmin = await app.signUp();
await app.promote(platformAdmin);
const token = platformAdmin.token;
const set = (key: string, value: string) => call('PUT', `/v1/admin/platform-settings/${key}`, { token, body: { value } });
const clear = (key: string) => call('DELETE', `/v1/admin/platform-settings/${key}`, { token });
const logIn = (more: object = {}, send = call) =>
  send('POST', '/v1/auth/login', { body: { login: platformAdmin.login, password: platformAdmin.password, ...more } });
const captcha = async (send = call) => (await send('GET', '/v1/auth/captcha-config')).body;
const captchaOff = { enabled: false, site_key: '' };
const solvedCaptcha = { cf_turnstile_token: 'solved' };

test('the captcha is on while both keys are stored, and its secret is never stored or logged in plain text', async () => {
  await set('turnstile.site_key', 'site-1');
  expect([await captcha(), (await logIn()).status]).toEqual([captchaOff, 200]);
  expect((await set('turnstile.secret_key', 'Canary-captcha')).body.value).toBe('******');
  expect(await captcha()).toEqual({ enabled: true, site_key: 'site-1' });
  expect(statusAndReason(await logIn())).toEqual([400, 'captcha_required']);
  expect((await logIn(solvedCaptcha)).status).toBe(200);
  expect(captchaForms.map((form) => form.get('secret'))).toEqual(['Canary-captcha']);
  await set('turnstile.allowed_host', 'elsewhere.arkloop.test');
  expect(statusAndReason(await logIn(solvedCaptcha))).toEqual([400, 'captcha_invalid']);
  await set('turnstile.allowed_host', 'APP.arkloop.test');
  expect((await logIn(solvedCaptcha)).status).toBe(200);
  const [{ all }] = await sql(
    'select concat((select json_agg(a) from audit_logs a), (select json_agg(s) from platform_settings s)) as all',
  );
  expect([all.includes('turnstile.secret_key'), all.includes('Canary')]).toEqual([true, false]);
  await clear('turnstile.secret_key');
  expect([await captcha(), (await logIn()).status]).toEqual([captchaOff, 200]);
});

test('mailed links use the stored base URL, and its origin may sign in', async () => {
  const origin = 'https://chat.arkloop.test';
  const from = (value: string) =>
    call('POST', '/v1/auth/login', { body: { login: platformAdmin.login, password: platformAdmin.password }, headers: { origin: value } });
  expect(statusAndReason(await from(origin))).toEqual([403, 'origin_not_allowed']);
  expect((await set('app.base_url', `${origin}/app/`)).status).toBe(200);
  const { email } = await app.signUp();
  const [mail] = await queuedMails(app, email);
  expect(mail).toMatchObject({
    kind: 'verification',
    data: { url: expect.stringMatching(/^https:\/\/chat\.arkloop\.test\/app\/verify\?token=/) },
  });
  expect(
    (await call('POST', '/v1/auth/email/verify/confirm', { body: { token: await verificationTokenFor(app, email), reset_access: true } }))
      .status,
  ).toBe(200);
  const { body: workspace } = await call('POST', '/v1/accounts', { token, body: { slug: 'links', name: 'Links' } });
  const invitation = { token, body: { email: 'guest@example.test', role: 'member' } };
  expect((await call('POST', `/v1/accounts/${workspace.id}/invitations`, invitation)).status).toBe(201);
  const [invited] = await queuedMails(app, 'guest@example.test');
  expect(invited).toMatchObject({
    kind: 'invitation',
    data: { url: expect.stringMatching(/^https:\/\/chat\.arkloop\.test\/app\/invitations\/[0-9a-f]{64}$/) },
  });
  expect((await from(origin)).status).toBe(200);
  await clear('app.base_url');
  expect(statusAndReason(await from(origin))).toEqual([403, 'origin_not_allowed']);
});

test('environment variables take precedence over stored values, and other processes apply changes', async () => {
  const shared = { ...testKeysEnv, ...verifyUrl, ARKLOOP_DATABASE_URL: app.databaseUrl };
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
  captchaForms.length = 0;
  expect((await logIn(solvedCaptcha, callTo(plain.url))).status).toBe(200);
  expect((await logIn(solvedCaptcha, callTo(fixed.url))).status).toBe(200);
  expect(captchaForms.map((form) => form.get('secret'))).toEqual(['stored-secret', 'env-secret']);
  expect(await captcha(callTo(fixed.url))).toEqual({ enabled: true, site_key: 'env' });
  const links = [];
  for (const { url } of [plain, fixed]) {
    const email = `link-${links.length}@example.test`;
    await callTo(url)('POST', '/v1/auth/register', {
      body: { login: `link-${links.length}`, email, password: 'Passw0rd-1', ...solvedCaptcha },
    });
    const [mail] = await queuedMails(app, email);
    links.push(mail?.kind === 'verification' && new URL(mail.data.url).origin);
  }
  expect(links).toEqual(['https://stored.test', 'https://env.test']);
});

test('jobs get the configured number of attempts', async () => {
  const attempts = () =>
    sql(`select max_attempts from graphile_worker.jobs where task_identifier = 'run.execute' order by id desc limit 1`);
  const start = async () => startRun(app, platformAdmin, await openThread(app, platformAdmin));
  await start();
  expect(await attempts()).toEqual([{ max_attempts: 25 }]);
  await set('queue.max_attempts', '3');
  await start();
  expect(await attempts()).toEqual([{ max_attempts: 3 }]);
  await clear('queue.max_attempts');
});
