import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { identityCalls } from '../../support/identity/calls.ts';
import { signToken, startForgedProvider } from '../../support/identity/forgedProvider.ts';
import { startOidcProvider, visitProvider } from '../../support/identity/oidcProvider.ts';

const app = await startTestApp({ ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS: 'https://chat.example.test' }, { worker: false });
const { call, sql, signUpAdmin } = app;
const { addProvider, changeProvider, start, complete, signIn } = identityCalls(app);
const admin = await signUpAdmin();
const forged = await startForgedProvider();
const { behavior, grant, reset } = forged;
const id = await addProvider(admin, forged.issuer, { registers_users: true });
await call('PATCH', '/v1/feature-flags/registration.open', { token: admin.token, body: { default_value: true } });

const verified = () => {
  behavior.claims = (claims) => ({ ...claims, sub: randomUUID(), email: `${randomUUID()}@example.test`, email_verified: true });
};
const attempt = async () => statusAndReason(await signIn(id, grant));

test('a good answer signs in, so that the refusals below are due to their attacks', async () => {
  reset();
  verified();
  expect((await signIn(id, grant)).status).toBe(200);
});

test('state and code work once, and only in the browser that started the sign-in', async () => {
  reset();
  verified();
  const mine = await start(id);
  const params = grant(mine.address);
  const theirs = await start(id);
  expect(theirs.cookie).not.toBe(mine.cookie);
  for (const cookie of [undefined, theirs.cookie, '', `${mine.cookie}; ${theirs.cookie}`])
    expect([cookie, ...statusAndReason(await complete(id, params, cookie))]).toEqual([cookie, 400, 'invalid_state']);
  for (const state of ['x', params.state.toUpperCase(), `${params.state} `])
    expect(statusAndReason(await complete(id, { ...params, state }, mine.cookie))).toEqual([400, 'invalid_state']);
  expect((await complete(id, params, mine.cookie)).status).toBe(200);
  expect(statusAndReason(await complete(id, params, mine.cookie))).toEqual([400, 'invalid_state']);

  // The code of one sign-in with the state of another: the provider rejects the verifier or the code, or the nonce differs.
  const [one, two] = [await start(id, {}, mine.cookie), await start(id, {}, mine.cookie)];
  expect(one.cookie).toBe(mine.cookie);
  const [first, second] = [grant(one.address), grant(two.address)];
  expect(statusAndReason(await complete(id, { state: second.state, code: first.code }, mine.cookie))).toEqual([401, 'identity_rejected']);
  expect((await complete(id, first, mine.cookie)).status).toBe(401);
});

test('a replayed code is rejected by a provider that checks PKCE, with a fresh state too', async () => {
  const real = await startOidcProvider();
  const realId = await addProvider(admin, real.issuer, { name: 'Real', registers_users: true });
  real.current.account = { sub: 'victim', email: 'victim@example.test', email_verified: true };
  const victim = await start(realId);
  const stolen = await visitProvider(victim.address);
  const attacker = await start(realId);
  const { state } = Object.fromEntries(new URL(attacker.address).searchParams) as { state: string };
  // The attacker injects the stolen code into a sign-in of their own.
  expect(statusAndReason(await complete(realId, { ...stolen, state }, attacker.cookie))).toEqual([401, 'identity_rejected']);
  expect(await sql(`select id from user_identities where subject = 'victim'`)).toEqual([]);
});

