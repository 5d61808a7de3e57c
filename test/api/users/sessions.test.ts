import { expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { cookieOf, sessionCalls } from '../../support/http/sessions.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();
const { call, sql, signUp, url } = app;
const { refresh, me, logIn } = sessionCalls(call);
const list = (token: string, query = '') => call('GET', `/v1/me/sessions${query}`, { token });
const end = (token: string, id: string) => call('DELETE', `/v1/me/sessions/${id}`, { token });
const sessionOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).sid;

test('the list shows live sessions of the user alone, newest first, with their devices', async () => {
  const person = await signUp();
  const { login, password } = person;
  const agents = {
    'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0': 'Firefox 128 on Linux',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1':
      'Safari 17 on iOS',
    'curl/8.5.0': 'curl 8',
    'arkloop-app/2.1 (build 7)': 'arkloop-app 2',
    ' ': null,
    [`Mozilla/5.0 (${'x'.repeat(3_000)})`]: null,
  };
  for (const agent of Object.keys(agents))
    await call('POST', '/v1/auth/login', { body: { login, password }, headers: { 'user-agent': agent } });
  const { status, body, headers } = await list(person.token);
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(body.map(({ device }: { device: string }) => device).slice(0, 6)).toEqual(Object.values(agents).reverse());
  expect(body).toHaveLength(7);
  expect(body[6]).toEqual({
    id: sessionOf(person.token),
    is_current: true,
    account_id: person.accountId,
    method: 'password',
    device: 'node',
    user_agent: expect.any(String),
    ip_address: '127.0.0.1',
    created_at: expect.any(String),
    last_used_at: expect.any(String),
    expires_at: expect.any(String),
  });
  const pages = [await list(person.token, '?limit=4')];
  pages.push(await list(person.token, `?limit=4&before=${pages[0]!.headers.get('x-next-cursor')}`));
  expect(pages.flatMap((page) => page.body)).toEqual(body);
  const stranger = await signUp();
  expect((await list(stranger.token)).body).toHaveLength(1);
  expect(statusAndReason(await list(stranger.token, `?before=${pages[0]!.headers.get('x-next-cursor')}`))).toEqual([400, 'invalid_cursor']);

  const [last] = body;
  await sql(`update refresh_tokens set expires_at = now() - interval '1 second' where session_id = $1`, [last.id]);
  expect((await list(person.token)).body).toHaveLength(6);
  expect((await end(person.token, last.id)).status).toBe(204);
});

test('the time of the last use and of the expiry follow the refreshes, not the rotated tokens', async () => {
  const person = await signUp();
  await sql(`update sessions set last_used_at = last_used_at - interval '1 hour' where user_id = $1`, [person.id]);
  await sql(`update refresh_tokens set expires_at = expires_at - interval '1 hour' where session_id = $1`, [sessionOf(person.token)]);
  const [before] = (await list(person.token)).body;
  const next = await refresh(person.cookie);
  const [after] = (await list(next.body.access_token)).body;
  expect([after.id, after.is_current]).toEqual([before.id, true]);
  expect(Date.parse(after.last_used_at)).toBeGreaterThan(Date.parse(before.last_used_at) + 3_000_000);
  expect(Date.parse(after.expires_at)).toBeGreaterThan(Date.parse(before.expires_at) + 3_000_000);
});

test('ending a session rejects its tokens at once, ends its event streams, and leaves the others alone', async () => {
  const person = await signUp();
  const [phone, laptop] = [await logIn(person), await logIn(person)];
  const runId = await startRun(app, person, await openThread(app, person));
  const stream = await fetch(`${url}/v1/runs/${runId}/events`, { headers: { authorization: `Bearer ${phone.token}` } });
  expect([stream.status, (await me(phone.token)).status]).toEqual([200, 200]);

  const stranger = await signUp();
  const id = sessionOf(phone.token);
  for (const unknown of [id, crypto.randomUUID()]) expect([unknown, (await end(stranger.token, unknown)).status]).toEqual([unknown, 404]);
  const { key } = (await call('POST', '/v1/api-keys', { token: person.token, body: { name: 'k' } })).body;
  expect(statusAndReason(await end(key, id))).toEqual([403, 'api_key_not_allowed']);
  expect((await me(phone.token)).status).toBe(200);

  expect((await end(laptop.token, id)).status).toBe(204);
  expect(statusAndReason(await me(phone.token))).toEqual([401, 'session_revoked']);
  expect(statusAndReason(await refresh(phone.cookie))).toEqual([401, 'session_revoked']);
  expect((await end(laptop.token, id)).status).toBe(204);
  // Ends without the final event, because the run goes on.
  expect(await stream.text()).not.toContain('run.completed');
  expect([(await me(laptop.token)).status, (await refresh(laptop.cookie)).status]).toEqual([200, 200]);
  const entries = await sql(`select * from audit_logs where action = 'session.end' and actor_user_id = $1 and metadata = '{}'`, [
    person.id,
  ]);
  expect(entries).toMatchObject([{ account_id: person.accountId, target_type: 'session', target_id: id }]);

  // The session of the request can be ended as well.
  expect((await end(laptop.token, sessionOf(laptop.token))).status).toBe(204);
  expect(statusAndReason(await me(laptop.token))).toEqual([401, 'session_revoked']);
});

test('ending all other sessions keeps that of the request, and parallel requests end each session once', async () => {
  const person = await signUp();
  const others = [await logIn(person), await logIn(person)];
  const refreshed = await refresh(others[0]!.cookie);
  expect((await call('DELETE', '/v1/me/sessions', { token: person.token })).status).toBe(204);
  for (const token of [others[0]!.token, refreshed.body.access_token, others[1]!.token])
    expect(statusAndReason(await me(token))).toEqual([401, 'session_revoked']);
  expect(statusAndReason(await refresh(cookieOf(refreshed)))).toEqual([401, 'session_revoked']);
  expect((await list(person.token)).body).toMatchObject([{ is_current: true }]);
  const entries = await sql(`select metadata, target_id from audit_logs where action = 'session.end_others' and actor_user_id = $1`, [
    person.id,
  ]);
  expect(entries).toEqual([{ metadata: { ended: 2 }, target_id: person.id }]);

  const { token } = await logIn(person);
  const answers = await Promise.all(Array.from({ length: 6 }, () => end(person.token, sessionOf(token))));
  expect(answers.map(({ status }) => status).sort()).toEqual([204, 204, 204, 204, 204, 204]);
  expect(await sql(`select from audit_logs where action = 'session.end' and target_id = $1`, [sessionOf(token)])).toHaveLength(1);
});
