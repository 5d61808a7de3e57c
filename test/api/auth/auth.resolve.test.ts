import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { deriveKeyring, keyringOf } from '../../../server/platform/crypto/keyring.ts';
import { seal } from '../../../server/platform/crypto/seal.ts';
import { issueFlowToken } from '../../../server/resources/auth/codes/flowTokens.ts';
import { maskEmail } from '../../../server/resources/auth/codes/resolve.ts';
import { startTestApp, testKeys } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { cookieOf, sessionCalls } from '../../support/http/sessions.ts';
import { codeFor, queuedMails } from '../../support/resources/mail.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' }, { worker: false });
const { call, sql, signUp } = app;
const { refresh, me } = sessionCalls(call);

let addressNumber = 0;
/** Headers with a new IP address, so that no test uses up the lookups of another. */
const fromNewAddress = () => ({ 'x-forwarded-for': `203.0.113.${++addressNumber}` });
const resolve = (identity: unknown, headers: Record<string, string> = fromNewAddress()) =>
  call('POST', '/v1/auth/resolve', { body: { identity }, headers });
const check = (login: unknown, headers: Record<string, string> = fromNewAddress()) =>
  call('POST', '/v1/auth/check', { body: { login }, headers });
const send = (flow_token: unknown) => call('POST', '/v1/auth/resolve/otp/send', { body: { flow_token } });
const verify = (flow_token: unknown, otp: string) =>
  call('POST', '/v1/auth/resolve/otp/verify', { body: { flow_token, otp, reset_access: true } });
const setFlag = (key: string, value: boolean) => sql('update feature_flags set default_value = $2 where key = $1', [key, value]);
const flowOf = async (identity: string) => (await resolve(identity)).body.flow_token as string;

await signUp({ login: 'alice', email: 'alice@test.com' });

test('a known login or address resolves to the password step, with a masked address', async () => {
  for (const [identity, prefill] of [
    ['alice', { login: 'alice' }],
    [' ALICE ', { login: 'ALICE' }],
    ['ａｌｉｃｅ', { login: 'ａｌｉｃｅ' }],
    ['alice@test.com', { email: 'alice@test.com' }],
    ['Alice@TEST.com', { email: 'Alice@TEST.com' }],
  ] as const) {
    const { status, body } = await resolve(identity);
    expect([identity, status, body]).toEqual([
      identity,
      200,
      {
        next_step: 'password',
        flow_token: expect.any(String),
        masked_email: 'a***e@test.com',
        otp_available: true,
        invite_required: false,
        prefill,
      },
    ]);
  }
});

test('an unknown identity resolves to registration and reveals nothing else', async () => {
  const expected = (prefill: object, invite_required = false) => ({
    next_step: 'register',
    otp_available: false,
    invite_required,
    prefill,
  });
  expect((await resolve(' nobody ')).body).toEqual(expected({ login: 'nobody' }));
  expect((await resolve('nobody@test.com')).body).toEqual(expected({ email: 'nobody@test.com' }));
  await setFlag('registration.open', false);
  expect((await resolve('nobody')).body).toEqual(expected({ login: 'nobody' }, true));
  expect((await resolve('alice')).body.invite_required).toBe(false);
  await setFlag('registration.open', true);
  await setFlag('registration.enabled', false);
  expect((await resolve('nobody')).body.invite_required).toBe(true);
  await setFlag('registration.enabled', true);
});

test('an identity that is neither a login nor an address is rejected', async () => {
  for (const bad of ['x@', '@x', 'a@b@c', 'a b@c.d', '', '  ', 'x'.repeat(257), 7, null, ['alice'], { $ne: '' }]) {
    expect([bad, (await resolve(bad)).status]).toEqual([bad, 400]);
    if (typeof bad !== 'string' || !bad.includes('@')) expect([bad, (await check(bad)).status]).toEqual([bad, 400]);
  }
});

test('a masked address of one or two letters shows only the first', () => {
  expect(['a@b.c', 'ab@b.c', 'abc@b.c', '🐢🐢🐢@b.c', '"a@b"@c.d', '界x界@b.c'].map(maskEmail)).toEqual([
    'a***@b.c',
    'a***@b.c',
    'a***c@b.c',
    '🐢***🐢@b.c',
    '"***"@c.d',
    '界***界@b.c',
  ]);
});

test('suspended users resolve as usual, deleted ones as unknown, and users without an address get no code', async () => {
  const [suspended, deleted, mute] = [await signUp(), await signUp(), await signUp()];
  await sql(`update users set status = 'suspended' where id = $1`, [suspended.id]);
  await sql(`update users set email = null, email_key = null where id = $1`, [mute.id]);
  const flow = await flowOf(deleted.login);
  await sql(`update users set status = 'deleted' where id = $1`, [deleted.id]);
  expect((await resolve(suspended.login)).body).toMatchObject({ next_step: 'password', otp_available: true });
  expect((await resolve(deleted.login)).body.next_step).toBe('register');
  const { body } = await resolve(mute.login);
  expect([body.otp_available, 'masked_email' in body]).toEqual([false, false]);
  expect(statusAndReason(await send(body.flow_token))).toEqual([409, 'otp_unavailable']);
  expect(statusAndReason(await verify(body.flow_token, '12345678'))).toEqual([401, 'otp_invalid']);
  expect(statusAndReason(await send(flow))).toEqual([401, 'flow_token_invalid']);
  expect(statusAndReason(await verify(flow, '12345678'))).toEqual([401, 'flow_token_invalid']);
  expect((await send(await flowOf(suspended.login))).status).toBe(204);
  expect((await queuedMails(app, suspended.email)).filter(({ kind }) => kind === 'otp')).toEqual([]);
  expect([(await check(suspended.login)).body, (await check(deleted.login)).body]).toEqual([{ exists: true }, { exists: false }]);
});

