import { createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto';
import { expect, test } from 'vitest';
import * as contract from '../../../contract/index.ts';
import type { Route } from '../../../contract/shared/route.ts';
import { sharedTestApp, testSecrets } from '../../support/app/testApp.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const { call, sql, signUp } = await sharedTestApp();
const { token, accountId, id } = await signUp();
const [head, payload, signature] = token.split('.') as [string, string, string];
const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
const now = () => Date.now() / 1_000;

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const hmac = (text: string, secret: Buffer | string = testSecrets.jwtSecret, hash = 'sha256') =>
  createHmac(hash, secret).update(text).digest('base64url');
/** A token with changed claims, signed with the real secret by default. */
const forge = (changes: object = {}, header: object = { alg: 'HS256', typ: 'JWT' }, sign: (text: string) => string = hmac) => {
  const text = `${encode(header)}.${encode({ ...claims, ...changes })}`;
  return `${text}.${sign(text)}`;
};
const answer = async (credential: string) => {
  const { status, body, headers } = await call('GET', '/v1/me', { headers: { authorization: credential } });
  return [status, body.details?.reason, headers.get('www-authenticate')];
};
const refused = (reason: string) => [401, reason, 'Bearer'];

test('forge() makes valid tokens by default', async () => {
  expect((await answer(`Bearer ${forge()}`))[0]).toBe(200);
  expect((await answer(`bearer  ${token}`))[0]).toBe(200);
});

test('forged tokens are rejected', async () => {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const rs256 = (text: string) => signWith('sha256', Buffer.from(text), keys.privateKey).toString('base64url');
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const es256 = (text: string) =>
    signWith('sha256', Buffer.from(text), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  const jwk = keys.publicKey.export({ format: 'jwk' });
  const forgeries = {
    none: forge({}, { alg: 'none' }, () => ''),
    None: forge({}, { alg: 'None' }, () => ''),
    nOnE: forge({}, { alg: 'nOnE' }, () => 'AA'),
    'none, signed': forge({}, { alg: 'none' }),
    'no alg': forge({}, { typ: 'JWT' }),
    'alg list': forge({}, { alg: ['HS256'] }),
    HS384: forge({}, { alg: 'HS384' }, (text) => hmac(text, testSecrets.jwtSecret, 'sha384')),
    'HS512, signed as HS256': forge({}, { alg: 'HS512' }),
    RS256: forge({}, { alg: 'RS256' }, rs256),
    'RS256, keyed with the secret': forge({}, { alg: 'RS256' }),
    ES256: forge({}, { alg: 'ES256' }, es256),
    'own jwk': forge({}, { alg: 'RS256', jwk }, rs256),
    jku: forge({}, { alg: 'RS256', jku: 'http://127.0.0.1:9/keys' }, rs256),
    'empty key file': forge({}, { alg: 'HS256', kid: '../../dev/null' }, (text) => hmac(text, '')),
    // An extension that must be understood, and is not (RFC 7515, section 4.1.11).
    crit: forge({}, { alg: 'HS256', typ: 'JWT', crit: ['exp'], exp: 1 }),
    'empty crit': forge({}, { alg: 'HS256', typ: 'JWT', crit: [] }),
    'other secret': forge({}, undefined, (text) => hmac(text, 'other secret '.repeat(4))),
    'changed payload': `${head}.${encode({ ...claims, account: id })}.${signature}`,
    'short signature': `${head}.${payload}.${signature.slice(0, -4)}`,
    'no signature': `${head}.${payload}.`,
    'two parts': `${head}.${payload}`,
    'four parts': `${token}.${signature}`,
    padded: `${token}=`,
    'other base64': `${head}.${payload}.${Buffer.from(signature, 'base64url').toString('base64')}`,
    'other spelling of the last bits': `${token.slice(0, -1)}${String.fromCharCode(token.charCodeAt(token.length - 1) + 1)}`,
    'not json': `${Buffer.from('{').toString('base64url')}.${payload}.${signature}`,
    nothing: '..',
  };
  for (const [kind, forged] of Object.entries(forgeries))
    expect([kind, ...(await answer(`Bearer ${forged}`))]).toEqual([kind, ...refused('invalid_token')]);
});

test('a token with wrong or missing claims is rejected', async () => {
  const wrong = [
    ...['auth_flow', 'refresh', 'ACCESS', undefined, null, ['access']].map((typ) => ({ typ })),
    ...[undefined, null, `${claims.exp}`, 1e308, claims.exp + 0.5, [claims.exp]].map((exp) => ({ exp })),
    ...[undefined, null, `${now()}`, now() + 600, 1e308].map((iat) => ({ iat })),
    ...[undefined, null, 7, ['x'], 'not-an-id', '01890000-0000-7000-8000-000000000000'].map((sub) => ({ sub })),
    ...[undefined, null, 7, 'not-an-id'].map((sid) => ({ sid })),
    ...[undefined, null, 7, 'not-an-id'].map((account) => ({ account })),
    { nbf: now() + 600 },
  ];
  for (const changes of wrong)
    expect([changes, ...(await answer(`Bearer ${forge(changes)}`))]).toEqual([changes, ...refused('invalid_token')]);
});

test('the expiry has no leeway', async () => {
  const second = Math.floor(now());
  expect(await answer(`Bearer ${forge({ exp: second - 1 })}`)).toEqual(refused('token_expired'));
  expect(await answer(`Bearer ${forge({ exp: second })}`)).toEqual(refused('token_expired'));
  expect((await answer(`Bearer ${forge({ exp: second + 5 })}`))[0]).toBe(200);
  expect(await answer(`Bearer ${forge({ exp: second - 1 }, undefined, (text) => hmac(text, 'x'))}`)).toEqual(refused('invalid_token'));
});

test('a session of another user is rejected', async () => {
  const other = await signUp();
  const [{ id: sid }] = await sql('select id from sessions where user_id = $1', [other.id]);
  expect(await answer(`Bearer ${forge({ sid })}`)).toEqual(refused('session_revoked'));
  expect(await answer(`Bearer ${forge({ account: other.accountId })}`)).toEqual([403, 'no_account_membership', null]);
});

test('a role claim in the token is ignored', async () => {
  const { body } = await call('GET', '/v1/me', { token: forge({ role: 'platform_admin' }) });
  expect([body.role, body.account_id]).toEqual(['admin', accountId]);
  expect(body.permissions.filter((name: string) => name.startsWith('platform.'))).toEqual([]);
});

test('a malformed Authorization header and a missing one have different reasons', async () => {
  const bad = [
    'Basic x',
    'Bearer',
    'Bearer ',
    token,
    `Bearer ${token} ${token}`,
    `Token ${token}`,
    `Bearer ${token}, Bearer ${token}`,
    'Bearer\t',
  ];
  for (const credential of bad)
    expect([credential, ...(await answer(credential))]).toEqual([credential, ...refused('invalid_authorization')]);
  for (const junk of ['x', '....', 'al_short', `AL_${'x'.repeat(32)}`])
    expect(await answer(`Bearer ${junk}`)).toEqual(refused('invalid_token'));
  expect((await call('GET', '/v1/me')).body.details.reason).toBe('missing_token');
});

test('every protected route requires a token', async () => {
  const routes = Object.values(contract)
    .flatMap((area) => Object.values(area) as unknown[])
    .filter((one): one is Route => typeof one === 'object' && one !== null && 'metadata' in one && 'path' in one);
  expect(routes.length).toBeGreaterThan(20);
  for (const { method, path } of routes.filter(({ metadata }) => metadata.auth !== 'public')) {
    const { status, body } = await call(method, path.replace(/\{[^}]+\}/g, '01890000-0000-7000-8000-000000000000'));
    expect([method, path, status, body?.details?.reason]).toEqual([method, path, 401, 'missing_token']);
  }
});
