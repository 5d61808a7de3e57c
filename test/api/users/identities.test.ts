import { describe, expect, test } from 'vitest';
import { declaredStatements } from '../../../server/database/statement.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { codeFor } from '../../support/resources/mail.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote, joinAccount } = app;
const password = 'Passw0rd-1';
let userNumber = 0;
const register = (more: { login?: string; email?: string }) =>
  call('POST', '/v1/auth/register', {
    body: { login: `some-${++userNumber}`, email: `some-${userNumber}@example.test`, password, ...more },
  });
const logIn = (login: string) => call('POST', '/v1/auth/login', { body: { login, password } });
const exists = async (login: string) => (await call('POST', '/v1/auth/check', { body: { login } })).body.exists;
const paths = (answer: { body: { details: { issues: { path: string }[] } } }) => answer.body.details.issues.map(({ path }) => path);

/** Other spellings of root1@example.com. */
const spellings = [
  '"root1"@example.com',
  '"ro\\ot1"@example.com',
  'root1@ｅxample.com',
  'ｒｏｏｔ１@example.com',
  'ROOT1@EXAMPLE.COM',
  'root1@ExamPLE。com'.replace('。', '.'),
  '𝐫oot1@example.com',
];
/** Not addresses: invisible characters, or Punycode that decodes to nothing. */
const malformed = [
  'ro\u200bot1@example.com',
  'root1\u2060@example.com',
  'ro\u00adot1@example.com',
  'root\ufe0f1@example.com',
  'root1@xn--zz.com',
];
/** Letters of several scripts in one label. */
const mixedScripts = [
  'rооt1@example.com',
  'root1@exаmple.com',
  'root1@xn--exmple-4nf.com',
  'rοot1@example.com',
  'root1@еxample.com',
  'гoot1@example.com',
];

