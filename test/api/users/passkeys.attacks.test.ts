import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Answer, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { createAuthenticator, type Wrongs } from '../../support/passkeys/authenticator.ts';
import { passkeyCalls } from '../../support/passkeys/passkeyCalls.ts';

const app = await startTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' }, { worker: false });
const { call, sql, signUp, signUpAdmin } = app;
const { logIn } = sessionCalls(call);
const { post, creationOptions, register, requestOptions, verify, signIn, confirm, list } = passkeyCalls(app);

const invalid = [401, 'passkey_invalid'];
const challengeInvalid = [401, 'challenge_invalid'];
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const wrongs: Record<string, Wrongs> = {
  'another origin': { origin: 'https://evil.example' },
  'an origin that begins like the right one': { origin: 'http://localhost.evil.example:19000' },
  'another relying party': { rpId: 'evil.example' },
  'no verification of the user': { userVerified: false },
  'no presence of the user': { userPresent: false },
};

test.each(Object.entries(wrongs))('a passkey with %s is neither registered nor accepted', async (_, wrong) => {
  const person = await signUp();
  const { authenticator } = await register(person);
  expect(statusAndReason(await signIn(authenticator, wrong))).toEqual(invalid);
  expect(statusAndReason(await confirm(person.token, authenticator, wrong))).toEqual(invalid);
  const credential = createAuthenticator().create(await creationOptions(person), wrong);
  expect(statusAndReason(await post('/v1/me/passkeys', { name: 'x', credential }, person.token))).toEqual(invalid);
  expect(await list(person.token)).toHaveLength(1);
  expect((await signIn(authenticator)).status).toBe(200);
});

test('a response of the other kind, of another key or of another user is rejected', async () => {
  const [mine, other] = [await signUp(), await signUp()];
  const { authenticator } = await register(mine);
  const { authenticator: foreign } = await register(other);
  const handle = (await creationOptions(other)).user.id;
  for (const wrong of [{ type: 'webauthn.create' }, { signWith: stranger }, { userHandle: handle }] satisfies Wrongs[])
    expect(statusAndReason(await signIn(authenticator, wrong))).toEqual(invalid);
  expect(statusAndReason(await confirm(mine.token, foreign))).toEqual(invalid);
  // The id of another credential with an own signature.
  const stolen = { ...authenticator.get(await requestOptions()), id: foreign.credentialId, rawId: foreign.credentialId };
  expect(statusAndReason(await verify(stolen))).toEqual(invalid);
  expect(statusAndReason(await signIn(createAuthenticator(), { userHandle: null }))).toEqual(invalid);
});

test('a challenge works once, also for parallel requests, and not after a failed one', async () => {
  const person = await signUp();
  const { authenticator } = await register(person);
  const options = await requestOptions();
  expect((await verify(authenticator.get(options))).status).toBe(200);
  expect(statusAndReason(await verify(authenticator.get(options)))).toEqual(challengeInvalid);

  const again = await requestOptions();
  expect(statusAndReason(await verify(authenticator.get(again, { signWith: stranger })))).toEqual(invalid);
  expect(statusAndReason(await verify(authenticator.get(again)))).toEqual(challengeInvalid);

  const raced = await requestOptions();
  const answers = await Promise.all(Array.from({ length: 6 }, () => verify(authenticator.get(raced))));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401, 401]);

  const creation = await creationOptions(person);
  const parallel = await Promise.all(
    Array.from({ length: 4 }, () =>
      post('/v1/me/passkeys', { name: 'x', credential: createAuthenticator().create(creation) }, person.token),
    ),
  );
  expect(parallel.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401]);
});

