import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '../../../server/database/database.ts';
import { startApi } from '../../../server/processes/api.ts';
import { callTo, type Person, sharedTestApp, testKeys } from '../../support/app/testApp.ts';
import { openStream } from '../../support/http/events.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';

const app = await sharedTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' });
const { url, call, sql, signUp, promote, joinAccount, config, databaseUrl } = app;
const { refresh, logIn } = sessionCalls(call);

const silentLog = pino({ level: 'silent' });
const from = (ip: string) => ({ 'x-forwarded-for': ip });
const blockedIp = '203.0.113.9';
const allowed = [200, undefined];
const blocked = [403, 'ip_blocked'];
async function add({ token }: Person, type: string, cidr: string): Promise<string> {
  const { status, body, text } = await call('POST', '/v1/ip-rules?force=true', { token, body: { type, cidr } });
  if (status !== 201) throw new Error(`rule: ${status} ${text}`);
  return body.id;
}
const readProfileFrom = async (token: string, ip: string, headers: Record<string, string> = {}) =>
  statusAndReason(await call('GET', '/v1/me', { token, headers: { ...from(ip), ...headers } }));

test('a blocked IP address is rejected for sessions and API keys from the next request on, and its open streams end', async () => {
  const [owner, other] = [await signUp(), await signUp()];
  const { key } = (await call('POST', '/v1/api-keys', { token: owner.token, body: { name: 'k' } })).body;
  const threads = (ip: string) => call('GET', '/v1/threads', { token: key, headers: from(ip) });
  const runId = await startRun(app, owner, await openThread(app, owner));
  const follow = () => openStream(url, runId, { token: owner.token, headers: from(blockedIp) });
  const open = await follow();
  expect([await readProfileFrom(owner.token, blockedIp), (await threads(blockedIp)).status, open.status]).toEqual([allowed, 200, 200]);

  const rule = await add(owner, 'blocklist', '203.0.113.0/24');
  expect([await readProfileFrom(owner.token, blockedIp), statusAndReason(await threads(blockedIp)), (await follow()).status]).toEqual([
    blocked,
    blocked,
    403,
  ]);
  const { body } = await call('GET', '/v1/me', { token: owner.token, headers: from(blockedIp) });
  expect([body.error, body.details]).toEqual(['auth.forbidden', { reason: 'ip_blocked' }]);
  expect(await readProfileFrom(owner.token, `::ffff:${blockedIp}`)).toEqual(blocked);
  for (const ip of ['203.0.114.9', '2001:db8::1', '127.0.0.1']) expect([ip, await readProfileFrom(owner.token, ip)]).toEqual([ip, allowed]);
  expect([(await threads('203.0.114.9')).status, await readProfileFrom(other.token, blockedIp)]).toEqual([200, allowed]);
  await open.ended;
  expect(await sql('select status from runs where id = $1', [runId])).toEqual([{ status: 'running' }]);

  expect((await call('DELETE', `/v1/ip-rules/${rule}`, { token: owner.token })).status).toBe(204);
  expect([await readProfileFrom(owner.token, blockedIp), (await threads(blockedIp)).status]).toEqual([allowed, 200]);
});

test('sign-in, refresh and health endpoints are open to blocked IP addresses', async () => {
  const owner = await signUp();
  await add(owner, 'blocklist', `${blockedIp}/32`);
  const headers = from(blockedIp);
  expect((await call('POST', '/v1/auth/login', { headers, body: { login: owner.login, password: owner.password } })).status).toBe(200);
  expect((await refresh((await logIn(owner)).cookie, headers)).status).toBe(200);
  for (const path of ['/healthz', '/readyz', '/v1/auth/captcha-config'])
    expect((await call('GET', path, { token: owner.token, headers })).status).toBe(200);
  // These endpoints concern the user only, but the session belongs to the account.
  expect(statusAndReason(await call('GET', '/v1/notifications', { token: owner.token, headers }))).toEqual(blocked);
  expect(statusAndReason(await call('POST', '/v1/auth/logout', { token: owner.token, headers, body: {} }))).toEqual(blocked);
});

test('a blocked change is audited with its reason, and a blocked read is not', async () => {
  const owner = await signUp();
  await add(owner, 'blocklist', `${blockedIp}/32`);
  const { body } = await call('POST', '/v1/threads', { token: owner.token, headers: from(blockedIp), body: {} });
  const entries = (traceId: string) =>
    sql('select action, account_id, actor_user_id, ip_address, metadata from audit_logs where trace_id = $1', [traceId]);
  expect(await entries(body.trace_id)).toEqual([
    {
      action: 'thread.create',
      account_id: owner.accountId,
      actor_user_id: owner.id,
      ip_address: blockedIp,
      metadata: { result: 'denied', deny_reason: 'ip_blocked' },
    },
  ]);
  const seen = await call('GET', '/v1/threads', { token: owner.token, headers: from(blockedIp) });
  expect([statusAndReason(seen), await entries(seen.body.trace_id)]).toEqual([blocked, []]);
});

