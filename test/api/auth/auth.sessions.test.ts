import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../server/database/database.ts';
import { startApi } from '../../../server/processes/api.ts';
import { callTo, sharedTestApp, testKeys } from '../../support/app/testApp.ts';
import { rowCounter } from '../../support/checks/race.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { cookieOf, sessionCalls } from '../../support/http/sessions.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();
const { call, sql, signUp } = app;
const { refresh, me, logIn, logOut } = sessionCalls(call);
const name = 'arkloop_refresh_token';

test('registration, sign-in, refresh and sign-out write one audit entry each', async () => {
  const person = await signUp();
  expect((await me(person.token)).body.id).toBe(person.id);
  const session = await logIn(person);
  const next = await refresh(session.cookie);
  const gone = await logOut(next.body.access_token, undefined);
  expect([gone.status, gone.body]).toEqual([200, { ok: true }]);
  expect(statusAndReason(await me(next.body.access_token))).toEqual([401, 'session_revoked']);
  expect(statusAndReason(await me(session.token))).toEqual([401, 'session_revoked']);
  expect(statusAndReason(await refresh(cookieOf(next)))).toEqual([401, 'session_revoked']);
  const entries = await sql('select action, account_id, target_type, target_id from audit_logs where actor_user_id = $1 order by id', [
    person.id,
  ]);
  const about = { account_id: person.accountId, target_type: 'user', target_id: person.id };
  expect(entries).toEqual(['register', 'login', 'refresh', 'logout'].map((verb) => ({ action: `user.${verb}`, ...about })));
});

test('sign-out ends the current session, and the session of the cookie only if it belongs to the same user', async () => {
  const person = await signUp();
  const stranger = await signUp();
  const [a, b, c] = [await logIn(person), await logIn(person), await logIn(person)];
  const key = (await call('POST', '/v1/api-keys', { token: c.token, body: { name: 'k' } })).body.key;
  await logOut(a.token, {}, stranger.cookie);
  expect((await me(stranger.token)).status).toBe(200);
  expect((await me(b.token)).status).toBe(200);
  await logOut(b.token, { all: false }, c.cookie);
  expect(statusAndReason(await me(c.token))).toEqual([401, 'session_revoked']);
  expect((await me(person.token)).status).toBe(200);
  expect((await call('GET', '/v1/me', { token: key })).status).toBe(403);
  expect((await logOut(person.token, { all: 'yes' })).status).toBe(400);
});

test('sign-out from all sessions ends them at once, and a sign-in right after it works', async () => {
  const person = await signUp();
  for (let round = 0; round < 8; round++) {
    const [a, b] = await Promise.all([logIn(person), logIn(person)]);
    expect((await me(b.token)).status).toBe(200);
    expect((await logOut(a.token, { all: true })).status).toBe(200);
    const fresh = await logIn(person);
    expect((await me(fresh.token)).status).toBe(200);
    for (const { token, cookie } of [a, b]) {
      expect(statusAndReason(await me(token))).toEqual([401, 'session_revoked']);
      expect(statusAndReason(await refresh(cookie))).toEqual([401, 'session_revoked']);
    }
    expect((await refresh(fresh.cookie)).status).toBe(200);
  }
});

test('a session that ends is rejected by other processes also if the one that ended it has no free database connection', async () => {
  const { config, databaseUrl, database } = app;
  const log = pino({ level: 'silent' });
  const busy = openDatabase(databaseUrl, { max: 1, log, applicationName: 'another process' });
  const api = await startApi({ config, keys: testKeys, database: busy, databaseUrl, log });
  onTestFinished(async () => {
    await api.shutDown();
    await busy.close();
  });
  const person = await signUp();
  const doomed = await logIn(person);
  expect((await me(doomed.token)).status).toBe(200);
  const [session] = await sql('select id from sessions where user_id = $1 order by created_at desc limit 1', [person.id]);
  const locker = await database.pool.connect();
  await locker.query('begin');
  await locker.query('select id from sessions where id = $1 for update', [session.id]);
  const ending = callTo(api.address)('DELETE', `/v1/me/sessions/${session.id}`, { token: person.token });
  const waiting = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await expect.poll(() => rowCounter(app)(waiting)).toBe(1);
  // Gets the only connection as soon as the session has ended.
  const taken = busy.pool.connect();
  await locker.query('commit');
  locker.release();
  expect((await ending).status).toBe(204);
  const connection = await taken;
  try {
    await eventually(async () => (await me(doomed.token)).status === 401, 'the end of the session elsewhere', 1_000);
  } finally {
    connection.release();
  }
});

test('a token issued exactly at the revocation time is accepted, one issued a millisecond earlier is not', async () => {
  const { id, token } = await signUp();
  const { iat } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
  const at = Math.round(iat * 1_000);
  const revokeAt = async (ms: number) => {
    await sql(`update users set tokens_invalid_before = to_timestamp($2::float8 / 1000) where id = $1`, [id, ms]);
    await sql(`select pg_notify('arkloop_access', $1)`, [id]);
  };
  await revokeAt(at);
  expect((await me(token)).status).toBe(200);
  await revokeAt(at + 1);
  await expect.poll(async () => statusAndReason(await me(token))).toEqual([401, 'session_revoked']);
  await revokeAt(at);
  await expect.poll(async () => (await me(token)).status).toBe(200);
});

test('a suspension applies to the next request, and reactivation restores sign-in and keys but no token', async () => {
  const person = await signUp();
  const key = (await call('POST', '/v1/api-keys', { token: person.token, body: { name: 'k' } })).body.key;
  const status = async (word: string) => {
    await sql(`update users set status = $2, tokens_invalid_before = now() where id = $1`, [person.id, word]);
    await sql(`update sessions set revoked_at = now(), revoke_reason = 'suspended' where user_id = $1 and $2 = 'suspended'`, [
      person.id,
      word,
    ]);
    await sql(`select pg_notify('arkloop_access', $1)`, [person.id]);
  };
  await status('suspended');
  await expect.poll(async () => statusAndReason(await me(person.token))).toEqual([401, 'session_revoked']);
  const refused = await refresh(person.cookie);
  expect([...statusAndReason(refused), refused.headers.get('set-cookie')]).toEqual([
    403,
    'user_suspended',
    expect.stringContaining(`${name}=; `),
  ]);
  expect(statusAndReason(await call('GET', '/v1/threads', { token: key }))).toEqual([401, 'invalid_token']);
  await status('active');
  expect((await me((await logIn(person)).token)).status).toBe(200);
  expect((await call('GET', '/v1/me', { token: key })).status).toBe(403);
  expect(statusAndReason(await me(person.token))).toEqual([401, 'session_revoked']);
  expect(statusAndReason(await refresh(person.cookie))).toEqual([401, 'session_revoked']);
  await status('deleted');
  const gone = await refresh(person.cookie);
  expect([...statusAndReason(gone), gone.headers.get('set-cookie')]).toEqual([401, 'invalid_token', expect.stringContaining('Max-Age=0')]);
});
