import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { seal } from '../../server/kernel/seal.ts';
import { Mail } from '../../server/mail/mail.ts';
import { textOf } from '../../server/mail/texts.ts';
import { queuedMails, startMailServer, textOfMessage } from '../setup/mail.ts';
import { startWorld as startAnyWorld, testKeys, type World } from '../setup/world.ts';

const servers: { close(): Promise<void> }[] = [];
afterAll(async () => void (await Promise.all(servers.map((server) => server.close()))));
async function startServer(options: Parameters<typeof startMailServer>[0] = {}) {
  const server = await startMailServer(options);
  servers.push(server);
  return server;
}
/** Workers hold many connections: each stops with its test. */
const working: World[] = [];
afterEach(async () => void (await Promise.all(working.splice(0).map(({ stopWorker }) => stopWorker()))));
async function startWorld(...args: Parameters<typeof startAnyWorld>) {
  const world = await startAnyWorld(...args);
  working.push(world);
  return world;
}
const wait = { timeout: 12_000, interval: 50 };
const jobs = ({ sql }: World) => sql('select attempts, last_error from graphile_worker._private_jobs order by id');
const queue = ({ sql }: World, mail: object, until = new Date(Date.now() + 60_000)) => {
  const sealed = seal(testKeys.encryptionKey, JSON.stringify(mail), 'email.send').toString('base64');
  const payload = { v: 1, type: 'email.send', trace_id: 'f'.repeat(32), until: until.toISOString(), sealed };
  return sql('select graphile_worker.add_job($1, $2::json)', ['email.send', JSON.stringify(payload)]);
};
const mailTo = (to: string, code = '12345678') => ({ to, locale: null, kind: 'otp', data: { code } });

test('mail reaches a real server, in the language of its reader, and its link works', async () => {
  const server = await startServer();
  const world = await startWorld({ ...server.env, ARKLOOP_SMTP_TLS_MODE: 'none', ARKLOOP_APP_BASE_URL: 'https://app.arkloop.test' });
  const { email, cookie } = await world.signUp();
  await expect.poll(() => server.received.length, wait).toBe(1);
  const [first] = server.received;
  expect(first).toMatchObject({ from: 'hello@arkloop.test', to: [email], user: undefined });
  expect(first!.source).toMatch(/^From: Arkloop <hello@arkloop.test>\r$/m);
  expect(first!.source).toMatch(/^Subject: Confirm your email address\r$/m);
  expect(first!.source).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  const [, token] = /https:\/\/app\.arkloop\.test\/verify\?token=([\w-]{43})\s/.exec(textOfMessage(first!.source))!;
  expect((await world.call('POST', '/v1/auth/email/verify/confirm', { body: { token }, headers: { cookie } })).status).toBe(200);

  const reader = { login: 'leser', email: '"a,b"@example.test', password: 'abc12345', locale: 'zh-CN' };
  await world.call('POST', '/v1/auth/register', { body: reader });
  await world.call('POST', '/v1/auth/email/otp/send', { body: { email: reader.email } });
  await expect.poll(() => server.received.length, wait).toBe(3);
  const mails = server.received.slice(1);
  expect(mails.map(({ to }) => to)).toEqual([[reader.email], [reader.email]]);
  const otp = mails.map(({ source }) => /验证码是：\s+(\d{8})\s/.exec(textOfMessage(source))?.[1]).find(Boolean);
  expect((await world.call('POST', '/v1/auth/email/otp/verify', { body: { email: reader.email, otp } })).status).toBe(200);
  await expect.poll(() => server.received.length, wait).toBe(4);
  expect(textOfMessage(server.received[3]!.source)).toMatch(/密码已失效/);
  await expect.poll(() => jobs(world), wait).toEqual([]);
});

test('without a server mail becomes files that only we can read', async () => {
  const world = await startWorld();
  const { email } = await world.signUp();
  const folder = join(world.config.dataDir, 'mail');
  await expect.poll(() => readdir(folder).catch(() => []), wait).toHaveLength(1);
  const [name] = await readdir(folder);
  expect(name).toMatch(/^\d{4}-\d\d-\d\dT[\d-]+\.\d{3}Z-verification-\w{8}\.eml$/);
  const source = await readFile(join(folder, name!), 'utf8');
  expect(source).toContain(`To: ${email}`);
  expect(textOfMessage(source)).toMatch(/\/verify\?token=[\w-]{43}\s/);
  expect([(await stat(folder)).mode & 0o777, (await stat(join(folder, name!))).mode & 0o777]).toEqual([0o700, 0o600]);
});

test('runs that take all slots do not hold back mail', async () => {
  const server = await startServer();
  const world = await startWorld({
    ...server.env,
    ARKLOOP_SMTP_TLS_MODE: 'none',
    ARKLOOP_WORKER_MIN_CONCURRENCY: '1',
    ARKLOOP_WORKER_CONCURRENCY: '1',
    ARKLOOP_WORKER_MAX_CONCURRENCY: '1',
    ARKLOOP_STUB_AGENT_DELTA_COUNT: '200',
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.1',
  });
  const { call } = world;
  const { token, email } = await world.signUp();
  await expect.poll(() => server.received.length, wait).toBe(1);
  for (let at = 0; at < 2; at++) {
    const { id } = (await call('POST', '/v1/threads', { token })).body;
    await call('POST', `/v1/threads/${id}/messages`, { token, body: { content: 'hi' } });
    expect((await call('POST', `/v1/threads/${id}/runs`, { token })).status).toBe(201);
  }
  await expect.poll(() => world.sql('select id from runs where lease_token is not null'), wait).toHaveLength(1);
  await call('POST', '/v1/auth/email/otp/send', { body: { email } });
  await expect.poll(() => server.received.length, { timeout: 3_000, interval: 20 }).toBe(2);
  expect(await world.sql(`select id from runs where status = 'running'`)).toHaveLength(2);
  for (const { id } of await world.sql('select id from runs')) await call('POST', `/v1/runs/${id}:cancel`, { token });
});

