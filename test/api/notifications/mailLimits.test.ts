import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { nameInMail } from '../../../server/mail/nameInMail.ts';
import { renderMail } from '../../../server/mail/templates.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { queuedMails, startMailServer, textOfMessage } from '../../support/resources/mail.ts';

const app = await startTestApp({}, { worker: false });
const { call, signUp, sql } = app;
let slugNumber = 0;
const openAccount = async (owner: Person, name = 'Acme', { call } = app): Promise<string> =>
  (await call('POST', '/v1/accounts', { token: owner.token, body: { slug: `mail-${++slugNumber}`, name } })).body.id;
const invite = (owner: Person, account: string, email: string, { call } = app) =>
  call('POST', `/v1/accounts/${account}/invitations`, { token: owner.token, body: { email, role: 'member' } });
const revoke = (owner: Person, account: string, id: string) =>
  call('DELETE', `/v1/account-invitations/${id}`, { token: owner.token, headers: { 'x-account-id': account } });
const mailsOf = async (kind: string, to: RegExp) =>
  (await queuedMails(app)).filter((mail) => mail.kind === kind && to.test(mail.to)).length;

test('forty revoked invitations mail an address three times', async () => {
  const owner = await signUp();
  const account = await openAccount(owner);
  const answers: unknown[] = [];
  for (let at = 0; at < 40; at++) {
    const answer = await invite(owner, account, at % 2 ? 'victim@example.com' : '"VICTIM"@example.com');
    answers.push(answer.status);
    if (answer.status === 201) expect((await revoke(owner, account, answer.body.id)).status).toBe(204);
    else
      expect([...statusAndReason(answer), Number(answer.headers.get('retry-after')) > 80_000]).toEqual([
        429,
        'invitation_rate_limited',
        true,
      ]);
  }
  expect(answers.filter((status) => status === 201)).toHaveLength(3);
  expect(await mailsOf('invitation', /^"?victim"?@example\.com$/i)).toBe(3);
  expect((await invite(owner, account, 'somebody.else@example.com')).status).toBe(201);
});

test('all users together mail an address five invitations per hour, and other kinds of mail are not limited by them', async () => {
  const victim = await signUp({ email: 'bombed@example.com' });
  const owners = await Promise.all(Array.from({ length: 12 }, () => signUp()));
  const answers = await Promise.all(
    owners.map(async (owner, at) =>
      invite(owner, await openAccount(owner), ['bombed@example.com', `bombed+${at}@example.com`, '"bombed"@EXAMPLE.com'][at % 3]!),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(5).fill(201), ...Array(7).fill(429)]);
  expect(new Set(answers.filter(({ status }) => status === 429).map((answer) => statusAndReason(answer)[1]))).toEqual(
    new Set(['mail_rate_limited']),
  );
  expect(await mailsOf('invitation', /bombed/i)).toBe(5);
  const refused = owners.find((_, at) => answers[at]!.status === 429)!;
  expect(await sql('select count(*)::int as n from invitations where invited_by_user_id = $1', [refused.id])).toEqual([{ n: 0 }]);
  expect((await call('POST', '/v1/auth/email/otp/send', { body: { email: victim.email } })).status).toBe(204);
  expect((await call('POST', '/v1/auth/email/verify/send', { token: victim.token })).status).toBe(204);
  expect([await mailsOf('otp', /^bombed@/), await mailsOf('verification', /^bombed@/)]).toEqual([1, 2]);
});

test('a user mails at most 100 addresses per hour', async () => {
  const owner = await signUp();
  const account = await openAccount(owner);
  await sql(`insert into attempt_counts (bucket, count, window_ends) values ($1, 99, now() + interval '1 hour')`, [
    `mail-by-user:hour:${owner.id}`,
  ]);
  expect((await invite(owner, account, 'hundredth@example.com')).status).toBe(201);
  expect(statusAndReason(await invite(owner, account, 'next@example.com'))).toEqual([429, 'mail_rate_limited']);
  const other = await signUp();
  expect((await invite(other, await openAccount(other), 'next@example.com')).status).toBe(201);
});

test('registering an address over its mail limit succeeds with a warning', async () => {
  const { email } = await signUp({ email: 'first@example.com' });
  await sql('update attempt_counts set count = 1000 where bucket like $1', ['mail:verification:%']);
  const [{ bucket }] = await sql(`select bucket from attempt_counts where bucket like 'mail:verification:day:%' limit 1`);
  await sql(`update users set email = null, email_key = null, email_skeleton = null where email = $1`, [email]);
  const { status, body } = await call('POST', '/v1/auth/register', { body: { login: 'again', email, password: 'Passw0rd-1' } });
  expect([bucket !== undefined, status, body.warning]).toEqual([true, 201, expect.stringMatching(/could not be sent/)]);
  const sent = await call('POST', '/v1/auth/email/verify/send', { token: body.access_token });
  expect(statusAndReason(sent)).toEqual([429, 'mail_rate_limited']);
});