test('a challenge is bound to its purpose, user and session, and expires', async () => {
  const [mine, other] = [await signUp(), await signUp()];
  const { authenticator } = await register(mine);
  const { authenticator: foreign } = await register(other);
  const registering = (options: object, token: string) =>
    post('/v1/me/passkeys', { name: 'x', credential: createAuthenticator().create(options as never) }, token);
  const second = await logIn(mine);

  const creation = await creationOptions(mine);
  for (const token of [other.token, second.token]) expect(statusAndReason(await registering(creation, token))).toEqual(challengeInvalid);
  // A foreign session does not use it up.
  expect((await registering(creation, mine.token)).status).toBe(201);

  const confirmation = async () => (await post('/v1/me/confirmation/options', undefined, mine.token)).body.public_key;
  const confirming = (options: object, by: typeof authenticator, token: string) =>
    post('/v1/me/confirmation', { credential: by.get(options as never) }, token);
  expect(statusAndReason(await verify(authenticator.get(await confirmation())))).toEqual(challengeInvalid);
  expect(statusAndReason(await confirming(await confirmation(), foreign, other.token))).toEqual(challengeInvalid);
  expect(statusAndReason(await confirming(await confirmation(), authenticator, second.token))).toEqual(challengeInvalid);
  expect(statusAndReason(await confirming(await requestOptions(), authenticator, mine.token))).toEqual(challengeInvalid);

  const late = await requestOptions();
  await sql(`update passkey_challenges set expires_at = now() where purpose = 'sign_in'`);
  expect(statusAndReason(await verify(authenticator.get(late)))).toEqual(challengeInvalid);
  for (const challenge of ['', 'made-up', 'a'.repeat(150)])
    expect(statusAndReason(await verify(authenticator.get(late, { challenge })))).toEqual(challengeInvalid);
});

test('a counter that does not grow is rejected, unless the authenticator does not count', async () => {
  const person = await signUp();
  const { authenticator } = await register(person);
  expect((await signIn(authenticator, { counter: 10 })).status).toBe(200);
  for (const counter of [10, 9, 1, 0]) expect(statusAndReason(await signIn(authenticator, { counter }))).toEqual(invalid);
  expect((await signIn(authenticator, { counter: 11 })).status).toBe(200);
  const options = [await requestOptions(), await requestOptions()];
  const raced = await Promise.all(options.map((each) => verify(authenticator.get(each, { counter: 12 }))));
  expect(raced.map(({ status }) => status).sort()).toEqual([200, 401]);

  const { authenticator: still } = await register(person, { authenticator: createAuthenticator({ counts: false }) });
  for (let use = 0; use < 2; use++) expect((await signIn(still)).status).toBe(200);
});

test('a credential is registered once, by one user, even at the same time', async () => {
  const [mine, other] = [await signUp(), await signUp()];
  const { authenticator } = await register(mine);
  const copy = async (person: typeof mine) =>
    post('/v1/me/passkeys', { name: 'copy', credential: authenticator.create(await creationOptions(person)) }, person.token);
  expect(statusAndReason(await copy(mine))).toEqual([409, 'passkey_exists']);
  expect(statusAndReason(await copy(other))).toEqual([409, 'passkey_exists']);
  const twin = createAuthenticator();
  const options = [await creationOptions(mine), await creationOptions(other)] as const;
  const raced = await Promise.all([
    post('/v1/me/passkeys', { name: 'a', credential: twin.create(options[0]) }, mine.token),
    post('/v1/me/passkeys', { name: 'b', credential: twin.create(options[1]) }, other.token),
  ]);
  expect(raced.map(statusAndReason).sort()).toEqual([
    [201, undefined],
    [409, 'passkey_exists'],
  ]);
});

test('passkeys of others look absent, and API keys cannot use them', async () => {
  const [mine, other] = [await signUp(), await signUp()];
  const { passkey } = await register(mine);
  const path = `/v1/me/passkeys/${passkey.id}`;
  expect((await call('PATCH', path, { token: other.token, body: { name: 'x' } })).status).toBe(404);
  expect((await call('DELETE', path, { token: other.token })).status).toBe(404);
  const { key } = (await post('/v1/api-keys', { name: 'key' }, mine.token)).body;
  for (const answer of [
    await call('GET', '/v1/me/passkeys', { token: key }),
    await post('/v1/me/passkeys/options', {}, key),
    await post('/v1/me/confirmation/options', undefined, key),
    await call('DELETE', path, { token: key }),
  ])
    expect(statusAndReason(answer)).toEqual([403, 'api_key_not_allowed']);
});

