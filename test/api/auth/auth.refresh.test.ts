import { describe, expect, test } from 'vitest';
import { productionEnv } from '../../support/access/production.ts';
import { expectWithin } from '../../support/app/expectWithin.ts';
import { type CallOptions, startTestApp } from '../../support/app/testApp.ts';
import { rowCounter } from '../../support/checks/race.ts';
import { rawSend, request } from '../../support/http/raw.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { cookieOf, sessionCalls } from '../../support/http/sessions.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' }, { worker: false });
const { call, sql, signUp, joinAccount, url } = app;
const { refresh, me, logIn, logOut } = sessionCalls(call);
const name = 'arkloop_refresh_token';
const waitingForLock = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
/** Ends the grace period of rotated tokens, after which their reuse counts as theft. */
const endGracePeriod = () => sql(`update refresh_tokens set rotated_at = rotated_at - interval '11 seconds' where rotated_at is not null`);

describe('rotation of refresh tokens', () => {
  test('of 20 parallel refreshes exactly one succeeds, and the session stays valid', async () => {
    const { cookie, id } = await signUp();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(cookie)));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const lost of answers.filter(({ status }) => status !== 200)) {
      expect(statusAndReason(lost)).toEqual([401, 'token_rotated']);
      expect(lost.headers.get('set-cookie')).toBeNull();
    }
    expect((await me(won[0]!.body.access_token)).status).toBe(200);
    const live = `select from refresh_tokens t join sessions s on s.id = t.session_id where s.user_id = $1 and t.rotated_at is null`;
    expect(await sql(live, [id])).toHaveLength(1);
    expect((await refresh(cookieOf(won[0]!))).status).toBe(200);
  });

  test('the previous token is tolerated during the grace period, an older one counts as reuse at once', async () => {
    const { id, cookie: oldest } = await signUp();
    const first = await refresh(oldest);
    const second = await refresh(cookieOf(first));
    expect(statusAndReason(await refresh(cookieOf(first)))).toEqual([401, 'token_rotated']);
    expect((await me(second.body.access_token)).status).toBe(200);
    const reused = await refresh(oldest);
    expect([...statusAndReason(reused), reused.headers.get('set-cookie')]).toEqual([401, 'token_reused', null]);
    expect(statusAndReason(await refresh(cookieOf(second)))).toEqual([401, 'session_revoked']);
    expect(statusAndReason(await me(second.body.access_token))).toEqual([401, 'session_revoked']);
    const [{ revoke_reason }] = await sql('select revoke_reason from sessions where user_id = $1', [id]);
    expect(revoke_reason).toBe('reuse');
    expect(await sql(`select from audit_logs where action = 'session.reuse_detected' and actor_user_id = $1`, [id])).toHaveLength(1);
  });

  test('a token that was the previous one when its request arrived is no reuse, although later requests were faster', async () => {
    const { id, cookie: oldest } = await signUp();
    const first = await refresh(oldest);
    const holder = await app.database.pool.connect();
    await holder.query('begin; lock table refresh_tokens in access exclusive mode');
    const late = refresh(oldest);
    await expect.poll(() => rowCounter(app)(waitingForLock)).toBe(1);
    // Another request has presented the newer token, and was answered.
    const newest = `generation = 1 and session_id in (select s.id from sessions s where s.user_id = '${id}')`;
    await holder.query(`update refresh_tokens set rotated_at = clock_timestamp() where ${newest}`);
    await holder.query(`insert into refresh_tokens (token_hash, session_id, generation, expires_at)
      select 'the third', session_id, 2, expires_at from refresh_tokens where ${newest}`);
    await holder.query('commit');
    holder.release();
    expect(statusAndReason(await late)).toEqual([401, 'token_rotated']);
    expect((await me(first.body.access_token)).status).toBe(200);
    expect(statusAndReason(await refresh(oldest))).toEqual([401, 'token_reused']);
  });

  test('a token reused after the grace period ends its session only', async () => {
    const person = await signUp();
    const other = await logIn(person);
    const second = await refresh(person.cookie);
    expect(statusAndReason(await refresh(person.cookie))).toEqual([401, 'token_rotated']);
    expect((await me(second.body.access_token)).status).toBe(200);
    await endGracePeriod();
    const theft = await refresh(person.cookie);
    expect(statusAndReason(theft)).toEqual([401, 'token_reused']);
    expect(theft.headers.get('set-cookie')).toBeNull();
    expect(statusAndReason(await me(second.body.access_token))).toEqual([401, 'session_revoked']);
    expect(statusAndReason(await refresh(cookieOf(second)))).toEqual([401, 'session_revoked']);
    expect(statusAndReason(await refresh(person.cookie))).toEqual([401, 'session_revoked']);
    expect((await me(other.token)).status).toBe(200);
    expect((await refresh(other.cookie)).status).toBe(200);
    const entries = await sql(`select * from audit_logs where action = 'session.reuse_detected' and actor_user_id = $1`, [person.id]);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ target_type: 'session', account_id: person.accountId });
  });

  test('an expired token returns token_expired and keeps the cookie', async () => {
    const { id, cookie } = await signUp();
    await sql('update refresh_tokens set expires_at = now() where session_id in (select id from sessions where user_id = $1)', [id]);
    const late = await refresh(cookie);
    expect(statusAndReason(late)).toEqual([401, 'token_expired']);
    expect(late.headers.get('set-cookie')).toBeNull();
  });

  test('the token is accepted only from its own cookie', async () => {
    const { cookie } = await signUp();
    const token = cookie.split('=')[1]!;
    const ways: [string | undefined, CallOptions][] = [
      [undefined, { body: { refresh_token: token } }],
      [`other=${token}`, {}],
      [`x${name}=${token}; ${name}=`, {}],
      [undefined, { token }],
      ['', {}],
    ];
    for (const [sent, options] of ways) {
      const answer = await call('POST', '/v1/auth/refresh', { ...options, ...(sent !== undefined && { headers: { cookie: sent } }) });
      expect([sent, ...statusAndReason(answer)]).toEqual([sent, 401, 'missing_token']);
    }
    expect(issuesOf(await call('POST', `/v1/auth/refresh?${name}=${token}`, { headers: { cookie: '' } }))).toEqual([
      400,
      [['query', name]],
    ]);
    for (const bad of [`${token}x`, token.slice(1), 'x'.repeat(8_000), `${token.slice(0, -1)}%`, `"${token}"`, 'A'.repeat(43)])
      expect([bad, ...statusAndReason(await refresh(`${name}=${bad}`))]).toEqual([bad, 401, 'invalid_token']);
    expect((await refresh(`a=1; ${cookie}; b=2`, {}, { body: { anything: 1 } })).status).toBe(200);
  });

  test('two refresh cookies are rejected, and neither token is used up', async () => {
    const [person, attacker] = [await signUp(), await signUp()];
    const [own, planted] = [person.cookie, attacker.cookie];
    const twice = [`${own}; ${planted}`, `${planted}; ${own}`, `${own}; ${own}`, `${name}=; ${own}`, `${own}; a=1; ${name}="x"`];
    for (const cookies of twice) {
      const answer = await refresh(cookies);
      expect([cookies, ...statusAndReason(answer), answer.headers.get('set-cookie')]).toEqual([cookies, 401, 'duplicate_cookie', null]);
    }
    const raw = await rawSend(url, request('POST /v1/auth/refresh', { cookie: own, Cookie: planted, 'content-length': 0 }));
    expect(statusAndReason(raw)).toEqual([401, 'duplicate_cookie']);
    expect([(await refresh(own)).status, (await refresh(planted)).status]).toEqual([200, 200]);
  });

  test('a planted cookie neither blocks signing out nor ends a session of another user', async () => {
    const [person, attacker] = [await signUp(), await signUp()];
    const second = await logIn(person);
    expect((await logOut(person.token, {}, `${attacker.cookie}; ${second.cookie}; ${name}=x`)).status).toBe(200);
    expect([statusAndReason(await me(person.token)), statusAndReason(await me(second.token))]).toEqual(
      Array(2).fill([401, 'session_revoked']),
    );
    expect((await me(attacker.token)).status).toBe(200);
  });

  test('only hashes of tokens are stored, and no response body contains a token', async () => {
    const person = await signUp();
    const token = person.cookie.split('=')[1]!;
    expect(token).toMatch(/^[\w-]{43}$/);
    const stored = await sql('select t::text as row from refresh_tokens t');
    expect(JSON.stringify(stored)).not.toContain(token);
    const { answer, cookie } = await logIn(person);
    expect(Object.keys(answer.body).sort()).toEqual(['access_token', 'expires_in', 'token_type']);
    expect(answer.text).not.toContain(cookie.split('=')[1]);
  });
});