test('check returns whether a login exists, and is not audited', async () => {
  const entries = async () => (await sql('select count(*)::int as n from audit_logs'))[0].n;
  const before = await entries();
  for (const known of ['alice', 'ALICE', 'ａｌｉｃｅ', 'alice@test.com', 'ALICE@TEST.COM'])
    expect((await check(known)).body).toEqual({ exists: true });
  for (const unknown of ['bob', 'bob@test.com', 'x@', "' or 1=1 --"]) expect((await check(unknown)).body).toEqual({ exists: false });
  expect(await entries()).toBe(before);
});

test('the 31st lookup of a minute is rejected, per endpoint and IP address', async () => {
  const here = fromNewAddress();
  for (const lookup of [check, resolve]) {
    const answers = await Promise.all(Array.from({ length: 33 }, () => lookup('alice', here)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(30).fill(200), ...Array(3).fill(429)]);
    const refused = await lookup('alice', here);
    expect(statusAndReason(refused)).toEqual([429, 'lookup_rate_limited']);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect((await lookup('alice')).status).toBe(200);
  }
});

test('a lookup is audited with the hash of the identity only', async () => {
  await resolve('Somebody-Unheard-Of');
  const hash = createHash('sha256').update('somebody-unheard-of').digest('hex');
  const entries = await sql(
    `select account_id, actor_user_id, target_type, target_id from audit_logs where action = 'auth.resolve' order by id desc`,
  );
  expect(entries[0]).toEqual({ account_id: null, actor_user_id: null, target_type: 'user_login', target_id: hash });
  expect(JSON.stringify(await sql('select l::text from audit_logs l'))).not.toMatch(/somebody-unheard-of/i);
});

test('a flow token and its code sign in once', async () => {
  const { id, login, email } = await signUp();
  const flow = await flowOf(login);
  expect((await send(flow)).status).toBe(204);
  const code = await codeFor(app, email);
  const entered = await verify(flow, code);
  expect(entered.status).toBe(200);
  expect((await me(entered.body.access_token)).body).toMatchObject({ id, email_verified: true });
  expect((await refresh(cookieOf(entered))).status).toBe(200);
  expect(statusAndReason(await verify(flow, code))).toEqual([401, 'otp_invalid']);
});

test('a flow rejects the code of another user, and shares the limits of its address', async () => {
  const [a, b] = [await signUp(), await signUp()];
  const [flowA, flowB] = [await flowOf(a.login), await flowOf(b.email)];
  await Promise.all([send(flowA), send(flowB)]);
  const [ofA, ofB] = [await codeFor(app, a.email), await codeFor(app, b.email)];
  if (ofA !== ofB) expect(statusAndReason(await verify(flowA, ofB))).toEqual([401, 'otp_invalid']);
  expect((await verify(flowB, ofB)).status).toBe(200);
  for (let at = 0; at < 4; at++) expect((await call('POST', '/v1/auth/email/otp/send', { body: { email: a.email } })).status).toBe(204);
  expect(statusAndReason(await send(flowA))).toEqual([429, 'otp_rate_limited']);
  for (let at = 0; at < 7; at++) await call('POST', '/v1/auth/email/otp/verify', { body: { email: a.email, otp: 'wrong' } });
  expect(statusAndReason(await verify(flowA, await codeFor(app, a.email)))).toEqual([429, 'otp_locked']);
});

test('a flow token is opaque, of fixed length, and no access token', async () => {
  const { id, login, token, email } = await signUp();
  const flows = [await flowOf(login), await flowOf(email), await flowOf(login), await flowOf('alice')];
  expect(new Set(flows).size).toBe(4);
  for (const flow of flows) {
    expect(flow).toMatch(/^[\w-]{71}$/);
    const bytes = Buffer.from(flow, 'base64url');
    for (const form of [bytes.toString('hex'), bytes.toString('latin1'), flow])
      expect([form.includes(id), form.includes(id.replaceAll('-', '')), form.includes(login)]).toEqual([false, false, false]);
  }
  expect(statusAndReason(await me(flows[0]!))).toEqual([401, 'invalid_token']);
  const flow = flows[0]!;
  const last = Buffer.from(flow, 'base64url');
  last[last.length - 1]! ^= 1;
  const sealedAt = (at: number, keys = testKeys, user = id) => issueFlowToken(keys, user, at);
  const another = { ...testKeys, jwtSecrets: keyringOf([Buffer.alloc(48, 5)]) };
  const sealedElsewhere = seal(deriveKeyring(testKeys.jwtSecrets, 'auth flow'), Buffer.alloc(24, 255), 'cursors').toString('base64url');
  const bad: unknown[] = [
    ...[token, '', 'x', '...', `${flow}x`, `${flow}=`, flow.slice(0, -4), 'x'.repeat(20_000), last.toString('base64url'), sealedElsewhere],
    ...[
      sealedAt(Date.now() - 600_001),
      sealedAt(Date.now(), another),
      sealedAt(Date.now(), testKeys, '01890000-0000-7000-8000-000000000000'),
    ],
  ];
  for (const each of bad) {
    expect([each, ...statusAndReason(await send(each))]).toEqual([each, 401, 'flow_token_invalid']);
    expect([each, ...statusAndReason(await verify(each, '12345678'))]).toEqual([each, 401, 'flow_token_invalid']);
  }
  expect((await send(sealedAt(Date.now() - 595_000))).status).toBe(204);
  for (const each of [7, null, ['x'], {}]) expect([each, (await send(each)).status]).toEqual([each, 400]);
});
