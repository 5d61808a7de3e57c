import { expect, test } from 'vitest';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { queuedMails, startMailServer } from '../../support/resources/mail.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote } = app;
const platformAdmin = await signUp();
await promote(platformAdmin);
const token = platformAdmin.token;

const admin = (method: string, path: string, body?: unknown, send = call) => send(method, `/v1/admin/${path}`, { token, body });
const configure = (values: object, send = call) => admin('PUT', 'email/config', values, send);
const config = async (send = call) => (await admin('GET', 'email/config', undefined, send)).body;
const status = async (send = call) => (await admin('GET', 'email/status', undefined, send)).body;
const clear = () => configure({ from: '', smtp_pass: null });
const validConfig = { from: 'Arkloop <hello@arkloop.test>', smtp_host: 'mail.arkloop.test' };
const defaultConfig = { from: '', smtp_host: '', smtp_port: 587, smtp_user: '', smtp_pass_set: false, smtp_tls_mode: 'starttls' };

test('unset values are empty, and only platform admins can read or change them', async () => {
  expect([await status(), await config()]).toEqual([{ configured: false, from: null, source: 'none' }, defaultConfig]);
  const { token: anybody } = await signUp();
  for (const [method, path, body] of [
    ['GET', 'status', undefined],
    ['GET', 'config', undefined],
    ['PUT', 'config', { from: '' }],
    ['POST', 'test', { to: 'a@b.test' }],
  ] as const)
    expect(statusAndReason(await call(method, `/v1/admin/email/${path}`, { token: anybody, body }))).toEqual([403, 'missing_permission']);
});

test('the password is kept, replaced and cleared, and never returned, logged or stored in plain text', async () => {
  const secret = 'Canary p√ssword <&> 1';
  const all = { ...validConfig, smtp_port: 2_525, smtp_user: 'mailer', smtp_tls_mode: 'tls' };
  expect((await configure({ ...all, smtp_pass: secret })).status).toBe(204);
  expect([await status(), await config()]).toEqual([
    { configured: true, from: validConfig.from, source: 'db' },
    { ...all, smtp_pass_set: true },
  ]);
  const stored = async () => (await sql(`select value from platform_settings where key = 'email.smtp_pass'`))[0]?.value;
  const sealed = await stored();
  expect(sealed).toEqual({ sealed: expect.stringMatching(/^[\w+/]+=*$/) });
  for (const kept of [{}, { smtp_pass: '' }]) {
    expect((await configure({ ...all, ...kept })).status).toBe(204);
    expect([(await config()).smtp_pass_set, await stored()]).toEqual([true, sealed]);
  }
  const { body: entries } = await call('GET', '/v1/audit-logs?include=state&action=email_config.update', { token });
  // The oldest entry is the denied request of the other user.
  expect(entries.data.map(({ metadata }: any) => metadata.smtp_pass ?? metadata.result)).toEqual(['kept', 'kept', 'set', 'denied']);
  expect(entries.data[2]).toMatchObject({
    account_id: null,
    target_type: 'email_config',
    before_state: {},
    after_state: { ...all, smtp_port: '2525', smtp_pass: '******' },
  });
  const settings = await admin('GET', 'platform-settings');
  expect(settings.body).toContainEqual(expect.objectContaining({ key: 'email.smtp_pass', value: '******' }));
  const rows = await sql(
    'select (select json_agg(a) from audit_logs a)::text as entries, (select json_agg(s) from platform_settings s)::text as settings',
  );
  for (const text of [JSON.stringify(entries), settings.text, JSON.stringify(await config()), JSON.stringify(rows)])
    expect([text.includes('Canary'), text.includes(Buffer.from(secret).toString('base64'))]).toEqual([false, false]);
  await configure({ ...all, smtp_pass: null });
  expect([(await config()).smtp_pass_set, await stored()]).toEqual([false, undefined]);
});

test('PUT replaces everything except the password, and shares its values with the platform settings', async () => {
  await configure({ ...validConfig, smtp_port: 25, smtp_user: 'mailer', smtp_tls_mode: 'none' });
  const setting = async (key: string) => (await admin('GET', `platform-settings/email.${key}`)).body?.value;
  expect(await Promise.all(['from', 'smtp_host', 'smtp_port', 'smtp_user', 'smtp_tls_mode'].map(setting))).toEqual([
    validConfig.from,
    validConfig.smtp_host,
    '25',
    'mailer',
    'none',
  ]);
  await configure(validConfig);
  expect(await config()).toEqual({ ...defaultConfig, ...validConfig });
  await admin('PUT', 'platform-settings/email.smtp_host', { value: '192.0.2.1' });
  expect((await config()).smtp_host).toBe('192.0.2.1');
  await clear();
  expect([await status(), await config()]).toEqual([{ configured: false, from: null, source: 'none' }, defaultConfig]);
});

test('of parallel updates one is applied as a whole', async () => {
  const all = Array.from({ length: 12 }, (_, at) => ({
    from: at % 2 ? '' : validConfig.from,
    smtp_host: at % 3 === 1 ? '' : `host-${at}.test`,
    smtp_port: 1_000 + at,
    smtp_user: at % 2 ? `user-${at}` : '',
    smtp_tls_mode: at % 3 ? 'tls' : 'none',
  })).filter(({ from, smtp_host: host }) => from === '' || host !== '');
  for (let round = 0; round < 5; round++) {
    await clear();
    await sql('delete from platform_settings');
    const answers = await Promise.all(all.map((values) => configure(values)));
    expect(answers.map((answer) => answer.status)).toEqual(all.map(() => 204));
    const { smtp_pass_set: _, ...left } = await config();
    expect(all).toContainEqual(left);
  }
  await clear();
});

