import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chat, type ScriptedResponse } from '../support/agent/vendor.ts';
import type { Answer } from '../support/app/testApp.ts';
import { everyRow, keepJobs } from '../support/checks/everyRow.ts';
import { findLeaks, type Secret } from '../support/checks/leaks.ts';
import { startLeakTestApp } from '../support/checks/leakTestApp.ts';
import { isTerminal, readAll } from '../support/http/events.ts';
import { cookieOf } from '../support/http/sessions.ts';
import { eventually, openThread, startRun } from '../support/resources/conversation.ts';

const tables = [
  'users',
  'credentials',
  'sessions',
  'api_keys',
  'invitations',
  'llm_providers',
  'refresh_tokens',
  'redemptions',
  'login_codes',
  'email_verifications',
  'audit_logs',
];

test('never writes a secret to responses, logs, audit entries, jobs or rows, with and without faults', async () => {
  const place = await startLeakTestApp();
  const { call, keep, fresh, captcha, vendor, database, mailed, failSmtp, captchaAnswers } = place;
  await keepJobs(database());
  const post = (path: string, body: unknown, more: object = {}) => call('POST', path, { body, ...more });
  const signedIn = (answer: Answer & { place: string }) => {
    expect([answer.place, answer.status < 300, answer.text]).toEqual([answer.place, true, answer.text]);
    return { token: answer.body.access_token as string, cookie: cookieOf(answer) };
  };
  const register = async (login: string, more: object = {}) => {
    const password = fresh('password', 'Pw1+/=&é ');
    const body = { login, email: `${login}@example.test`, password, ...captcha(), ...more };
    const answer = await post('/v1/auth/register', body);
    const person = { ...body, ...signedIn(answer), id: answer.body.user_id as string, accountId: '' };
    const link = await mailed(person.email, /verify\S*[?&]token=([\w-]+)|token=([\w-]+)/);
    return { ...person, verification: keep('verification token', link) };
  };
  const logIn = (login: string, password: string) => post('/v1/auth/login', { login, password, ...captcha() });
  const refresh = (cookie: string) => post('/v1/auth/refresh', undefined, { headers: { cookie } });
  const code = async (email: string) => {
    expect((await post('/v1/auth/email/otp/send', { email, ...captcha() })).status).toBe(204);
    return keep('mailed code', await mailed(email, /\n(\d{8})\s/));
  };

  // The first admin.
  const init = await call('POST', '/v1/bootstrap/init');
  const setup = init.body.token as string;
  expect((await call('GET', `/v1/bootstrap/verify/${setup}`)).body.valid).toBe(true);
  await post('/v1/bootstrap/setup', {
    token: fresh('wrong setup token'),
    login: 'root',
    email: 'r@example.test',
    password: fresh('password'),
  });
  signedIn(
    await post('/v1/bootstrap/setup', { token: setup, login: 'root', email: 'root@example.test', password: fresh('password', 'Pw1') }),
  );

  // Every way to sign in.
  failSmtp();
  const alice = await register('alice');
  signedIn(await logIn('alice', alice.password));
  await logIn('alice', fresh('wrong password'));
  await logIn(fresh('password typed as a login'), 'x');
  captchaAnswers.push('echo', 'unknown secret', 'down');
  for (let at = 0; at < 3; at++) await logIn('alice', alice.password);
  const turned = signedIn(await refresh(alice.cookie));
  await database().query(`update refresh_tokens set rotated_at = rotated_at - interval '1 day' where rotated_at is not null`);
  expect((await refresh(alice.cookie)).body.details.reason).toBe('token_reused');
  await refresh(turned.cookie);
  await refresh(`arkloop_refresh_token=${fresh('unknown refresh token')}`);
  await post('/v1/auth/email/otp/verify', { email: alice.email, otp: fresh('wrong code').slice(0, 64) });
  const again = signedIn(await post('/v1/auth/email/otp/verify', { email: alice.email, otp: await code(alice.email), reset_access: true }));
  const resolved = await post('/v1/auth/resolve', { identity: 'alice', ...captcha() });
  const flow = resolved.body.flow_token as string;
  await post('/v1/auth/resolve/otp/send', { flow_token: flow, ...captcha() });
  await post('/v1/auth/resolve/otp/verify', { flow_token: flow, otp: 'wrong-00' });
  await post('/v1/auth/email/verify/confirm', { token: fresh('wrong verification token') });
  expect((await post('/v1/auth/email/verify/confirm', { token: alice.verification, reset_access: true })).status).toBe(200);
  const { token } = again;
  const password = fresh('new password', 'Nw1');
  await post('/v1/me/password', { current_password: fresh('wrong password'), new_password: password }, { token });
  const changed = await post('/v1/me/password', { current_password: alice.password, new_password: password }, { token });
  expect(changed.status).toBeLessThan(300);
  const owner = { ...alice, ...signedIn(await logIn('alice', password)) };

  // API keys. A request repeated with the same idempotency key returns the key again.
  const headers = { 'idempotency-key': 'the-only-one' };
  const made = await post('/v1/api-keys', { name: 'key', scopes: ['data.threads.read'] }, { token: owner.token, headers });
  const repeated = await post('/v1/api-keys', { name: 'key', scopes: ['data.threads.read'] }, { token: owner.token, headers });
  const key = made.body.key as string;
  expect(repeated.body.key).toBe(key);
  expect((await call('GET', '/v1/threads', { token: key })).status).toBe(200);
  await call('GET', '/v1/api-keys', { token: owner.token });
  expect((await call('DELETE', `/v1/api-keys/${made.body.id}`, { token: owner.token })).status).toBe(204);
  expect((await call('GET', '/v1/threads', { token: key })).status).toBe(401);

  // Invitations and codes.
  const workspace = (await post('/v1/accounts', { slug: 'the-workspace', name: 'Work' }, { token: owner.token })).body.id;
  const invite = async (email: string) => {
    const answer = await post(`/v1/accounts/${workspace}/invitations`, { email, role: 'member' }, { token: owner.token });
    return answer.body.token as string;
  };
  const invitation = await invite('bob@example.test');
  const pending = await invite('late@example.test');
  const own = await call('GET', '/v1/me/invite-code', { token: owner.token });
  const inviteCode = keep('invite code', own.body.code, own.place, 'public.invite_codes.code');
  const bob = await register('bob', { invite_code: inviteCode });
  await database().query('update users set email_verified_at = now() where email = $1', [bob.email]);
  await post(`/v1/account-invitations/${pending}/accept`, undefined, { token: bob.token, headers: { 'idempotency-key': 'refused' } });
  const accepted = await post(`/v1/account-invitations/${invitation}/accept`, undefined, {
    token: bob.token,
    headers: { 'idempotency-key': 'accepted' },
  });
  expect(accepted.status).toBe(200);
  await call('GET', `/v1/accounts/${workspace}/invitations`, { token: owner.token });
  const redemption = `RC-${randomBytes(8).toString('hex').toUpperCase()}`;
  await database().query(
    `insert into redemption_codes (id, code, type, value, max_uses) values (gen_random_uuid(), $1, 'credits', '500', 9)`,
    [redemption],
  );
  const redeemed = await post('/v1/me/redeem', { code: redemption }, { token: owner.token });
  keep('redemption code', redemption, 'public.redemption_codes.code', redeemed.place);
  await post('/v1/me/redeem', { code: redemption }, { token: owner.token });

  // A provider whose upstream echoes the key in every field.
  const echo = (value: string): ScriptedResponse =>
    chat.failure(401, { message: `no: ${value}`, type: value, code: value }, { 'x-key': value });
  const provider = { name: 'Vendor', provider: 'openai', base_url: `${vendor.origin}/v1`, openai_api_mode: 'chat_completions' };
  const firstKey = fresh('provider key', 'sk-');
  const { id } = (await post('/v1/llm-providers', { ...provider, api_key: firstKey }, { token: owner.token })).body;
  const path = `/v1/llm-providers/${id}`;
  const model = (await post(`${path}/models`, { model: 'm' }, { token: owner.token })).body.id;
  vendor.respondWith(echo(firstKey), echo(firstKey));
  await call('GET', `${path}/available-models`, { token: owner.token });
  await post(`${path}/models/${model}/test`, undefined, { token: owner.token });
  const secondKey = fresh('provider key', 'sk-');
  expect((await call('PATCH', path, { token: owner.token, body: { api_key: secondKey } })).status).toBe(200);
  await call('GET', '/v1/llm-providers', { token: owner.token });
  for (const answer of [
    echo(secondKey),
    { steps: [`data: ${JSON.stringify({ error: { message: secondKey } })}\n\n`] },
    { steps: [secondKey] },
  ]) {
    vendor.respondWith(answer, answer, answer);
    const run = await startRun({ call }, owner, await openThread({ call }, owner), { route_id: model });
    const events = await eventually(async () => {
      const all = await readAll(place.url, run, owner.token);
      return all.some(isTerminal) && all;
    }, 'the end of the run');
    expect(events.at(-1)?.type).toBe('run.failed');
    await call('GET', `/v1/runs/${run}/events?follow=false`, { token: owner.token });
    await call('GET', `/v1/runs/${run}`, { token: owner.token });
  }

  // Malformed requests, and secrets in fields that are not meant for them.
  const loose = fresh('misplaced secret', 'sk-');
  for (const path of ['/v1/auth/login', '/v1/auth/register', '/v1/llm-providers', '/v1/me/password', '/v1/bootstrap/setup'])
    for (const raw of [`{"password":"${loose}"`, loose, `"${loose}"`, `{"password":{"a":"${loose}"},"api_key":["${loose}"]}`, `[${loose}]`])
      await call('POST', path, { raw, token: owner.token });
  for (const bad of [{ provider: loose }, { base_url: `http://u:${loose}@127.0.0.1:1/` }, { base_url: loose }, { advanced_json: loose }])
    await post('/v1/llm-providers', { ...provider, name: 'Bad', api_key: loose, ...bad }, { token: owner.token });
  await call('GET', `/v1/me?access_token=${loose}&token=${owner.token}`, { token: owner.token });
  await call('GET', `/v1/threads?limit=1&api_key=${loose}`, { token: owner.token });
  await call('GET', `/v1/threads?limit=${loose}&before=${loose}`, { token: owner.token });
  await call('GET', `/nowhere/${loose}?token=${loose}`);
  for (const authorization of [loose, `Basic ${loose}`, `Bearer ${loose}`, `Bearer al_${loose}`])
    await call('GET', '/v1/me', { headers: { authorization } });
  await call('GET', '/v1/me', { token: owner.token, headers: { 'x-trace-id': loose, 'x-account-id': loose } });

  /** Sends every request that contains a secret, to be run with a fault active. */
  const storm = async () => {
    await Promise.all([
      logIn('alice', password),
      refresh(owner.cookie),
      post('/v1/auth/register', { login: 'eve', email: 'eve@example.test', password, invite_code: inviteCode, ...captcha() }),
      post('/v1/auth/email/otp/verify', { email: bob.email, otp: otp, reset_access: true }),
      post('/v1/auth/email/verify/confirm', { token: bob.verification, reset_access: true }),
      post('/v1/me/password', { current_password: bob.password, new_password: fresh('new password', 'Nw2') }, { token: bob.token }),
      post('/v1/api-keys', { name: 'broken' }, { token: owner.token }),
      post('/v1/llm-providers', { ...provider, name: randomBytes(4).toString('hex'), api_key: loose }, { token: owner.token }),
      call('PATCH', path, { token: owner.token, body: { api_key: loose } }),
      post(`/v1/account-invitations/${pending}/accept`, undefined, { token: bob.token }),
      post('/v1/me/redeem', { code: redemption }, { token: bob.token }).then((answer) => {
        if (answer.status === 200) keep('redemption code', redemption, answer.place);
        return answer;
      }),
      call('GET', `/v1/bootstrap/verify/${setup}`),
      call('GET', '/v1/threads', { token: key }),
    ]).then((answers) => statuses.push(...answers.map(({ status }) => status)));
  };
  const otp = await code(bob.email);
  const statuses: number[] = [];
  for (const table of tables) {
    await database().query(`alter table ${table} rename to ${table}_away`);
    await storm();
    await database().query(`alter table ${table}_away rename to ${table}`);
    await database().query(`alter table ${table} add constraint never check (false) not valid`);
    await storm();
    await database().query(`alter table ${table} drop constraint never`);
  }
  expect(statuses).toContain(500);
  const before = await everyRow(database());
  await place.whileDatabaseIsDown(storm);
  expect(statuses).toContain(503);

  const log = place.logLines();
  const rows = [...before, ...(await everyRow(database()))];
  const postgresLog = readFileSync(join(place.dataDir, 'postgres.log'), 'utf8');
  const traces = [...place.answers, ...rows, { place: 'log', text: log.join('\n') }, { place: 'postgres.log', text: postgresLog }];
  traces.push({ place: 'banner', text: place.banner() });

  // Guard against empty collections and a search that finds nothing.
  const kinds = ['log', 'postgres.log', 'pg_stat_activity', 'kept.jobs.job', 'public.run_events.data', 'public.audit_logs.metadata'];
  const sizes = kinds.map((kind) => traces.find((each) => each.place === kind)?.text.length ?? 0);
  expect(Math.min(...sizes), `the sizes of ${kinds}: ${sizes}`).toBeGreaterThan(500);
  expect(rows.map(({ place }) => place)).toEqual(
    expect.arrayContaining(['public.idempotency_keys.body_sealed', 'public.llm_providers.name']),
  );
  const { trace_id: traceId } = JSON.parse(log.findLast((line) => line.includes('a request failed')) ?? '{}');
  expect(postgresLog).toMatch(/execute .*insert into/i);
  expect(postgresLog).not.toMatch(/DETAIL: +parameters/i);
  expect(place.secrets.length).toBeGreaterThan(150);
  const needles: Secret[] = [owner.id, model, traceId, 'rename to users_away'].map((value) => ({
    name: 'needle',
    value,
    shownIn: new Set(),
  }));
  const found = new Set(findLeaks(needles, traces).leaks.map((leak) => leak.place));
  expect([...found]).toEqual(
    expect.arrayContaining(['public.users.id', 'public.audit_logs.actor_user_id', 'public.run_events.data', 'log', 'postgres.log']),
  );
  const { leaks, missed } = findLeaks(place.secrets, traces);
  expect(leaks.map(({ secret, place: where, form, around }) => `${secret} (${form}) in ${where}: ${around}`)).toEqual([]);
  expect(missed).toEqual([]);
});
