import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startApi } from '../../server/api.ts';
import { openDatabase } from '../../server/db/database.ts';
import { eventually, openThread, startRun } from '../setup/conversation.ts';
import { openStream } from '../setup/events.ts';
import { reason, sessionCalls } from '../setup/sessions.ts';
import { callTo, type Person, startWorld, testKeys } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' }, { worker: false });
const { url, call, sql, signUp, promote, join, config, databaseUrl } = world;
const { refresh, logIn } = sessionCalls(call);

const silent = pino({ level: 'silent' });
const from = (ip: string) => ({ 'x-forwarded-for': ip });
const bad = '203.0.113.9';
const allowed = [200, undefined];
const blocked = [403, 'ip_blocked'];
async function add({ token }: Person, type: string, cidr: string): Promise<string> {
  const { status, body, text } = await call('POST', '/v1/ip-rules?force=true', { token, body: { type, cidr } });
  if (status !== 201) throw new Error(`rule: ${status} ${text}`);
  return body.id;
}
const look = async (token: string, ip: string, headers: Record<string, string> = {}) =>
  reason(await call('GET', '/v1/me', { token, headers: { ...from(ip), ...headers } }));

test('an address that is kept out can use neither sessions nor keys, nor follow runs, from the next request on', async () => {
  const [owner, other] = [await signUp(), await signUp()];
  const { key } = (await call('POST', '/v1/api-keys', { token: owner.token, body: { name: 'k' } })).body;
  const threads = (ip: string) => call('GET', '/v1/threads', { token: key, headers: from(ip) });
  const runId = await startRun(world, owner, await openThread(world, owner));
  const follow = () => openStream(url, runId, { token: owner.token, headers: from(bad) });
  const open = await follow();
  expect([await look(owner.token, bad), (await threads(bad)).status, open.status]).toEqual([allowed, 200, 200]);

  const rule = await add(owner, 'blocklist', '203.0.113.0/24');
  expect([await look(owner.token, bad), reason(await threads(bad)), (await follow()).status]).toEqual([blocked, blocked, 403]);
  const { body } = await call('GET', '/v1/me', { token: owner.token, headers: from(bad) });
  expect([body.error, body.details]).toEqual(['auth.forbidden', { reason: 'ip_blocked' }]);
  expect(await look(owner.token, `::ffff:${bad}`)).toEqual(blocked);
  for (const ip of ['203.0.114.9', '2001:db8::1', '127.0.0.1']) expect([ip, await look(owner.token, ip)]).toEqual([ip, allowed]);
  expect([(await threads('203.0.114.9')).status, await look(other.token, bad)]).toEqual([200, allowed]);
  // Streams that are open go on.
  expect(await Promise.race([open.ended.then(() => 'over'), new Promise((done) => setTimeout(done, 5_000, 'open'))])).toBe('open');
  open.close();

  expect((await call('DELETE', `/v1/ip-rules/${rule}`, { token: owner.token })).status).toBe(204);
  expect([await look(owner.token, bad), (await threads(bad)).status]).toEqual([allowed, 200]);
});

test('whoever has not said yet which account it is gets through, and the probes', async () => {
  const owner = await signUp();
  await add(owner, 'blocklist', `${bad}/32`);
  const headers = from(bad);
  expect((await call('POST', '/v1/auth/login', { headers, body: { login: owner.login, password: owner.password } })).status).toBe(200);
  expect((await refresh((await logIn(owner)).cookie, headers)).status).toBe(200);
  for (const path of ['/healthz', '/readyz', '/v1/auth/captcha-config'])
    expect((await call('GET', path, { token: owner.token, headers })).status).toBe(200);
  // Of the user alone, but with a session that is in the account.
  expect(reason(await call('GET', '/v1/notifications', { token: owner.token, headers }))).toEqual(blocked);
  expect(reason(await call('POST', '/v1/auth/logout', { token: owner.token, headers, body: {} }))).toEqual(blocked);
});

test('a refused change leaves an entry that says why, a refused look none', async () => {
  const owner = await signUp();
  await add(owner, 'blocklist', `${bad}/32`);
  const { body } = await call('POST', '/v1/threads', { token: owner.token, headers: from(bad), body: {} });
  const entries = (traceId: string) =>
    sql('select action, account_id, actor_user_id, ip_address, metadata from audit_logs where trace_id = $1', [traceId]);
  expect(await entries(body.trace_id)).toEqual([
    {
      action: 'thread.create',
      account_id: owner.accountId,
      actor_user_id: owner.id,
      ip_address: bad,
      metadata: { result: 'denied', deny_reason: 'ip_blocked' },
    },
  ]);
  const seen = await call('GET', '/v1/threads', { token: owner.token, headers: from(bad) });
  expect([reason(seen), await entries(seen.body.trace_id)]).toEqual([blocked, []]);
});