test('the blocklist overrides the allowlist, and an allowlist blocks all other addresses', async () => {
  const owner = await signUp();
  const at = (ip: string) => readProfileFrom(owner.token, ip);
  await add(owner, 'allowlist', '10.0.0.0/8');
  const seen = await Promise.all(['10.1.2.3', '::ffff:10.1.2.3', '11.0.0.1', '2001:db8::1', '::1', '127.0.0.1'].map(at));
  expect(seen).toEqual([allowed, allowed, blocked, blocked, blocked, blocked]);
  const { token } = await signUpAdmin();
  const other = `?account_id=${owner.accountId}`;
  const both = await call('POST', '/v1/ip-rules', {
    token: owner.token,
    headers: from('10.9.9.9'),
    body: { type: 'blocklist', cidr: '10.1.0.0/16' },
  });
  expect([both.status, await at('10.1.2.3'), await at('10.2.2.3')]).toEqual([201, blocked, allowed]);
  await call('POST', '/v1/ip-rules?force=1', {
    token: owner.token,
    headers: from('10.9.9.9'),
    body: { type: 'blocklist', cidr: '10.0.0.0/8' },
  });
  expect([await at('10.1.2.3'), await at('10.2.2.3')]).toEqual([blocked, blocked]);
  const { body: rules } = await call('GET', `/v1/ip-rules${other}`, { token });
  for (const { id } of rules) await call('DELETE', `/v1/ip-rules/${id}${other}`, { token });
  expect(await at('11.0.0.1')).toEqual(allowed);
});

async function signUpAdmin() {
  const person = await signUp();
  await promote(person);
  return person;
}

test('platform admins are exempt from IP rules, their API keys are not', async () => {
  const admin = await signUpAdmin();
  const owner = await signUp();
  await joinAccount(admin, owner, 'member');
  const { key } = (await call('POST', '/v1/api-keys', { token: admin.token, body: { name: 'k' } })).body;
  for (const by of [admin, owner]) await add(by, 'blocklist', `${blockedIp}/32`);
  expect(await readProfileFrom(admin.token, blockedIp)).toEqual(allowed);
  expect(await readProfileFrom(admin.token, blockedIp, { 'x-account-id': owner.accountId })).toEqual(allowed);
  expect(statusAndReason(await call('GET', '/v1/threads', { token: key, headers: from(blockedIp) }))).toEqual(blocked);
});

test('the rules of the active account apply, and non-members get 404', async () => {
  const [owner, guest, stranger] = [await signUp(), await signUp(), await signUp()];
  await joinAccount(guest, owner);
  await add(owner, 'blocklist', `${blockedIp}/32`);
  const there = { 'x-account-id': owner.accountId };
  expect([await readProfileFrom(guest.token, blockedIp), await readProfileFrom(guest.token, blockedIp, there)]).toEqual([allowed, blocked]);
  const { token } = guest;
  expect(statusAndReason(await call('GET', `/v1/accounts/${owner.accountId}`, { token, headers: from(blockedIp) }))).toEqual(blocked);
  expect(await readProfileFrom(stranger.token, blockedIp, there)).toEqual([404, undefined]);
  const inbox = (headers: Record<string, string>) =>
    call('GET', '/v1/notifications', { token: stranger.token, headers: { ...headers, ...there } });
  expect([(await inbox(from(blockedIp))).status, (await inbox({})).status]).toEqual([200, 200]);
  // A suspension takes precedence over IP rules.
  await sql(`update accounts set status = 'suspended' where id = $1`, [owner.accountId]);
  await sql(`select pg_notify('arkloop_access', $1)`, [guest.id]);
  await eventually(async () => (await readProfileFrom(guest.token, '192.0.2.1', there))[1] === 'account_suspended', 'the suspension');
  expect(await readProfileFrom(guest.token, blockedIp, there)).toEqual([403, 'account_suspended']);
});

test('rules apply over time, and after their cache is invalidated or the channel is lost', async () => {
  const owner = await signUp();
  await add(owner, 'blocklist', `${blockedIp}/32`);
  expect(await readProfileFrom(owner.token, blockedIp)).toEqual(blocked);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
  for (let minute = 1; minute <= 10; minute++) {
    vi.setSystemTime(Date.now() + 60_000);
    expect([minute, await readProfileFrom(owner.token, blockedIp), await readProfileFrom(owner.token, '192.0.2.1')]).toEqual([
      minute,
      blocked,
      allowed,
    ]);
  }
  await sql(`select pg_notify('arkloop_changes', $1)`, [`ip_rules ${owner.accountId}`]);
  expect(await readProfileFrom(owner.token, blockedIp)).toEqual(blocked);
  await sql(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'arkloop channel' and datname = current_database()`,
  );
  for (let at = 0; at < 50; at++) expect(await readProfileFrom(owner.token, blockedIp)).toEqual(blocked);
});

test('another process applies a change within one second, and an unannounced one within five', async () => {
  const owner = await signUp();
  const database = openDatabase(databaseUrl, { max: 2, log: silentLog, applicationName: 'another process' });
  const api = await startApi({ config, keys: testKeys, database, databaseUrl, log: silentLog });
  onTestFinished(async () => {
    await api.shutDown();
    await database.close();
  });
  const elsewhere = callTo(api.address);
  const at = async () => (await elsewhere('GET', '/v1/me', { token: owner.token, headers: from(blockedIp) })).status;
  expect(await at()).toBe(200);
  const rule = await add(owner, 'blocklist', `${blockedIp}/32`);
  await eventually(async () => (await at()) === 403, 'the rule elsewhere', 1_000);
  await call('DELETE', `/v1/ip-rules/${rule}`, { token: owner.token });
  await eventually(async () => (await at()) === 200, 'its end elsewhere', 1_000);
  await sql(`insert into ip_rules (account_id, id, type, network) values ($1, gen_random_uuid(), 'blocklist', $2)`, [
    owner.accountId,
    `${blockedIp}/32`,
  ]);
  await eventually(async () => (await at()) === 403, 'what nobody announced', 5_000);
});
