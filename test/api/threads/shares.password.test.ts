import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { deriveKey } from '../../../server/platform/crypto/keyring.ts';
import { sharedTestApp, testSecrets } from '../../support/app/testApp.ts';
import { concurrently, tally } from '../../support/checks/race.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { openThread } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await sharedTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1', ARKLOOP_TRUSTED_PROXY_CIDRS: '127.0.0.0/8' });
const { call, sql, signUp } = app;
const me = await signUp();

const secret = 'pāss wörd 🔑 e\u0301';

async function createLockedShare(password = secret) {
  const thread = await openThread(app, me, 'Between us');
  const { body } = await call('POST', `/v1/threads/${thread}:share`, { token: me.token, body: { access_type: 'password', password } });
  return { thread, ...(body as { id: string; token: string }) };
}
const view = (token: string, session?: string) =>
  call('GET', `/v1/s/${token}${session === undefined ? '' : `?session_token=${encodeURIComponent(session)}`}`);
const verify = (token: string, password: unknown, ip = '198.51.100.1') =>
  call('POST', `/v1/s/${token}/verify`, { body: { password }, headers: { 'x-forwarded-for': ip } });

/** A session token as the server makes it, with any expiry. */
const sessionOf = (id: string, expires: number, key = deriveKey(testSecrets.encryptionKey, 'share sessions')) =>
  `${expires}.${createHmac('sha256', key).update(`${id}.${expires}`).digest('base64url')}`;
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

test('a locked share reveals nothing, and the password opens a session of 24 hours', async () => {
  const { token, id } = await createLockedShare();
  expect((await view(token)).body).toEqual({ requires_password: true });
  for (const wrong of ['wrong', secret.normalize('NFC'), ` ${secret}`, secret.toUpperCase()])
    expect(statusAndReason(await verify(token, wrong))).toEqual([403, 'wrong_password']);
  const { status, body, headers } = await verify(token, secret);
  expect([status, Object.keys(body), headers.get('cache-control')]).toEqual([200, ['session_token'], 'no-store']);
  expect((await view(token, body.session_token)).body).toMatchObject({ requires_password: false, messages: [{ content: 'Between us' }] });
  const expires = Number(body.session_token.split('.')[0]);
  expect(Math.abs(expires - inSeconds(86_400))).toBeLessThan(60);
  expect(body.session_token).toBe(sessionOf(id, expires));
});

test('an expired, foreign or forged session is rejected', async () => {
  const [mine, other] = [await createLockedShare(), await createLockedShare()];
  const good = sessionOf(mine.id, inSeconds(60));
  expect((await view(mine.token, good)).status).toBe(200);
  const longer = good.replace(/^\d+/, String(inSeconds(600)));
  const bad = [
    sessionOf(mine.id, inSeconds(-1)),
    sessionOf(other.id, inSeconds(60)),
    sessionOf(mine.id, inSeconds(60), testSecrets.encryptionKey),
    longer,
    good.slice(0, -1),
    `${good}A`,
    `0${good}`,
    `${good.split('.')[0]}.${'é'.repeat(43)}`,
    'x',
    '.',
    'é',
  ];
  for (const session of bad)
    expect([session, ...statusAndReason(await view(mine.token, session))]).toEqual([session, 403, 'invalid_session']);
  expect(issuesOf(await view(mine.token, ''))).toEqual([400, [['query', 'session_token']]]);
});

test('deleting a share ends its sessions', async () => {
  const { thread, id, token } = await createLockedShare();
  const session = (await verify(token, secret)).body.session_token;
  expect((await view(token, session)).status).toBe(200);
  await call('DELETE', `/v1/threads/${thread}:share?id=${id}`, { token: me.token });
  expect([(await view(token, session)).status, (await verify(token, secret)).status]).toEqual([404, 404]);
});

test('verifying a share without a password returns no_password', async () => {
  const thread = await openThread(app, me);
  const { token } = (await call('POST', `/v1/threads/${thread}:share`, { token: me.token })).body;
  expect(statusAndReason(await verify(token, 'x'))).toEqual([409, 'no_password']);
  expect(statusAndReason(await verify('0'.repeat(22), 'x'))).toEqual([404, undefined]);
  expect((await view(token, 'whatever')).body.requires_password).toBe(false);
});

test('ten wrong passwords lock the share for the IP address only, even for the right password', async () => {
  const [one, two] = [await createLockedShare(), await createLockedShare()];
  for (let at = 0; at < 10; at++) expect(statusAndReason(await verify(one.token, `guess ${at}`))).toEqual([403, 'wrong_password']);
  const refused = await verify(one.token, secret);
  expect(statusAndReason(refused)).toEqual([429, 'share_rate_limited']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(590);
  expect([(await verify(two.token, secret)).status, (await verify(one.token, secret, '198.51.100.2')).status]).toEqual([200, 200]);
  await sql(`update attempt_counts set window_ends = now() where bucket like 'share:%'`);
  expect((await verify(one.token, secret)).status).toBe(200);
});

test('parallel wrong passwords are counted exactly, and right ones are not counted', async () => {
  const { token } = await createLockedShare();
  expect(tally(await concurrently(11, () => verify(token, secret, '198.51.100.3')))).toEqual({ '200': 11 });
  const guesses = await concurrently(14, (at) => verify(token, `guess ${at}`, '198.51.100.3'));
  expect(tally(guesses)).toEqual({ '403 wrong_password': 10, '429 share_rate_limited': 4 });
});

test('a password is stored as an Argon2id hash only', async () => {
  const { id } = await createLockedShare('Between-Us-77');
  const [stored] = await sql('select password_hash from thread_shares where id = $1', [id]);
  expect(stored.password_hash).toMatch(/^\$argon2id\$/);
  const audit = JSON.stringify(await sql('select * from audit_logs where target_id = $1', [id]));
  expect(audit).not.toContain('Between-Us-77');
});