describe('the refresh cookie', () => {
  test('has the documented attributes, and Secure behind a trusted proxy', async () => {
    const person = await signUp();
    const plain = (await refresh(person.cookie)).headers.get('set-cookie')!;
    const [, expires] =
      /^arkloop_refresh_token=[\w-]{43}; Path=\/v1\/auth; HttpOnly; SameSite=Lax; Max-Age=2592000; Expires=(.* GMT)$/.exec(plain)!;
    expect(Math.abs(Date.parse(expires!) - Date.now() - 2_592_000_000)).toTakeLessThan(5_000);
    const { login, password, token } = person;
    const secure = await call('POST', '/v1/auth/login', { body: { login, password }, headers: { 'x-forwarded-proto': 'https' } });
    expect(secure.headers.get('set-cookie')).toMatch(/; Secure$/);
    const gone = (await logOut(token)).headers.get('set-cookie');
    expect(gone).toBe(`${name}=; Path=/v1/auth; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT`);
    const untrusting = await startTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '0' }, { worker: false });
    const { login: other } = await untrusting.signUp();
    const claimed = await untrusting.call('POST', '/v1/auth/login', {
      body: { login: other, password },
      headers: { 'x-forwarded-proto': 'https' },
    });
    expect([claimed.status, claimed.headers.get('set-cookie')]).toEqual([200, expect.not.stringContaining('Secure')]);
  });

  test('is always Secure in production, also when it is cleared', async () => {
    for (const trust of ['0', '1']) {
      const production = await startTestApp({ ...productionEnv, ARKLOOP_TRUST_X_FORWARDED_FOR: trust }, { worker: false });
      const { login, password, cookie } = await production.signUp();
      const calls = sessionCalls(production.call);
      const { answer, token } = await calls.logIn({ login, password });
      for (const each of [answer, await calls.refresh(cookie), await calls.refresh(cookieOf(answer), { 'x-forwarded-proto': 'http' })])
        expect([each.status, each.headers.get('set-cookie')]).toEqual([200, expect.stringMatching(/; Secure$/)]);
      expect((await calls.logOut(token)).headers.get('set-cookie')).toMatch(/=; .*Max-Age=0.*; Secure$/);
    }
  });

  test('is rejected in cross-origin requests without being used up', async () => {
    const person = await signUp();
    const evil = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `${url}.evil.example` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of evil as unknown as Record<string, string>[]) {
      expect(statusAndReason(await refresh(person.cookie, headers))).toEqual([403, 'origin_not_allowed']);
      expect(statusAndReason(await call('POST', '/v1/auth/login', { body: person, headers }))).toEqual([403, 'origin_not_allowed']);
      expect((await call('POST', '/v1/auth/register', { body: {}, headers })).status).toBe(403);
      expect((await call('POST', '/v1/auth/logout', { token: person.token, headers })).status).toBe(403);
    }
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x'])
      for (const raw of ['', 'a=b']) expect((await refresh(person.cookie, { 'content-type': type }, { raw })).status).toBe(422);
    expect((await call('GET', '/v1/auth/refresh', { headers: { cookie: person.cookie } })).status).toBe(405);
    let { cookie } = person;
    for (const headers of [
      { origin: url },
      { origin: 'http://localhost:19080' },
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
      {},
    ]) {
      const answer = await refresh(cookie, headers as unknown as Record<string, string>);
      expect([headers, answer.status]).toEqual([headers, 200]);
      cookie = cookieOf(answer);
    }
  });
});