describe('email addresses', () => {
  test('every spelling of an address finds the same user at registration, sign-in, lookup, codes and admin search', async () => {
    const first = await signUp({ login: 'root1', email: 'root1@example.com' });
    for (const email of spellings) {
      expect([email, ...statusAndReason(await register({ email }))]).toEqual([email, 409, 'email_taken']);
      expect([email, (await logIn(email)).status, await exists(email)]).toEqual([email, 200, true]);
      const { body } = await call('POST', '/v1/auth/resolve', { body: { identity: email } });
      expect([email, body.next_step]).toEqual([email, 'password']);
    }
    expect((await call('POST', '/v1/auth/email/otp/send', { body: { email: '"ROOT1"@ｅxample.com' } })).status).toBe(204);
    const otp = await codeFor(app, 'root1@example.com');
    expect(
      (await call('POST', '/v1/auth/email/otp/verify', { body: { email: '"root1"@EXAMPLE.com', otp, reset_access: true } })).status,
    ).toBe(200);
    const admin = await signUp();
    await promote(admin);
    for (const q of ['"root1"@example.com', 'ROOT1@ｅxample', 'ｒｏｏｔ１']) {
      const found = await call('GET', `/v1/admin/users?q=${encodeURIComponent(q)}`, { token: admin.token });
      expect([q, found.body.map(({ id }: { id: string }) => id)]).toEqual([q, [first.id]]);
    }
  });

  test('malformed addresses, invisible characters and mixed scripts are rejected', async () => {
    for (const email of [...malformed, ...mixedScripts]) {
      const answer = await register({ email });
      expect([email, answer.status, paths(answer)]).toEqual([email, 400, ['/email']]);
    }
  });

  test('a look-alike of a taken address counts as taken, other scripts and plus addresses do not', async () => {
    await signUp({ email: 'coco@example.com' });
    expect(statusAndReason(await register({ email: 'сосо@example.com' }))).toEqual([409, 'email_taken']);
    for (const email of ['coco+list@example.com', 'мария@example.com', '田中@例え.jp', 'root1@bücher.example', '"co co"@example.com'])
      expect([email, (await register({ email })).status]).toEqual([email, 201]);
    expect(statusAndReason(await register({ email: 'root1@xn--bcher-kva.example' }))).toEqual([409, 'email_taken']);
    expect(statusAndReason(await register({ email: '"co\\ co"@example.com' }))).toEqual([409, 'email_taken']);
  });

  test('of parallel registrations with spellings of one address, exactly one succeeds', async () => {
    const all = ['twin@example.com', '"twin"@example.com', 'TWIN@example.com', 'twin@ｅxample.com', 'ｔwin@example.com'];
    const answers = await Promise.all(all.map((email) => register({ email })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  test('all spellings of an address share one invitation, which the owner of the address can accept', async () => {
    const [owner, guest] = [await signUp(), await signUp({ email: 'guest@example.com' })];
    await sql('update users set email_verified_at = now() where id = $1', [guest.id]);
    const { body: account } = await call('POST', '/v1/accounts', { token: owner.token, body: { slug: 'spelling', name: 'Spelling' } });
    const invite = (email: string) =>
      call('POST', `/v1/accounts/${account.id}/invitations`, { token: owner.token, body: { email, role: 'member' } });
    const invited = await invite('"GUEST"@ｅxample.com');
    expect(invited.status).toBe(201);
    for (const email of ['guest@example.com', 'guest@EXAMPLE.com'])
      expect(statusAndReason(await invite(email))).toEqual([409, 'already_invited']);
    expect((await invite('guеst@example.com')).status).toBe(400);
    const accepted = await call('POST', `/v1/account-invitations/${invited.body.token}/accept`, { token: guest.token });
    expect(accepted.status).toBe(200);
    expect(statusAndReason(await invite('"guest"@example.com'))).toEqual([409, 'already_member']);
  });

  test('an admin changes an address under the same rules, and a new spelling keeps it verified', async () => {
    const [admin, user] = [await signUp(), await signUp({ email: 'change@example.com' })];
    await promote(admin);
    await signUp({ email: 'held@example.com' });
    await sql('update users set email_verified_at = now() where id = $1', [user.id]);
    const change = (email: string | null) => call('PATCH', `/v1/admin/users/${user.id}`, { token: admin.token, body: { email } });
    expect(statusAndReason(await change('"held"@ｅxample.com'))).toEqual([409, 'email_taken']);
    expect((await change('chаnge@example.com')).status).toBe(400);
    expect((await change('"Change"@example.com')).body).toMatchObject({
      email: '"Change"@example.com',
      email_verified_at: expect.any(String),
    });
    expect((await logIn('change@example.com')).status).toBe(200);
    expect((await change('moved@example.com')).body).toMatchObject({ email: 'moved@example.com', email_verified_at: null });
    expect([(await logIn('change@example.com')).status, (await logIn('moved@example.com')).status]).toEqual([401, 200]);
    expect((await change(null)).body.email).toBe(null);
    expect((await register({ email: 'moved@example.com' })).status).toBe(201);
  });
});

describe('logins', () => {
  test('all spellings of a login belong to one user', async () => {
    await signUp({ login: 'Straße', email: 'street@example.com' });
    for (const login of ['STRAßE', 'ｓtraße', 'strasse', 'STRASSE'])
      expect([login, ...statusAndReason(await register({ login }))]).toEqual([login, 409, 'login_taken']);
    await signUp({ login: 'two words', email: 'words@example.com' });
    for (const login of ['two  words', 'TWO\u00a0WORDS'])
      expect([login, ...statusAndReason(await register({ login }))]).toEqual([login, 409, 'login_taken']);
  });

  test('a look-alike of a taken login is rejected', async () => {
    await signUp({ login: 'Bob' });
    await signUp({ login: 'scope' });
    for (const login of ['ѕсоре', 'ᏚᏟᎾᏢᎬ', 'ｓсоре', 'sc\u200dope', 'scope\u3164', 'sco\u034fpe', 'scоpe', 'scοpe', 'sc\u2800ope']) {
      expect([login, (await register({ login })).status]).toEqual([login, expect.toBeOneOf([400, 409])]);
    }
    expect(statusAndReason(await register({ login: 'ѕсоре' }))).toEqual([409, 'login_taken']);
    expect(statusAndReason(await register({ login: 'ВОВ' }))).toEqual([409, 'login_taken']);
    expect(statusAndReason(await register({ login: 'ѕуѕtеm_аgеnt' }))[0]).toBe(400);
    expect((await register({ login: 'scоpe' })).body.details.issues[0].path).toBe('/login');
  });

  test('one script, or the usual mixes of Chinese, Japanese and Korean, are accepted', async () => {
    for (const login of [
      'Мария',
      'Ελένη',
      'שרה',
      'مريم',
      'プリヤ2',
      'प्रिया',
      'Toyota トヨタ自動車',
      '김철수 Kim',
      '李Li',
      'été',
      '🚀 rocket',
      'burn',
      'bum',
      'user1',
      'userl',
    ])
      expect([login, (await register({ login })).status]).toEqual([login, 201]);
  });
});

test('display names may contain several scripts, but not within one word', async () => {
  const { token } = await signUp();
  const rename = (username: string) => call('PATCH', '/v1/me', { token, body: { username } });
  const open = (name: string) => call('POST', '/v1/accounts', { token, body: { slug: `name-${++userNumber}`, name } });
  for (const name of ['Анна (Anna)', 'Acme Россия', 'Toyota トヨタ', 'Σ Fraternity', 'Пример & Co.']) {
    expect([name, (await rename(name)).status, (await open(name)).status]).toEqual([name, 200, 201]);
  }
  for (const name of ['Аcme', 'PаyPal', 'Gοοgle', 'Acme ѕupport', 'A\u202emca']) {
    const [renamed, opened] = [await rename(name), await open(name)];
    expect([name, renamed.status, opened.status, paths(opened)]).toEqual([name, 400, 400, ['/name']]);
  }
  expect((await open('❤️ Team 👩‍💻')).status).toBe(201);
});

test('a user with a login and an address from before these rules still signs in', async () => {
  const old = await signUp();
  await sql(`update credentials set login = 'scоpe', login_key = 'scоpe', login_skeleton = null where user_id = $1`, [old.id]);
  await sql(`update users set email = 'оld@example.com', email_key = 'оld@example.com', email_skeleton = null where id = $1`, [old.id]);
  expect([(await logIn('SCоPE')).status, (await logIn('оld@example.com')).status]).toEqual([200, 200]);
  const other = await signUp();
  await joinAccount(other, old);
});

test('every statement compares logins and addresses by their canonical form', () => {
  const texts = declaredStatements().map(({ text }) => text.replaceAll('"', ''));
  const compares = /lower\(\s*[\w.]*(email|login)\s*\)|(where|and|or)\s+\(?[\w.]*\b(email|login)\s*=/;
  expect(texts.filter((text) => text.includes('email_key')).length).toBeGreaterThan(5);
  expect(texts.filter((text) => compares.test(text.replace(/\bu\.email = [cv]\.email\b/g, '')))).toEqual([]);
});