test('the blocklist counts more, and with an allowlist only what is in it passes', async () => {
  const owner = await signUp();
  const at = (ip: string) => look(owner.token, ip);
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

test('admins of the platform pass everywhere, their keys do not', async () => {
  const admin = await signUpAdmin();
  const owner = await signUp();
  await join(admin, owner, 'member');
  const { key } = (await call('POST', '/v1/api-keys', { token: admin.token, body: { name: 'k' } })).body;
  for (const by of [admin, owner]) await add(by, 'blocklist', `${bad}/32`);
  expect(await look(admin.token, bad)).toEqual(allowed);
  expect(await look(admin.token, bad, { 'x-account-id': owner.accountId })).toEqual(allowed);
  expect(reason(await call('GET', '/v1/threads', { token: key, headers: from(bad) }))).toEqual(blocked);
});

test('rules are those of the account that is used, and who is not of it learns nothing of them', async () => {
  const [owner, guest, stranger] = [await signUp(), await signUp(), await signUp()];
  await join(guest, owner);
  await add(owner, 'blocklist', `${bad}/32`);
  const there = { 'x-account-id': owner.accountId };
  expect([await look(guest.token, bad), await look(guest.token, bad, there)]).toEqual([allowed, blocked]);
  const { token } = guest;
  expect(reason(await call('GET', `/v1/accounts/${owner.accountId}`, { token, headers: from(bad) }))).toEqual(blocked);
  expect(await look(stranger.token, bad, there)).toEqual([404, undefined]);
  const inbox = (headers: Record<string, string>) =>
    call('GET', '/v1/notifications', { token: stranger.token, headers: { ...headers, ...there } });
  expect([(await inbox(from(bad))).status, (await inbox({})).status]).toEqual([200, 200]);
  // Suspension is told first.
  await sql(`update accounts set status = 'suspended' where id = $1`, [owner.accountId]);
  await sql(`select pg_notify('arkloop_access', $1)`, [guest.id]);
  await eventually(async () => (await look(guest.token, '192.0.2.1', there))[1] === 'account_suspended', 'the suspension');
  expect(await look(guest.token, bad, there)).toEqual([403, 'account_suspended']);
});

test('rules hold while nothing happens, and when all that was remembered of them is gone', async () => {
  const owner = await signUp();
  await add(owner, 'blocklist', `${bad}/32`);
  expect(await look(owner.token, bad)).toEqual(blocked);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
  for (let minute = 1; minute <= 10; minute++) {
    vi.setSystemTime(Date.now() + 60_000);
    expect([minute, await look(owner.token, bad), await look(owner.token, '192.0.2.1')]).toEqual([minute, blocked, allowed]);
  }
  await sql(`select pg_notify('arkloop_changes', $1)`, [`ip_rules ${owner.accountId}`]);
  expect(await look(owner.token, bad)).toEqual(blocked);
  await sql(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'arkloop channel' and datname = current_database()`,
  );
  for (let at = 0; at < 50; at++) expect(await look(owner.token, bad)).toEqual(blocked);
});

test('another process hears of a change within a second, and within five even of one that nobody announced', async () => {
  const owner = await signUp();
  const database = openDatabase(databaseUrl, { max: 2, log: silent, applicationName: 'another process' });
  const api = await startApi({ config, keys: testKeys, database, databaseUrl, log: silent });
  onTestFinished(async () => {
    await api.shutDown();
    await database.close();
  });
  const elsewhere = callTo(api.address);
  const at = async () => (await elsewhere('GET', '/v1/me', { token: owner.token, headers: from(bad) })).status;
  expect(await at()).toBe(200);
  const rule = await add(owner, 'blocklist', `${bad}/32`);
  await eventually(async () => (await at()) === 403, 'the rule elsewhere', 1_000);
  await call('DELETE', `/v1/ip-rules/${rule}`, { token: owner.token });
  await eventually(async () => (await at()) === 200, 'its end elsewhere', 1_000);
  await sql(`insert into ip_rules (account_id, id, type, network) values ($1, gen_random_uuid(), 'blocklist', $2)`, [
    owner.accountId,
    `${bad}/32`,
  ]);
  await eventually(async () => (await at()) === 403, 'what nobody announced', 5_000);
});