test('every mail passes the limits: one module adds the jobs, and mail sent at once is counted', () => {
  const files = (readdirSync(new URL('../../../server', import.meta.url), { recursive: true }) as string[]).filter((file) =>
    file.endsWith('.ts'),
  );
  const using = (pattern: RegExp) =>
    files.filter((file) => pattern.test(readFileSync(new URL(`../../../server/${file}`, import.meta.url), 'utf8'))).sort();
  expect(using(/addJob, \{ task: sendMailTask/)).toEqual(['resources/email/queue.ts']);
  expect(using(/await sendThrough\(/)).toEqual(['mail/mailer.ts', 'resources/email/service.ts']);
  expect(using(/permitMail\(/)).toEqual([
    'resources/auth/codes/loginCodes.ts',
    'resources/email/limits.ts',
    'resources/email/queue.ts',
    'resources/email/service.ts',
  ]);
});

/** Text that mail clients turn into links: schemes, domains, addresses, telephone numbers. */
const linkPattern = /:\/\/|www\.|[\p{L}\p{N}][.。．｡][\p{L}\p{N}]|@|[a-z]+:\S|\d(?:[ .()-]?\d){8}/iu;
const names = [
  ...[
    'https://evil.example/login',
    'Visit evil.example now',
    'WWW.EVIL.EXAMPLE',
    'ｅｖｉｌ．ｅｘａｍｐｌｅ',
    'evil。example',
    'evil\u2024example',
    'ev\u00adil.example',
  ],
  ...[
    'a@evil.example',
    'call +49 170 1234567',
    '(555) 010-9999-12',
    'x\r\nBcc: a@evil.example',
    '\u202eelpmaxe.live',
    '[here](http://evil.example)',
  ],
  ...[
    '<a href=//evil.example>',
    'mailto:evil',
    'javascript:alert(1)',
    'evil.example\u200b',
    'x'.repeat(200),
    `${'a.'.repeat(60)}example`,
    '1.2.3.4',
    '\u{1F310}.evil.example',
  ],
];

test('a name in a mail is short, on one line and not a link', () => {
  for (const name of names) {
    const shown = nameInMail(name);
    expect([name, linkPattern.test(shown), /[\p{Cc}\p{Cf}\n]/u.test(shown)]).toEqual([name, false, false]);
    expect([...shown].length).toBeLessThanOrEqual(61);
  }
  for (const name of ['Acme Inc.', 'O’Hara & Söhne (Wien)', '北京 Lab 2', 'J. Smith', 'Team 2024-2025', '🚀 Rocket'])
    expect(nameInMail(name)).toBe(name);
  for (const nothing of ['', '://', '\u200b', '***']) expect(nameInMail(nothing)).toBe('…');
});

test('the subject contains no user text, and names in the text are not links', () => {
  for (const name of names)
    for (const locale of ['en', 'zh-CN', null]) {
      const url = 'https://app.test/invitations/token';
      const { subject, text } = renderMail({ kind: 'invitation', to: 'a@b.c', locale, data: { url, account: name, inviter: name } });
      expect(subject).toMatch(/^(You are invited to a workspace|邀请您加入工作区)$/);
      // The full stops of Chinese sentences are followed by characters.
      expect([name, linkPattern.test(text.replace(url, '').replace(/。(?=[请以])/gu, ' '))]).toEqual([name, false]);
      expect(text.split('\n').filter((line) => line === url)).toHaveLength(1);
    }
});

test('an invitation sent by SMTP contains no link from user-supplied names', async () => {
  const server = await startMailServer();
  const there: TestApp = await startTestApp({ ...server.env, ARKLOOP_SMTP_TLS_MODE: 'none' });
  const owner = await there.signUp({ login: 'www.evil.example' });
  const account = await openAccount(owner, 'URGENT https://evil.example/pay', there);
  expect((await invite(owner, account, 'target@example.com', there)).status).toBe(201);
  const mail = () => server.received.find(({ to }) => to.includes('target@example.com'));
  await eventually(async () => mail() !== undefined, 'the invitation');
  expect(mail()!.source).toMatch(/^Subject: You are invited to a workspace\r?$/m);
  const text = textOfMessage(mail()!.source);
  expect(text).toContain('URGENT https evil example pay');
  expect(text).not.toMatch(/evil\.example/);
  await server.close();
});