test.for([
  ['from', undefined],
  ['from', null],
  ['from', 'nobody'],
  ['from', 'a@b.test\r\nBcc: all@b.test'],
  ['from', 'a@b.test\n'],
  ['from', 'A\r <a@b.test>'],
  ['from', 'a@b.test <c@d.test> e'],
  ['from', `${'x'.repeat(312)} <a@b.te>`],
  ['smtp_host', ''],
  ['smtp_host', 'mail.test:25'],
  ['smtp_host', 'https://mail.test'],
  ['smtp_host', 'mail test'],
  ['smtp_host', 'mail.test\n'],
  ['smtp_host', `${'x'.repeat(256)}`],
  ['smtp_port', 0],
  ['smtp_port', 65_536],
  ['smtp_port', '25'],
  ['smtp_port', 25.5],
  ['smtp_user', 'a\nb'],
  ['smtp_user', 'x'.repeat(256)],
  ['smtp_pass', 'a\rb'],
  ['smtp_pass', 'ab\n'],
  ['smtp_pass', 'x'.repeat(1_025)],
  ['smtp_pass', 7],
  ['smtp_tls_mode', 'ssl'],
  ['nobody_knows', 1],
] as const)('%s rejects %j', async ([field, value]) => {
  const answer = await configure({ ...validConfig, [field]: value });
  expect([answer.status, answer.body.details.issues.map(({ path }: { path: string }) => path)]).toEqual([400, [`/${field}`]]);
  expect(await config()).toEqual(defaultConfig);
});

test.for([
  { from: `${'x'.repeat(311)} <a@b.te>` },
  { from: 'Größe, "GmbH" <größe@xn--gre-6ka8i.test>' },
  { smtp_host: '2001:db8::25' },
  { smtp_host: '::ffff:192.0.2.1' },
  { smtp_host: 'mail_relay' },
  { smtp_pass: ` ${'x'.repeat(1_022)} ` },
])('accepts %j', async (values) => {
  expect((await configure({ ...validConfig, ...values })).status).toBe(204);
  const { smtp_pass: password, ...shown } = values as { smtp_pass?: string };
  expect(await config()).toMatchObject({ ...validConfig, ...shown, smtp_pass_set: password !== undefined });
  await clear();
});

test('environment variables take precedence over stored values, and the log contains no password', async () => {
  const env = { ARKLOOP_EMAIL_FROM: 'env@arkloop.test', ARKLOOP_SMTP_PORT: '2526', ARKLOOP_LOG_LEVEL: 'debug' };
  const fixed = await startProcess('api', { ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl, ...env });
  const there = callTo(fixed.url);
  expect(await status(there)).toEqual({ configured: true, from: 'env@arkloop.test', source: 'env' });
  const secret = 'Canary-of-the-log';
  expect((await configure({ ...validConfig, smtp_port: 26, smtp_pass: secret }, there)).status).toBe(204);
  expect(await status(there)).toEqual({ configured: true, from: 'env@arkloop.test', source: 'env' });
  expect(await config(there)).toMatchObject({
    from: 'env@arkloop.test',
    smtp_host: validConfig.smtp_host,
    smtp_port: 2_526,
    smtp_pass_set: true,
  });
  const here = () => eventually(async () => (await status()).source === 'db', 'the change in another process', 5_000);
  await here();
  expect(await config()).toMatchObject({ from: validConfig.from, smtp_port: 26 });
  await configure({ from: '', smtp_pass: null }, there);
  expect(await status(there)).toMatchObject({ configured: true, source: 'env' });
  expect(fixed.output().length).toBeGreaterThan(100);
  expect(fixed.output()).not.toContain('Canary');
  await eventually(async () => (await status()).source === 'none', 'the end of it', 5_000);
});

const productionEnv = {
  ARKLOOP_DATABASE_URL: 'postgres://db.internal/arkloop',
  ARKLOOP_AUTH_JWT_SECRET: 'q7Rk2vXw9ZbN4mTs8LpY3cHd6FgJ1aEu',
  ARKLOOP_ENCRYPTION_KEY: '9f86d081884c7d659a2feaa0c55ad015'.repeat(2),
};

test('with mail off, a stored configuration turns it on at once, and clearing it turns it off', async () => {
  const production = await startTestApp(
    { ARKLOOP_ENV: 'production', ...productionEnv, ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '0' },
    { worker: false },
  );
  const boss = await production.signUp();
  await production.promote(boss);
  const put = (body: object) => production.call('PUT', '/v1/admin/email/config', { token: boss.token, body });
  const ask = () => production.call('POST', '/v1/auth/email/otp/send', { body: { email: boss.email } });
  expect(statusAndReason(await ask())).toEqual([503, 'email_not_configured']);
  expect((await put(validConfig)).status).toBe(204);
  expect([(await ask()).status, (await queuedMails(production, boss.email)).map(({ kind }) => kind)]).toEqual([204, ['otp']]);
  expect((await put({ from: '' })).status).toBe(204);
  expect(statusAndReason(await ask())).toEqual([503, 'email_not_configured']);
});

test('a worker in another process uses the configuration stored at the time of sending', async () => {
  const servers = [await startMailServer(), await startMailServer()];
  await startProcess('worker', { ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl, ARKLOOP_WORKER_POLL_SECONDS: '0.1' });
  for (const { port, received } of servers) {
    await configure({ ...validConfig, smtp_host: '127.0.0.1', smtp_port: port, smtp_tls_mode: 'none' });
    const { email } = await signUp();
    const arrived = () => received.some(({ to }) => to.includes(email));
    await expect.poll(arrived, { interval: 50 }).toBe(true);
  }
  expect(servers.map(({ received }) => received.length > 0)).toEqual([true, true]);
  await clear();
  await Promise.all(servers.map(({ close }) => close()));
});
