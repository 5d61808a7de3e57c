import { beforeAll, expect, test } from 'vitest';
import { type Answer, type Person, startTestApp } from '../../support/app/testApp.ts';
import { duringUncommittedChange, rowCounter, tally } from '../../support/checks/race.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { adminCalls } from '../../support/resources/adminCalls.ts';
import { bodies } from '../../support/samples/bodies.ts';
import { contextOf } from '../../support/samples/context.ts';
import { resources } from '../../support/samples/resources.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote } = app;
const { logIn, me } = sessionCalls(call);
const countRows = rowCounter(app);
const [platformAdmin, secondAdmin] = [await signUp(), await signUp()];
beforeAll(async () => {
  await promote(platformAdmin);
  await promote(secondAdmin);
});
const { change, suspend, remove, get, list, entriesOf } = adminCalls(app, platformAdmin);
const serviceUser = async () => (await list('?q=system_agent')).body[0];

test('admins cannot suspend, delete or demote themselves, but can change their other fields', async () => {
  for (const body of [{ status: 'suspended' }, { is_platform_admin: false }, { username: 'x', is_platform_admin: false }])
    expect([body, statusAndReason(await change(platformAdmin.id, body))]).toEqual([body, [409, 'cannot_modify_self']]);
  expect(statusAndReason(await remove(platformAdmin.id))).toEqual([409, 'cannot_modify_self']);
  expect(await entriesOf('user', platformAdmin.id)).toEqual([]);
  expect((await change(platformAdmin.id, { status: 'active', is_platform_admin: true, username: 'Chief' })).body).toMatchObject({
    status: 'active',
    is_platform_admin: true,
    username: 'Chief',
  });
  expect((await entriesOf('user', platformAdmin.id)).map((entry) => entry.after_state)).toEqual([{ username: 'Chief' }]);
});

test('a stored response is replayed only with the permission of the scope in its body', async () => {
  const former = await signUp();
  await promote(former);
  const body = { persona_key: 'replayed', version: '1', display_name: 'Replayed', prompt_md: 'Be brief.', scope: 'platform' };
  const create = () => call('POST', '/v1/personas', { token: former.token, body, headers: { 'idempotency-key': 'k' } });
  const first = await create();
  expect(first.status).toBe(201);
  expect((await create()).body).toEqual(first.body);
  expect((await change(former.id, { is_platform_admin: false })).status).toBe(200);
  expect(statusAndReason(await create())).toEqual([403, 'missing_permission']);
});

test('the built-in service user is listed but cannot be changed', async () => {
  const before = await serviceUser();
  expect(before).toMatchObject({ login: null, username: 'system_agent', email: null, status: 'active', is_platform_admin: false });
  expect((await get(before.id)).body).toEqual({ ...before, accounts: [] });
  for (const body of [{ status: 'suspended' }, { is_platform_admin: true }, { username: 'x' }, { email: 'system@example.test' }])
    expect([body, statusAndReason(await change(before.id, body))]).toEqual([body, [409, 'system_user']]);
  expect(statusAndReason(await remove(before.id))).toEqual([409, 'system_user']);
  expect(await serviceUser()).toEqual(before);
  expect(await entriesOf('user', before.id)).toEqual([]);
  // The service user is recognized by its ID: a user with the same name can be changed.
  const person = await signUp();
  await change(person.id, { username: 'system_agent' });
  expect((await suspend(person.id)).status).toBe(200);
});

test('only platform admins may suspend or delete users', async () => {
  const [person, other] = [await signUp(), await signUp()];
  for (const answer of [await suspend(other.id, person), await suspend(person.id, person), await remove(other.id, person)])
    expect(statusAndReason(answer)).toEqual([403, 'missing_permission']);
  const [denied] = await sql(`select metadata from audit_logs where action = 'user.delete' and actor_user_id = $1`, [person.id]);
  expect(denied.metadata).toMatchObject({ result: 'denied' });
  expect((await get(other.id)).body.status).toBe('active');
});

/** Ways in which one admin removes the other's rights. */
const removals: Record<string, (target: Person, by: Person) => Promise<Answer>> = {
  suspend: ({ id }, by) => suspend(id, by),
  demote: ({ id }, by) => change(id, { is_platform_admin: false }, by),
};
const names = Object.keys(removals);
const activeAdmins = async () =>
  (await sql(`select id from users where is_platform_admin and status = 'active' and id = any($1)`, [[platformAdmin.id, secondAdmin.id]]))
    .length;

