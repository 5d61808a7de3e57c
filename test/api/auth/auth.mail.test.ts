import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Mail } from '../../../server/mail/mail.ts';
import { renderMail } from '../../../server/mail/templates.ts';
import { keyringOf } from '../../../server/platform/crypto/keyring.ts';
import { seal } from '../../../server/platform/crypto/seal.ts';
import { startTestApp as startAnyApp, type TestApp, testKeys } from '../../support/app/testApp.ts';
import { queuedMails, startMailServer, textOfMessage } from '../../support/resources/mail.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const servers: { close(): Promise<void> }[] = [];
afterAll(async () => void (await Promise.all(servers.map((server) => server.close()))));
async function startServer(options: Parameters<typeof startMailServer>[0] = {}) {
  const server = await startMailServer(options);
  servers.push(server);
  return server;
}
/** Workers hold many connections, so each stops with its test. */
const runningApps: TestApp[] = [];
afterEach(async () => void (await Promise.all(runningApps.splice(0).map(({ stopWorker }) => stopWorker()))));
async function startMailApp(...args: Parameters<typeof startAnyApp>) {
  const app = await startAnyApp(...args);
  runningApps.push(app);
  return app;
}
const wait = { interval: 50 };
const jobs = ({ sql }: TestApp) => sql('select attempts, last_error from graphile_worker._private_jobs order by id');
const queueMail = ({ sql }: TestApp, mail: object, until = new Date(Date.now() + 60_000)) => {
  const sealed = seal(testKeys.encryptionKeys, JSON.stringify(mail), 'email.send').toString('base64');
  const payload = { v: 1, type: 'email.send', trace_id: 'f'.repeat(32), until: until.toISOString(), sealed };
  return sql('select graphile_worker.add_job($1, $2::json)', ['email.send', JSON.stringify(payload)]);
};
const mailTo = (to: string, code = '12345678') => ({ to, locale: null, kind: 'otp', data: { code } });

test("mail is delivered by SMTP in the user's language, and its link works", async () => {
  const server = await startServer();
  const app = await startMailApp({ ...server.env, ARKLOOP_SMTP_TLS_MODE: 'none', ARKLOOP_APP_BASE_URL: 'https://app.arkloop.test' });
  const { email, cookie } = await app.signUp();
  await expect.poll(() => server.received.length, wait).toBe(1);
  const [first] = server.received;
  expect(first).toMatchObject({ from: 'hello@arkloop.test', to: [email], user: undefined });
  expect(first!.source).toMatch(/^From: Arkloop <hello@arkloop.test>\r$/m);
  expect(first!.source).toMatch(/^Subject: Confirm your email address\r$/m);
  expect(first!.source).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  const [, token] = /https:\/\/app\.arkloop\.test\/verify\?token=([\w-]{43})\s/.exec(textOfMessage(first!.source))!;
  expect((await app.call('POST', '/v1/auth/email/verify/confirm', { body: { token }, headers: { cookie } })).status).toBe(200);

  const reader = { login: 'leser', email: '"a,b"@example.test', password: 'abc12345', locale: 'zh-CN' };
  await app.call('POST', '/v1/auth/register', { body: reader });
  await app.call('POST', '/v1/auth/email/otp/send', { body: { email: reader.email } });
  await expect.poll(() => server.received.length, wait).toBe(3);
  const mails = server.received.slice(1);
  expect(mails.map(({ to }) => to)).toEqual([[reader.email], [reader.email]]);
  const otp = mails.map(({ source }) => /验证码是：\s+(\d{8})\s/.exec(textOfMessage(source))?.[1]).find(Boolean);
  expect((await app.call('POST', '/v1/auth/email/otp/verify', { body: { email: reader.email, otp, reset_access: true } })).status).toBe(
    200,
  );
  await expect.poll(() => server.received.length, wait).toBe(4);
  expect(textOfMessage(server.received[3]!.source)).toMatch(/密码已失效/);
  await expect.poll(() => jobs(app), wait).toEqual([]);
});

