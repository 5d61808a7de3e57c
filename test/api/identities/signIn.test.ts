import { expect, test } from 'vitest';
import { startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { cookieOf, sessionCalls } from '../../support/http/sessions.ts';
import { identityCalls, newAccount } from '../../support/identity/calls.ts';
import { startOidcProvider, visitProvider } from '../../support/identity/oidcProvider.ts';
import { codeFor, verificationTokenFor } from '../../support/resources/mail.ts';
import { appCode, enrol } from '../../support/resources/secondFactor.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, signUpAdmin } = app;
const { addProvider, changeProvider, start, complete, signIn, mine, unlink } = identityCalls(app);
const { refresh, me, logIn } = sessionCalls(call);
const admin = await signUpAdmin();
const idp = await startOidcProvider();
const id = await addProvider(admin, idp.issuer, { registers_users: true });
const setFlag = (key: string, default_value: boolean) =>
  call('PATCH', `/v1/feature-flags/${key}`, { token: admin.token, body: { default_value } });
await setFlag('registration.open', true);
const signInAs = (account = newAccount(), body = {}) => {
  idp.current.account = account;
  return signIn(id, visitProvider, body);
};

test('a person is registered at the first sign-in and recognized at the next, in a session like any other', async () => {
  expect((await call('GET', '/v1/auth/identity-providers')).body).toEqual([{ id, name: 'Company' }]);
  const account = newAccount({ locale: 'de-CH' });
  const first = await signInAs(account, { return_to: '/t/1?x=2' });
  expect(first.status).toBe(200);
  expect(first.body).toEqual({
    access_token: expect.any(String),
    token_type: 'bearer',
    expires_in: expect.any(Number),
    return_to: '/t/1?x=2',
  });
  expect(cookieOf(first)).toMatch(/^arkloop_refresh_token=/);
  const profile = (await me(first.body.access_token)).body;
  expect(profile).toMatchObject({ username: account.preferred_username, email: account.email, email_verified: true });
  expect((await refresh(cookieOf(first))).status).toBe(200);
  const { body: sessions } = await call('GET', '/v1/me/sessions', { token: first.body.access_token });
  expect(sessions).toMatchObject([{ method: 'oidc', is_current: true }]);

  const second = await signInAs(account);
  expect((await me(second.body.access_token)).body.id).toBe(profile.id);
  const { body: identities } = await mine(second.body.access_token);
  expect(identities).toEqual([
    {
      id: expect.any(String),
      issuer: idp.issuer,
      provider_name: 'Company',
      usable: true,
      email: account.email,
      created_at: expect.any(String),
      last_used_at: expect.any(String),
    },
  ]);
  const entries = await sql('select action, metadata from audit_logs where actor_user_id = $1 order by id', [profile.id]);
  // Ids of one millisecond have no order.
  expect(entries.map(({ action, metadata }) => `${action} ${metadata.method} ${metadata.identity_provider_id}`).sort()).toEqual(
    [`user.login oidc ${id}`, `user.login oidc ${id}`, 'user.refresh undefined undefined', `user.register undefined ${id}`].sort(),
  );
  // Neither secrets nor the subject are stored where they could be read.
  const [flow] = await sql('select count(*)::int as count from identity_flows');
  expect(flow.count).toBe(0);
  const [provider] = await sql('select *, client_secret_sealed::text as sealed from identity_providers where id = $1', [id]);
  expect(JSON.stringify(provider)).not.toContain('long enough');
});

test('the address at the provider decides nothing for a linked identity, not even that of an administrator', async () => {
  const account = newAccount();
  const { body } = await signInAs(account);
  const { id: userId } = (await me(body.access_token)).body;
  const changed = await signInAs({ ...account, email: admin.email });
  expect((await me(changed.body.access_token)).body).toMatchObject({ id: userId, email: account.email, role: 'admin' });
  // And for an identity that nobody has linked, it only asks for consent.
  const other = await signInAs(newAccount({ email: admin.email.toUpperCase() }));
  expect(statusAndReason(other)).toEqual([401, 'identity_link_required']);
  expect(other.headers.get('set-cookie')).toBeNull();
  const unverified = await signInAs(newAccount({ email: admin.email, email_verified: false }));
  expect(statusAndReason(unverified)).toEqual([403, 'identity_email_unverified']);
  expect((await mine(admin.token)).body).toEqual([]);
});

test('an existing user links after signing in with a password or a code, and only that user, once', async () => {
  const person = await signUp();
  const account = newAccount({ email: person.email });
  const refused = await signInAs(account);
  expect([refused.status, refused.body.details]).toEqual([
    401,
    { reason: 'identity_link_required', link_token: expect.any(String), expires_in: 600, masked_email: expect.stringContaining('***') },
  ]);
  const { link_token } = refused.body.details;
  // The session is older than the sign-in at the provider.
  expect(statusAndReason(await mine((await signUp()).token, '/confirm', { link_token }))).toEqual([400, 'link_token_invalid']);
  expect(statusAndReason(await mine(person.token, '/confirm', { link_token }))).toEqual([400, 'link_token_invalid']);
  // That used it up.
  expect(statusAndReason(await mine((await logIn(person)).token, '/confirm', { link_token }))).toEqual([400, 'link_token_invalid']);

  const again = (await signInAs(account)).body.details.link_token;
  await call('POST', '/v1/auth/email/otp/send', { body: { email: person.email } });
  const otp = await codeFor(app, person.email);
  const { access_token: token } = (
    await call('POST', '/v1/auth/email/otp/verify', { body: { email: person.email, otp, reset_access: true } })
  ).body;
  const linked = await mine(token, '/confirm', { link_token: again });
  expect([linked.status, linked.body.email]).toEqual([201, person.email]);
  expect(statusAndReason(await mine(token, '/confirm', { link_token: again }))).toEqual([400, 'link_token_invalid']);
  expect((await me((await signInAs(account)).body.access_token)).body.id).toBe(person.id);
});

test('a user links in the settings with the password, and an identity belongs to one user', async () => {
  const person = await signUp();
  const provider = { identity_provider_id: id };
  expect(statusAndReason(await mine(person.token, '/start', provider))).toEqual([401, 'invalid_credentials']);
  expect(statusAndReason(await mine(person.token, '/start', { ...provider, current_password: 'wrong' }))).toEqual([
    401,
    'invalid_credentials',
  ]);
  const account = newAccount();
  idp.current.account = account;
  const begin = async (by = person) => {
    const { body } = await mine(by.token, '/start', { ...provider, current_password: by.password });
    return visitProvider(body.authorization_url);
  };
  const answer = await begin();
  const elsewhere = await logIn(person);
  // Another session of the same user, another user, and the public operation.
  expect(statusAndReason(await mine(elsewhere.token, '/complete', answer))).toEqual([400, 'invalid_state']);
  expect(statusAndReason(await mine(admin.token, '/complete', answer))).toEqual([400, 'invalid_state']);
  expect(statusAndReason(await complete(id, answer, (await start(id)).cookie))).toEqual([400, 'invalid_state']);
  const linked = await mine(person.token, '/complete', answer);
  expect([linked.status, linked.body.email, linked.body.last_used_at]).toEqual([201, account.email, null]);
  expect(statusAndReason(await mine(person.token, '/complete', answer))).toEqual([400, 'invalid_state']);
  const other = await signUp();
  expect(statusAndReason(await mine(other.token, '/complete', await begin(other)))).toEqual([409, 'identity_taken']);
  expect(statusAndReason(await unlink(other.token, linked.body.id))[0]).toBe(404);
  expect((await me((await signInAs(account)).body.access_token)).body.id).toBe(person.id);

  expect((await unlink(person.token, linked.body.id)).status).toBe(204);
  expect((await unlink(person.token, linked.body.id)).status).toBe(404);
  expect((await mine(person.token)).body).toEqual([]);
  const actions = await sql(`select action from audit_logs where actor_user_id = $1 and action like 'identity.%' order by id`, [person.id]);
  expect(actions.map(({ action }) => action)).toEqual(expect.arrayContaining(['identity.link_start', 'identity.link', 'identity.unlink']));
  const { data } = (await call('GET', '/v1/notifications', { token: person.token })).body;
  expect(data.map(({ type }: { type: string }) => type)).toEqual(
    expect.arrayContaining(['user.identity_linked', 'user.identity_unlinked']),
  );
});

test('the last way to sign in cannot be unlinked', async () => {
  const { body } = await signInAs();
  const { access_token: token } = body;
  const [identity] = (await mine(token)).body;
  const user = (await me(token)).body.id;
  // A code can be mailed in development; not without an address.
  await sql('update users set email = null, email_key = null, email_skeleton = null where id = $1', [user]);
  expect(statusAndReason(await unlink(token, identity.id))).toEqual([409, 'last_sign_in_method']);
  // A session of an identity provider can set a password, which is another way.
  const set = await call('POST', '/v1/me/password', { token, body: { new_password: 'correct horse 1' } });
  expect(set.status).toBe(204);
  expect((await unlink(token, identity.id)).status).toBe(204);
});

test('a second factor is asked for as after a password', async () => {
  const account = newAccount();
  const { body } = await signInAs(account);
  const { id: userId, username } = (await me(body.access_token)).body;
  const password = 'correct horse 1';
  await call('POST', '/v1/me/password', { token: body.access_token, body: { new_password: password } });
  const { secret } = await enrol(app, { id: userId, login: username, password, token: body.access_token } as never);
  const asked = await signInAs(account);
  expect(statusAndReason(asked)).toEqual([401, 'second_factor_required']);
  await sql('update second_factors set last_step = 0 where user_id = $1', [userId]);
  const { challenge_token } = asked.body.details;
  const answer = await call('POST', '/v1/auth/second-factor/verify', { body: { challenge_token, code: await appCode(secret) } });
  expect(answer.status).toBe(200);
  const [{ method }] = await sql('select method from sessions where user_id = $1 order by created_at desc, id desc limit 1', [userId]);
  expect(method).toBe('oidc');
});

test('a suspended user is refused, and a deleted one is forgotten', async () => {
  const account = newAccount();
  const { id: userId } = (await me((await signInAs(account)).body.access_token)).body;
  const patch = (status: string) => call('PATCH', `/v1/admin/users/${userId}`, { token: admin.token, body: { status } });
  expect((await patch('suspended')).status).toBe(200);
  expect(statusAndReason(await signInAs(account))).toEqual([403, 'user_suspended']);
  expect((await patch('active')).status).toBe(200);
  expect((await call('DELETE', `/v1/admin/users/${userId}`, { token: admin.token })).status).toBe(204);
  expect(await sql('select * from user_identities where user_id = $1', [userId])).toEqual([]);
  const { id: next } = (await me((await signInAs(account)).body.access_token)).body;
  expect(next).not.toBe(userId);
});

test('registration follows the mode of the platform and the provider', async () => {
  try {
    await setFlag('registration.open', false);
    expect(statusAndReason(await signInAs())).toEqual([400, 'invite_code_required']);
    expect(statusAndReason(await signInAs(newAccount(), { invite_code: 'NO-SUCH' }))).toEqual([400, 'invite_code_invalid']);
    const { code } = (await call('GET', '/v1/me/invite-code', { token: admin.token })).body;
    expect((await signInAs(newAccount(), { invite_code: code.toLowerCase() })).status).toBe(200);
    await setFlag('registration.enabled', false);
    expect(statusAndReason(await signInAs(newAccount(), { invite_code: code }))).toEqual([403, 'registration_disabled']);
  } finally {
    await setFlag('registration.enabled', true);
    await setFlag('registration.open', true);
  }
  await changeProvider(admin, id, { registers_users: false });
  expect(statusAndReason(await signInAs())).toEqual([403, 'identity_not_linked']);
  await changeProvider(admin, id, { registers_users: true });
  expect(statusAndReason(await signInAs(newAccount({ email_verified: false })))).toEqual([403, 'identity_email_unverified']);
});

test('a name that is taken gets digits, and one that cannot be a login is replaced', async () => {
  const taken = await signUp();
  for (const [name, pattern] of [
    [taken.login, new RegExp(`^${taken.login}-\\d+$`)],
    ['раypal', /^p[0-9a-f]{8}$/],
    ['', /^p[0-9a-f]{8}$/],
  ] as const) {
    const { body } = await signInAs(newAccount({ preferred_username: name }));
    expect((await me(body.access_token)).body.username).toMatch(pattern);
  }
});

test('only verified addresses of the allowed domains sign in, whatever their case, and subdomains do not', async () => {
  const local = () => `u${Math.random().toString(36).slice(2)}`;
  await changeProvider(admin, id, { allowed_email_domains: ['Example.TEST.', 'BÜCHER.example'] });
  const { body } = await call('GET', `/v1/admin/identity-providers/${id}`, { token: admin.token });
  expect(body.allowed_email_domains).toEqual(['example.test', 'xn--bcher-kva.example']);
  const outcome = async (email: string, more = {}) => (await signInAs(newAccount({ email, ...more }))).status;
  for (const domain of ['example.test', 'EXAMPLE.test', 'ｅxample.test', 'bücher.example', 'xn--bcher-kva.example'])
    expect([domain, await outcome(`${local()}@${domain}`)]).toEqual([domain, 200]);
  for (const domain of [
    'a.example.test',
    'example.test.evil.test',
    'evilexample.test',
    'ехample.test',
    'bucher.example',
    'example.test@evil.test',
  ])
    expect([domain, statusAndReason(await signInAs(newAccount({ email: `${local()}@${domain}` })))]).toEqual([
      domain,
      [403, 'email_domain_not_allowed'],
    ]);
  expect(await outcome(`${local()}@example.test`, { email_verified: false })).toBe(403);
  // A linked identity that moved to another domain.
  const account = newAccount({ email: `${local()}@example.test` });
  expect((await signInAs(account)).status).toBe(200);
  expect(statusAndReason(await signInAs({ ...account, email: `${local()}@elsewhere.test` }))).toEqual([403, 'email_domain_not_allowed']);
  await changeProvider(admin, id, { allowed_email_domains: [] });
});

test('the first mailed code of an address that the provider does not own ends its identities', async () => {
  const account = newAccount();
  const { body } = await signInAs(account);
  const { id: userId } = (await me(body.access_token)).body;
  await call('POST', '/v1/auth/email/otp/send', { body: { email: account.email } });
  const otp = await codeFor(app, account.email!);
  const proved = await call('POST', '/v1/auth/email/otp/verify', { body: { email: account.email, otp, reset_access: true } });
  expect((await me(proved.body.access_token)).body.id).toBe(userId);
  expect((await me(body.access_token)).status).toBe(401);
  expect((await mine(proved.body.access_token)).body).toEqual([]);
  expect(statusAndReason(await signInAs(account))).toEqual([401, 'identity_link_required']);
});

test('a user who proves a new address in the session of a provider keeps the identities', async () => {
  const account = newAccount();
  const { body } = await signInAs(account);
  const token = body.access_token as string;
  const { id: userId } = (await me(token)).body;
  const email = newAccount().email;
  expect((await call('PATCH', `/v1/admin/users/${userId}`, { token: admin.token, body: { email } })).status).toBe(200);
  expect((await call('POST', '/v1/auth/email/verify/send', { token })).status).toBe(204);
  const link = { token: await verificationTokenFor(app, email!) };
  expect((await call('POST', '/v1/auth/email/verify/confirm', { token, body: link })).status).toBe(200);
  expect((await mine(token)).body).toHaveLength(1);
  expect((await signInAs(account)).status).toBe(200);
});

test('an unverified address keeps an identity out as it does a password, if verification is required', async () => {
  const person = await signUp();
  const account = newAccount();
  idp.current.account = account;
  const { body } = await mine(person.token, '/start', { identity_provider_id: id, current_password: person.password });
  expect((await mine(person.token, '/complete', await visitProvider(body.authorization_url))).status).toBe(201);
  expect((await signInAs(account)).status).toBe(200);
  await setFlag('auth.require_email_verification', true);
  try {
    expect(statusAndReason(await signInAs(account))).toEqual([403, 'email_not_verified']);
  } finally {
    await setFlag('auth.require_email_verification', false);
  }
});

test('a session of a provider is no second factor', async () => {
  const account = newAccount();
  const { body } = await signInAs(account);
  const token = body.access_token as string;
  const from = { second_factor_required_from: new Date().toISOString() };
  const { account_id: home } = (await me(token)).body;
  expect((await call('PATCH', `/v1/accounts/${home}`, { token, body: from })).status).toBe(200);
  expect(statusAndReason(await call('GET', '/v1/threads', { token }))).toEqual([403, 'second_factor_missing']);
  // But it replaces the password for setting one up.
  expect((await call('POST', '/v1/me/second-factor/setup', { token, body: {} })).status).toBe(200);
  expect(statusAndReason(await call('GET', '/v1/threads', { token: (await signInAs(account)).body.access_token }))).toEqual([
    403,
    'second_factor_missing',
  ]);
});

test('with `verify`, a provider is saved only if its metadata can be used', async () => {
  const create = async (issuer: string, more: object = {}) => {
    const body = { name: 'Verified', client_id: 'c', issuer, verify: true, ...more };
    return call('POST', '/v1/admin/identity-providers', { token: admin.token, body });
  };
  const gone = `${idp.issuer}/gone`;
  const failed = await create(gone);
  expect(statusAndReason(failed)).toEqual([400, 'discovery_failed']);
  expect(failed.body.details.issues).toMatchObject([{ path: '/issuer', reason: 'discovery_failed' }]);
  const other = await create(idp.issuer.replace('127.0.0.1', 'localhost'));
  expect(other.body.details.issues[0].message).toContain(idp.issuer);
  expect(await sql(`select * from identity_providers where name = 'Verified'`)).toEqual([]);

  // A disabled provider is not asked, nor is one whose issuer and network stay.
  const { body: off } = await create(gone, { enabled: false });
  expect((await changeProvider(admin, off.id, { name: 'Renamed', verify: true })).status).toBe(200);
  expect(statusAndReason(await changeProvider(admin, off.id, { enabled: true, verify: true }))).toEqual([400, 'discovery_failed']);
  expect((await changeProvider(admin, off.id, { enabled: true })).status).toBe(200);
  expect(
    statusAndReason(await changeProvider(admin, id, { issuer: gone.replace('gone', 'off'), client_secret: 'x', verify: true })),
  ).toEqual([400, 'discovery_failed']);
  expect((await call('GET', `/v1/admin/identity-providers/${id}`, { token: admin.token })).body.issuer).toBe(idp.issuer);
});