describe('the active account of a session', () => {
  test('is switched by a refresh, and a rejected switch does not use up the token', async () => {
    const [person, host, stranger] = [await signUp(), await signUp(), await signUp()];
    await joinAccount(person, host);
    for (const [account, status] of [
      [stranger.accountId, 404],
      ['not-an-id', 400],
      ['01890000-0000-7000-8000-000000000000', 404],
    ] as const)
      expect((await refresh(person.cookie, { 'x-account-id': account })).status).toBe(status);
    await sql(`update accounts set status = 'suspended' where id = $1`, [host.accountId]);
    expect(statusAndReason(await refresh(person.cookie, { 'x-account-id': host.accountId }))).toEqual([403, 'account_suspended']);
    await sql(`update accounts set status = 'active' where id = $1`, [host.accountId]);
    const switched = await refresh(person.cookie, { 'x-account-id': host.accountId.toUpperCase() });
    expect((await me(switched.body.access_token)).body).toMatchObject({ account_id: host.accountId, role: 'member' });
    const kept = await refresh(cookieOf(switched));
    expect((await me(kept.body.access_token)).body.account_id).toBe(host.accountId);
    await sql('delete from memberships where account_id = $1 and user_id = $2', [host.accountId, person.id]);
    await sql(`select pg_notify('arkloop_access', $1)`, [person.id]);
    await expectWithin(1_000, async () => statusAndReason(await me(kept.body.access_token)), [403, 'no_account_membership']);
    const home = await refresh(cookieOf(kept));
    expect((await me(home.body.access_token)).body).toMatchObject({ account_id: person.accountId, role: 'admin' });
  });
});