/** Makes the person an active admin again, with a valid token. */
async function restore(person: Person): Promise<Person> {
  await sql(`update users set status = 'active', is_platform_admin = true where id = $1`, [person.id]);
  await sql(`select pg_notify('arkloop_access', $1)`, [person.id]);
  if ((await me(person.token)).status === 200) return person;
  return { ...person, token: (await logIn(person)).token };
}

const loserErrors = ['409 last_platform_admin', '401 session_revoked', '403 missing_permission'];

test('of two admins who suspend or demote each other at once, exactly one succeeds', async () => {
  const outcomes = new Set<string>();
  let [first, second] = [platformAdmin, secondAdmin];
  for (let round = 0; round < 24; round++) {
    [first, second] = [await restore(first), await restore(second)];
    for (const { token } of [first, second])
      await expect.poll(async () => (await call('GET', '/v1/admin/dashboard', { token })).status, { interval: 5 }).toBe(200);
    const [mine, yours] = [names[round % 2]!, names[Math.floor(round / 2) % 2]!];
    const answers = await Promise.all([removals[mine]!(second, first), removals[yours]!(first, second)]);
    const outcome = { mine, yours, answers: tally(answers), admins: await activeAdmins() };
    expect(
      answers.filter(({ status }) => status === 200),
      JSON.stringify(outcome),
    ).toHaveLength(1);
    const [loser] = answers.filter(({ status }) => status !== 200).map((answer) => statusAndReason(answer).join(' '));
    expect(loser, JSON.stringify(outcome)).toBeOneOf(loserErrors);
    expect(outcome.admins).toBe(1);
    outcomes.add(loser!);
  }
  expect([...outcomes]).toContain('409 last_platform_admin');
});

test('what an admin creates for the platform is rejected if they are demoted meanwhile', async () => {
  const [admin, owner] = [await app.signUpAdmin(), await signUp()];
  const maker = await contextOf({ app, by: admin });
  const key = await resources['/v1/admin/service-keys/{service_key_id}']!(maker, {});
  const provider = await resources['/v1/admin/identity-providers/{identity_provider_id}']!(maker, {});
  const slug = `w-${owner.id}`;
  const workspace = (await call('POST', '/v1/accounts', { token: owner.token, body: { slug, name: 'Work' } })).body.id;
  const requests: [method: string, path: string, body?: unknown][] = [
    ['POST', 'identity-providers', await bodies.NewIdentityProvider!(maker, {})],
    ['PATCH', `identity-providers/${provider}`, { registers_users: true }],
    ['POST', 'service-keys', await bodies.NewServiceKey!(maker, {})],
    ['POST', `service-keys/${key}/rotate`, { overlap_seconds: 0 }],
    ['POST', `accounts/${workspace}/erasure`, { slug, current_password: admin.password }],
  ];
  const demotion: [string, unknown[]] = ['update users set is_platform_admin = false where id = $1', [admin.id]];
  // An account has four of the eight connections of the pool.
  for (const some of [requests.slice(0, 3), requests.slice(3)]) {
    await sql('update users set is_platform_admin = true where id = $1', [admin.id]);
    await expect.poll(async () => (await call('GET', '/v1/admin/dashboard', { token: admin.token })).status).toBe(200);
    const send = () => Promise.all(some.map(([method, path, body]) => call(method, `/v1/admin/${path}`, { token: admin.token, body })));
    const answers = await duringUncommittedChange(app, [demotion], send, some.length);
    expect(tally(answers)).toEqual({ '403 missing_permission': some.length });
  }
  expect(await countRows('erasures where account_id = $1', [workspace])).toBe(0);
});

test('an admin suspended while their request waits for the lock has it rejected', async () => {
  const [third, victim] = [await signUp(), await signUp()];
  const [first, second] = [await restore(platformAdmin), await restore(secondAdmin)];
  await promote(third);
  const client = await app.database.pool.connect();
  try {
    // Holds the administration lock: both requests wait for it in the order of arrival.
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(hashtextextended('administration of users', 0))`);
    const waiting = (count: number) =>
      expect.poll(() => countRows(`pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).toBe(count);
    const ending = suspend(second.id, first);
    await waiting(1);
    const acting = suspend(victim.id, second);
    await waiting(2);
    await client.query('commit');
    expect((await ending).status).toBe(200);
    expect(statusAndReason(await acting)).toEqual([401, 'session_revoked']);
  } finally {
    client.release();
  }
  expect(await sql('select status from users where id = $1', [victim.id])).toEqual([{ status: 'active' }]);
});