test('suspended and deleted users do not sign in, and an ended session registers nothing', async () => {
  const [admin, person] = [await signUpAdmin(), await signUp()];
  const { authenticator } = await register(person);
  const options = await requestOptions();
  const set = (status: string) => call('PATCH', `/v1/admin/users/${person.id}`, { token: admin.token, body: { status } });
  expect((await set('suspended')).status).toBe(200);
  expect(statusAndReason(await verify(authenticator.get(options)))).toEqual([403, 'user_suspended']);
  expect((await set('active')).status).toBe(200);
  const back = await signIn(authenticator);
  expect(back.status).toBe(200);

  const creation = await creationOptions({ ...person, token: back.body.access_token });
  await post('/v1/auth/logout', {}, back.body.access_token);
  const credential = createAuthenticator().create(creation);
  expect(statusAndReason(await post('/v1/me/passkeys', { name: 'x', credential }, back.body.access_token))).toEqual([
    401,
    'session_revoked',
  ]);
  const later = await requestOptions();
  expect((await call('DELETE', `/v1/admin/users/${person.id}`, { token: admin.token })).status).toBe(204);
  expect(statusAndReason(await verify(authenticator.get(later)))).toEqual(invalid);
  expect(await sql('select 1 from passkeys where user_id = $1', [person.id])).toEqual([]);
});

test('malformed credentials are 4xx, whatever is in them', async () => {
  const person = await signUp();
  const { authenticator } = await register(person);
  const bytes = (text: string) => Buffer.from(text).toString('base64url');
  const tryAll = async (send: () => Promise<Answer>) => expect((await send()).status).toBeOneOf([400, 401, 413, 422]);
  for (const part of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle'])
    for (const value of ['', 'not base64url!', bytes('null'), bytes('{}'), 'AA', 'A'.repeat(8_192), null, 7]) {
      const credential = authenticator.get(await requestOptions());
      if (part === 'userHandle' && value === null) continue;
      await tryAll(() => verify({ ...credential, response: { ...credential.response, [part]: value } }));
    }
  for (const value of ['', '!', bytes('{}'), 'oA', 'v_____8', 'A'.repeat(32_768)]) {
    const credential = createAuthenticator().create(await creationOptions(person));
    const response = { ...credential.response, attestationObject: value };
    await tryAll(() => post('/v1/me/passkeys', { name: 'x', credential: { ...credential, response } }, person.token));
  }
  const long = createAuthenticator({ id: Buffer.alloc(1_024, 1) });
  const tooLong = long.create(await creationOptions(person));
  await tryAll(() => post('/v1/me/passkeys', { name: 'x', credential: tooLong }, person.token));
  expect(await list(person.token)).toHaveLength(1);
});

test('an unverified address keeps a passkey out as it does a password, if verification is required', async () => {
  const person = await signUp();
  const { authenticator } = await register(person);
  await sql('update users set email_verified_at = null where id = $1', [person.id]);
  expect((await signIn(authenticator)).status).toBe(200);
  await sql(`update feature_flags set default_value = true where key = 'auth.require_email_verification'`);
  try {
    expect(statusAndReason(await signIn(authenticator))).toEqual([403, 'email_not_verified']);
  } finally {
    await sql(`update feature_flags set default_value = false where key = 'auth.require_email_verification'`);
  }
});

test('sign-ins with rejected passkeys are limited by address', async () => {
  const headers = { 'x-forwarded-for': '2001:db8:77::1' };
  const fake = createAuthenticator();
  const attempt = () => verify(fake.get({ challenge: 'x', rpId: 'localhost' }), headers);
  expect(statusAndReason(await attempt())).toEqual(challengeInvalid);
  expect(await sql(`update attempt_counts set count = 99 where bucket like 'passkey:2001:db8:77%' returning 1`)).toHaveLength(1);
  const answers = [statusAndReason(await attempt()), statusAndReason(await attempt())];
  expect(answers).toEqual([challengeInvalid, [429, 'login_rate_limited']]);
});