test('a server that signs us in gets name and password; one that refuses them gets another try', async () => {
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
  const world = await startWorld({ ...server.env, ARKLOOP_SMTP_TLS_MODE: 'none', ARKLOOP_SMTP_USER: 'us', ARKLOOP_SMTP_PASS: ' p w ' });
  await queue(world, mailTo('a@example.test'));
  await expect.poll(() => server.received.length, wait).toBe(1);
  expect([server.received[0]!.user, tries]).toEqual([
    'us',
    [
      ['us', ' p w '],
      ['us', ' p w '],
    ],
  ]);
});

test('a server without STARTTLS gets no mail from who asked for it, and the job does not tell the address', async () => {
  const server = await startServer();
  const world = await startWorld(server.env);
  const { email } = await world.signUp();
  await expect.poll(async () => (await jobs(world))[0]?.attempts, wait).toBeGreaterThan(0);
  await expect.poll(async () => (await jobs(world))[0]?.last_error, wait).toMatch(/the mail was not sent: ETLS/);
  expect(server.received).toEqual([]);
  expect(JSON.stringify(await world.sql('select j::text from graphile_worker._private_jobs j'))).not.toContain(email);
});

test('a certificate that nobody vouches for is refused', async () => {
  const server = await startServer({ disabledCommands: [] });
  const world = await startWorld(server.env);
  await queue(world, mailTo('a@example.test'));
  await expect.poll(async () => (await jobs(world))[0]?.last_error, wait).toMatch(/the mail was not sent: E/);
  expect(server.received).toEqual([]);
});

test('a busy server is tried again, one that refuses the reader for good is not', async () => {
  let busy = 1;
  const server = await startServer({
    onRcptTo({ address }, _session, done) {
      if (address.startsWith('gone')) return done(Object.assign(new Error(`no mailbox ${address}`), { responseCode: 550 }));
      done(busy-- > 0 ? Object.assign(new Error('later'), { responseCode: 451 }) : null);
    },
  });
  const world = await startWorld({ ...server.env, ARKLOOP_SMTP_TLS_MODE: 'none' });
  await queue(world, mailTo('gone@example.test'));
  await expect.poll(() => jobs(world), wait).toEqual([]);
  await queue(world, mailTo('busy@example.test'));
  await expect.poll(() => server.received.map(({ to }) => to), wait).toEqual([['busy@example.test']]);
  await expect.poll(() => jobs(world), wait).toEqual([]);
});

test('what is too late, sealed by others, or of another version is dropped', async () => {
  const server = await startServer();
  const world = await startWorld({ ...server.env, ARKLOOP_SMTP_TLS_MODE: 'none' });
  await queue(world, mailTo('late@example.test'), new Date(Date.now() - 1));
  const foreign = seal(Buffer.alloc(32, 8), JSON.stringify(mailTo('foreign@example.test')), 'email.send').toString('base64');
  const until = new Date(Date.now() + 60_000).toISOString();
  for (const payload of [{ v: 1, trace_id: '', until, sealed: foreign }, { v: 2, until, sealed: foreign }, { v: 1 }, null])
    await world.sql('select graphile_worker.add_job($1, $2::json)', ['email.send', JSON.stringify(payload)]);
  await queue(world, mailTo('good@example.test'));
  await expect.poll(() => server.received.map(({ to }) => to), wait).toEqual([['good@example.test']]);
  await expect.poll(() => jobs(world), wait).toEqual([]);
});

test('mail that a killed worker held is sent by the next', async () => {
  const server = await startServer();
  const world = await startWorld({ ...server.env, ARKLOOP_SMTP_TLS_MODE: 'none' }, { worker: false });
  await queue(world, mailTo('held@example.test'));
  await world.sql(`update graphile_worker._private_jobs set locked_at = now() - interval '3 minutes', locked_by = 'gone', attempts = 1`);
  const { startWorker } = await import('../../server/worker.ts');
  const { pino } = await import('pino');
  const { config, env, database, databaseUrl } = world;
  const worker = await startWorker({ config, env, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
  await expect.poll(() => server.received.map(({ to }) => to), wait).toEqual([['held@example.test']]);
  await worker.shutDown();
});

test('a worker that is told to take no mail leaves it', async () => {
  const world = await startWorld({ ARKLOOP_WORKER_QUEUE_JOB_TYPES: 'run.execute' });
  await world.signUp();
  await new Promise((done) => setTimeout(done, 500));
  expect(await queuedMails(world)).toHaveLength(1);
});

test('names that users chose stay on one line, and say no more than a name can', () => {
  const data = {
    url: 'https://app/invitations/x',
    account: 'Acme\r\nBcc: all@example.test\u202e',
    inviter: `Eve\n\nPay here: ${'x'.repeat(500)}`,
  };
  for (const locale of ['en', 'zh', null, 'zh-TW', 'zhx']) {
    const { subject, text } = textOf(Mail.parse({ to: 'a@b.c', kind: 'invitation', locale, data }));
    expect(subject).not.toMatch(/[\r\n\u202e]/);
    expect(text.split('\n\n')).toHaveLength(4);
    expect(text).toContain(`\n\n${data.url}\n\n`);
    expect(text).not.toContain('x'.repeat(201));
    expect(/\p{Script=Han}/u.test(subject)).toBe(locale === 'zh' || locale === 'zh-TW');
  }
});