test('without SMTP, mail is written to files with mode 0600', async () => {
  const app = await startMailApp();
  const { email } = await app.signUp();
  const folder = join(app.config.dataDir, 'mail');
  await expect.poll(() => readdir(folder).catch(() => []), wait).toHaveLength(1);
  const [name] = await readdir(folder);
  expect(name).toMatch(/^\d{4}-\d\d-\d\dT[\d-]+\.\d{3}Z-verification-\w{8}\.eml$/);
  const source = await readFile(join(folder, name!), 'utf8');
  expect(source).toContain(`To: ${email}`);
  expect(textOfMessage(source)).toMatch(/\/verify\?token=[\w-]{43}\s/);
  expect([(await stat(folder)).mode & 0o777, (await stat(join(folder, name!))).mode & 0o777]).toEqual([0o700, 0o600]);
});

test('runs that occupy all worker slots do not delay mail', async () => {
  const server = await startServer();
  const app = await startMailApp({
    ...server.env,
    ARKLOOP_SMTP_TLS_MODE: 'none',
    ARKLOOP_WORKER_MIN_CONCURRENCY: '1',
    ARKLOOP_WORKER_CONCURRENCY: '1',
    ARKLOOP_WORKER_MAX_CONCURRENCY: '1',
    ARKLOOP_STUB_AGENT_DELTA_COUNT: '200',
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.1',
  });
  const { call } = app;
  const { token, email } = await app.signUp();
  await expect.poll(() => server.received.length, wait).toBe(1);
  for (let at = 0; at < 2; at++) {
    const { id } = (await call('POST', '/v1/threads', { token })).body;
    await call('POST', `/v1/threads/${id}/messages`, { token, body: { content: 'hi' } });
    expect((await call('POST', `/v1/threads/${id}/runs`, { token })).status).toBe(201);
  }
  await expect.poll(() => app.sql('select id from runs where lease_token is not null'), wait).toHaveLength(1);
  await call('POST', '/v1/auth/email/otp/send', { body: { email } });
  await expect.poll(() => server.received.length, { interval: 20 }).toBe(2);
  expect(await app.sql(`select id from runs where status = 'running'`)).toHaveLength(2);
  for (const { id } of await app.sql('select id from runs')) await call('POST', `/v1/runs/${id}:cancel`, { token });
});

test('SMTP user and password are sent, and a failed authentication is retried', async () => {
  const tries: unknown[] = [];
  const server = await startServer({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth({ username, password }, _session, done) {
      tries.push([username, password]);
      if (tries.length === 1) return done(new Error('not yet'));
      done(null, { user: username });
    },
  });
  const app = await startMailApp({ ...server.env, ARKLOOP_SMTP_TLS_MODE: 'none', ARKLOOP_SMTP_USER: 'us', ARKLOOP_SMTP_PASS: ' p w ' });
  await queueMail(app, mailTo('a@example.test'));
  await expect.poll(() => server.received.length, wait).toBe(1);
  expect([server.received[0]!.user, tries]).toEqual([
    'us',
    [
      ['us', ' p w '],
      ['us', ' p w '],
    ],
  ]);
});

test('if STARTTLS is required but unavailable, no mail is sent, and the job does not contain the address', async () => {
  const server = await startServer();
  const app = await startMailApp(server.env);
  const { email } = await app.signUp();
  await expect.poll(async () => (await jobs(app))[0]?.attempts, wait).toBeGreaterThan(0);
  await expect.poll(async () => (await jobs(app))[0]?.last_error, wait).toMatch(/the mail was not sent: ETLS/);
  expect(server.received).toEqual([]);
  expect(JSON.stringify(await app.sql('select j::text from graphile_worker._private_jobs j'))).not.toContain(email);
});

test('an untrusted TLS certificate is rejected', async () => {
  const server = await startServer({ disabledCommands: [] });
  const app = await startMailApp(server.env);
  await queueMail(app, mailTo('a@example.test'));
  await expect.poll(async () => (await jobs(app))[0]?.last_error, wait).toMatch(/the mail was not sent: E/);
  expect(server.received).toEqual([]);
});