test('of two callbacks at once, one signs in', async () => {
  reset();
  verified();
  const { address, cookie } = await start(id);
  const params = grant(address);
  const answers = await Promise.all([1, 2, 3].map(() => complete(id, params, cookie)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
});

test('two first sign-ins of one person at once make one user', async () => {
  reset();
  const subject = randomUUID();
  behavior.claims = (claims) => ({ ...claims, sub: subject, email: `${subject}@example.test`, email_verified: true });
  const answers = await Promise.all([signIn(id, grant), signIn(id, grant)]);
  expect(answers.map(({ status }) => status)).toContain(200);
  for (const { status } of answers) expect([200, 401, 409]).toContain(status);
  expect(await sql('select id from user_identities where subject = $1', [subject])).toHaveLength(1);
  expect(await sql('select id from users where email = $1', [`${subject}@example.test`])).toHaveLength(1);
});

test('the answer of one provider is not accepted as that of another (mix-up)', async () => {
  reset();
  verified();
  const other = await startForgedProvider();
  const otherId = await addProvider(admin, other.issuer, { name: 'Other' });
  const { address, cookie } = await start(id);
  // The redirect URI of another provider.
  expect(statusAndReason(await complete(otherId, grant(address), cookie))).toEqual([400, 'invalid_state']);
  // The issuer in the callback (RFC 9207): wrong, and missing although the provider promises it.
  const again = await start(id);
  expect(statusAndReason(await complete(id, { ...grant(again.address), iss: other.issuer }, again.cookie))).toEqual([
    401,
    'identity_rejected',
  ]);
  behavior.metadata = { authorization_response_iss_parameter_supported: true };
  expect(await attempt()).toEqual([401, 'identity_rejected']);
  expect((await signIn(id, (url) => ({ ...grant(url), iss: forged.issuer }))).status).toBe(200);
  // Metadata that name another issuer.
  behavior.metadata = { issuer: other.issuer };
  expect(await attempt()).toEqual([502, 'identity_provider_unavailable']);
  const { searchParams } = new URL(again.address);
  expect(searchParams.get('redirect_uri')).toBe(`http://localhost:19000/oauth/sign-in/${id}`);
  expect(searchParams.get('code_challenge_method')).toBe('S256');
});

test('ID tokens with wrong claims are rejected', async () => {
  reset();
  const now = Math.floor(Date.now() / 1_000);
  for (const [name, change] of Object.entries({
    nonce: { nonce: 'another' },
    'no nonce': { nonce: undefined },
    audience: { aud: 'another client' },
    'audiences without azp': { aud: ['arkloop', 'another client'], azp: 'another client' },
    issuer: { iss: 'https://accounts.example.test' },
    expired: { iat: now - 1_000, exp: now - 600 },
    'not yet valid': { nbf: now + 3_600 },
    'no expiry': { exp: undefined },
    'no subject': { sub: undefined },
    'empty subject': { sub: '' },
    'long subject': { sub: 'x'.repeat(256) },
  })) {
    behavior.claims = (claims) => ({ ...claims, email: 'a@example.test', email_verified: true, ...change });
    expect([name, ...(await attempt())]).toEqual([name, 401, 'identity_rejected']);
  }
});

test('ID tokens without a signature, with that of another key or an algorithm for secrets are rejected', async () => {
  reset();
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  for (const metadata of [{}, { id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'] }]) {
    behavior.metadata = metadata;
    for (const [name, token] of Object.entries({
      none: (claims: object) => signToken({ ...claims }, 'none'),
      HS256: (claims: object) => signToken({ ...claims }, 'HS256'),
      'another key': (claims: object) => signToken({ ...claims }, 'RS256', other),
      changed: (claims: object) => {
        const [head, , signature] = signToken({ ...claims }).split('.');
        return [head, Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url'), signature].join('.');
      },
      garbage: () => 'a.b.c',
    })) {
      behavior.token = token;
      expect([name, ...(await attempt())]).toEqual([name, 401, 'identity_rejected']);
    }
  }
});

test('only true verifies an address', async () => {
  reset();
  for (const email_verified of ['true', 1, 'yes', null, undefined, {}]) {
    behavior.claims = (claims) => ({ ...claims, sub: randomUUID(), email: `${randomUUID()}@example.test`, email_verified });
    expect([email_verified, ...(await attempt())]).toEqual([email_verified, 403, 'identity_email_unverified']);
  }
});

test('a provider that is disabled, changed or deleted during a sign-in ends it', async () => {
  reset();
  verified();
  const begun = await start(id);
  const params = grant(begun.address);
  await changeProvider(admin, id, { enabled: false });
  expect((await call('GET', '/v1/auth/identity-providers')).body.map((each: { id: string }) => each.id)).not.toContain(id);
  expect(statusAndReason((await start(id)).answer)).toEqual([403, 'identity_provider_disabled']);
  expect(statusAndReason(await complete(id, params, begun.cookie))).toEqual([403, 'identity_provider_disabled']);
  await changeProvider(admin, id, { enabled: true });

  const earlier = await start(id);
  await changeProvider(admin, id, { name: 'Renamed' });
  expect(statusAndReason(await complete(id, grant(earlier.address), earlier.cookie))).toEqual([400, 'invalid_state']);

  // While the code is exchanged.
  behavior.duringExchange = () => changeProvider(admin, id, { enabled: false });
  expect(await attempt()).toEqual([403, 'identity_provider_disabled']);
  await changeProvider(admin, id, { enabled: true });

  const other = await startForgedProvider();
  const gone = await addProvider(admin, other.issuer, { name: 'Gone' });
  const { address, cookie } = await start(gone);
  expect((await call('DELETE', `/v1/admin/identity-providers/${gone}`, { token: admin.token })).status).toBe(204);
  expect((await complete(gone, other.grant(address), cookie)).status).toBe(404);
  expect((await start(gone)).answer.status).toBe(404);
});

test('a provider that is down, slow, huge or talks nonsense is an error in time', async () => {
  reset();
  verified();
  const discovery = '/.well-known/openid-configuration';
  for (const path of [discovery, '/token', '/jwks'])
    for (const [name, respond] of Object.entries({
      'status 500': (res) => res.writeHead(500).end('oops'),
      'a page': (res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      huge: (res) => {
        res.writeHead(200, { 'content-type': 'application/json' });
        res.end(JSON.stringify({ filler: 'x'.repeat(1_000_000) }));
      },
      'a broken connection': (res) => res.destroy(),
      'a redirect inside': (res) => res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    } satisfies Record<string, (res: import('node:http').ServerResponse) => unknown>)) {
      behavior.instead = { [path]: (res) => void respond(res) };
      expect([path, name, ...(await attempt())]).toEqual([path, name, 502, 'identity_provider_unavailable']);
    }
  behavior.instead = { '/token': () => undefined };
  const before = Date.now();
  expect(await attempt()).toEqual([502, 'identity_provider_unavailable']);
  expect(Date.now() - before).toTakeLessThan(30_000);
  behavior.instead = { [discovery]: (res) => res.writeHead(200, { 'content-type': 'application/json' }).end('{"issuer": 5}') };
  expect(await attempt()).toEqual([502, 'identity_provider_unavailable']);
});

test('the page of the provider must be a web address', async () => {
  reset();
  for (const authorization_endpoint of ['javascript:alert(1)', 'data:text/html,hi', 'ftp://example.test/', undefined]) {
    behavior.metadata = { authorization_endpoint };
    expect([authorization_endpoint, ...statusAndReason((await start(id)).answer)]).toEqual([
      authorization_endpoint,
      502,
      'identity_provider_unavailable',
    ]);
  }
});

test('return_to is a path of the front end', async () => {
  reset();
  for (const return_to of [
    'https://evil.test/',
    '//evil.test/',
    '/\\evil.test',
    '/\t/evil.test',
    '/a\\b',
    'javascript:alert(1)',
    '',
    'x',
    '/ evil',
    `/${'x'.repeat(1_000)}`,
  ])
    expect([return_to, (await start(id, { return_to })).answer.status]).toEqual([return_to, 400]);
  for (const return_to of ['/', '/t/1?next=//x#y', '/ü', null])
    expect([return_to, (await start(id, { return_to })).answer.status]).toEqual([return_to, 200]);
});

test('other sites can neither start nor complete a sign-in, nor choose where the code goes', async () => {
  reset();
  verified();
  const headers = { origin: 'https://evil.example.test' };
  for (const step of ['start', 'complete'])
    expect(
      statusAndReason(
        await call('POST', `/v1/auth/identity-providers/${id}/${step}`, {
          headers,
          body: step === 'start' ? {} : { state: 's', code: 'c' },
        }),
      ),
    ).toEqual([403, 'origin_not_allowed']);
  const allowed = await call('POST', `/v1/auth/identity-providers/${id}/start`, {
    headers: { origin: 'https://chat.example.test' },
    body: {},
  });
  expect(new URL(allowed.body.authorization_url).searchParams.get('redirect_uri')).toBe(`https://chat.example.test/oauth/sign-in/${id}`);
  expect(allowed.headers.get('set-cookie')).toMatch(/^arkloop_sign_in=[\w-]{43}; Path=\/v1\/auth; HttpOnly; SameSite=Lax; Max-Age=600$/);
});

test('a sign-in expires after ten minutes', async () => {
  reset();
  verified();
  const { address, cookie } = await start(id);
  await sql(`update identity_flows set expires_at = now() - interval '1 second'`);
  expect(statusAndReason(await complete(id, grant(address), cookie))).toEqual([400, 'invalid_state']);
});

test('states that nobody started are refused without an audit entry, because they have no limit', async () => {
  const cookie = `arkloop_sign_in=${'A'.repeat(43)}`;
  const count = async () =>
    (await sql(`select count(*)::int as count from audit_logs where action = 'user.login' and target_id = $1`, [id]))[0].count;
  const before = await count();
  const forgedAnswer = { state: randomUUID(), code: 'x' };
  for (let each = 0; each < 3; each++) expect(statusAndReason(await complete(id, forgedAnswer, cookie))).toEqual([400, 'invalid_state']);
  expect(await count()).toBe(before);
});

test('failures are audited with their reason, and starts are limited', async () => {
  const entries = await sql(
    `select target_type, metadata from audit_logs where action = 'user.login' and target_id = $1 and actor_user_id is null order by id`,
    [id],
  );
  expect(new Set(entries.map(({ target_type: type, metadata }) => `${type} ${metadata.result} ${metadata.method}`))).toEqual(
    new Set(['identity_provider failed oidc']),
  );
  expect(entries.map(({ metadata }) => metadata.reason)).toEqual(
    expect.arrayContaining(['invalid_state', 'identity_rejected', 'identity_provider_unavailable', 'identity_provider_disabled']),
  );
  await sql(`update attempt_counts set count = 100, window_ends = now() + interval '1 minute' where bucket like 'provider-sign-in:%'`);
  expect(statusAndReason((await start(id)).answer)).toEqual([429, 'login_rate_limited']);
});