test('a temporary SMTP error is retried, a permanent one is not', async () => {
  let busy = 1;
  const server = await startServer({
    onRcptTo({ address }, _session, done) {
      if (address.startsWith('gone')) return done(Object.assign(new Error(`no mailbox ${address}`), { responseCode: 550 }));
      done(busy-- > 0 ? Object.assign(new Error('later'), { responseCode: 451 }) : null);
    },
  });
  const app = await startMailApp({ ...server.env, ARKLOOP_SMTP_TLS_MODE: 'none' });
  await queueMail(app, mailTo('gone@example.test'));
  await expect.poll(() => jobs(app), wait).toEqual([]);
  await queueMail(app, mailTo('busy@example.test'));
  await expect.poll(() => server.received.map(({ to }) => to), wait).toEqual([['busy@example.test']]);
  await expect.poll(() => jobs(app), wait).toEqual([]);
});

test('expired mail and unknown payload versions are dropped; mail encrypted with another key waits for another process until it expires', async () => {
  const server = await startServer();
  const app = await startMailApp({ ...server.env, ARKLOOP_SMTP_TLS_MODE: 'none' });
  await queueMail(app, mailTo('late@example.test'), new Date(Date.now() - 1));
  const foreign = seal(keyringOf([Buffer.alloc(32, 8)]), JSON.stringify(mailTo('foreign@example.test')), 'email.send').toString('base64');
  const until = new Date(Date.now() + 60_000).toISOString();
  for (const payload of [{ v: 1, trace_id: '', until, sealed: foreign }, { v: 2, until, sealed: foreign }, { v: 1 }, null])
    await app.sql('select graphile_worker.add_job($1, $2::json)', ['email.send', JSON.stringify(payload)]);
  await queueMail(app, mailTo('good@example.test'));
  await expect.poll(() => server.received.map(({ to }) => to), wait).toEqual([['good@example.test']]);
  await expect.poll(() => jobs(app), wait).toEqual([{ attempts: 0, last_error: null }]);
  await app.sql(`update graphile_worker._private_jobs set run_at = now(),
    payload = jsonb_set(payload::jsonb, '{until}', '"2020-01-01T00:00:00.000Z"')`);
  await expect.poll(() => jobs(app), { ...wait, timeout: 10_000 }).toEqual([]);
  expect(server.received).toHaveLength(1);
});

test('mail locked by a killed worker is sent by the next one', async () => {
  const server = await startServer();
  const app = await startMailApp({ ...server.env, ARKLOOP_SMTP_TLS_MODE: 'none' }, { worker: false });
  await queueMail(app, mailTo('held@example.test'));
  await app.sql(`update graphile_worker._private_jobs set locked_at = now() - interval '3 minutes', locked_by = 'gone', attempts = 1`);
  const { startWorker } = await import('../../../server/processes/worker.ts');
  const { pino } = await import('pino');
  const { config, env, database, databaseUrl } = app;
  const worker = await startWorker({ config, env, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
  await expect.poll(() => server.received.map(({ to }) => to), wait).toEqual([['held@example.test']]);
  await worker.shutDown();
});

test('a worker not configured for mail jobs leaves them queued', async () => {
  const app = await startMailApp({ ARKLOOP_WORKER_QUEUE_JOB_TYPES: 'run.execute' });
  await app.signUp();
  await new Promise((done) => setTimeout(done, 500));
  expect(await queuedMails(app)).toHaveLength(1);
});

test('user-supplied names are reduced to one line and a maximum length', () => {
  const data = {
    url: 'https://app/invitations/x',
    account: 'Acme\r\nBcc: all@example.test\u202e',
    inviter: `Eve\n\nPay here: ${'x'.repeat(500)}`,
  };
  for (const locale of ['en', 'zh', null, 'zh-TW', 'zhx']) {
    const { subject, text } = renderMail(Mail.parse({ to: 'a@b.c', kind: 'invitation', locale, data }));
    expect(subject).not.toMatch(/[\r\n\u202e]/);
    expect(text.split('\n\n')).toHaveLength(4);
    expect(text).toContain(`\n\n${data.url}\n\n`);
    expect(text).not.toContain('x'.repeat(201));
    expect(/\p{Script=Han}/u.test(subject)).toBe(locale === 'zh' || locale === 'zh-TW');
  }
});
