import { beforeAll, expect, test } from 'vitest';
import { adminCalls } from '../setup/adminCalls.ts';
import { counter, tally } from '../setup/race.ts';
import { reason, sessionCalls } from '../setup/sessions.ts';
import { type Answer, type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const { call, sql, signUp, promote } = world;
const { logIn, me } = sessionCalls(call);
const waiters = counter(world);
const [chief, deputy] = [await signUp(), await signUp()];
beforeAll(async () => {
  await promote(chief);
  await promote(deputy);
});
const { change, suspend, remove, get, list, entriesOf } = adminCalls(world, chief);
const serviceUser = async () => (await list('?q=system_agent')).body[0];

test('nobody suspends or deletes himself or gives his own right away; the rest of himself he may change', async () => {
  for (const body of [{ status: 'suspended' }, { is_platform_admin: false }, { username: 'x', is_platform_admin: false }])
    expect([body, reason(await change(chief.id, body))]).toEqual([body, [409, 'cannot_modify_self']]);
  expect(reason(await remove(chief.id))).toEqual([409, 'cannot_modify_self']);
  expect(await entriesOf('user', chief.id)).toEqual([]);
  expect((await change(chief.id, { status: 'active', is_platform_admin: true, username: 'Chief' })).body).toMatchObject({
    status: 'active',
    is_platform_admin: true,
    username: 'Chief',
  });
  expect((await entriesOf('user', chief.id)).map((entry) => entry.after_state)).toEqual([{ username: 'Chief' }]);
});

test('the built-in service user is seen and stays as it is', async () => {
  const before = await serviceUser();
  expect(before).toMatchObject({ login: null, username: 'system_agent', email: null, status: 'active', is_platform_admin: false });
  expect((await get(before.id)).body).toEqual({ ...before, accounts: [] });
  for (const body of [{ status: 'suspended' }, { is_platform_admin: true }, { username: 'x' }, { email: 'system@example.test' }])
    expect([body, reason(await change(before.id, body))]).toEqual([body, [409, 'system_user']]);
  expect(reason(await remove(before.id))).toEqual([409, 'system_user']);
  expect(await serviceUser()).toEqual(before);
  expect(await entriesOf('user', before.id)).toEqual([]);
  // It is known by what it is: a person of the same name is a person.
  const person = await signUp();
  await change(person.id, { username: 'system_agent' });
  expect((await suspend(person.id)).status).toBe(200);
});

test('who is no admin of the platform may do none of it', async () => {
  const [person, other] = [await signUp(), await signUp()];
  for (const answer of [await suspend(other.id, person), await suspend(person.id, person), await remove(other.id, person)])
    expect(reason(answer)).toEqual([403, 'missing_permission']);
  const [denied] = await sql(`select metadata from audit_logs where action = 'user.delete' and actor_user_id = $1`, [person.id]);
  expect(denied.metadata).toMatchObject({ result: 'denied' });
  expect((await get(other.id)).body.status).toBe('active');
});

/** What two admins do to each other. */
const acts: Record<string, (target: Person, by: Person) => Promise<Answer>> = {
  suspend: ({ id }, by) => suspend(id, by),
  demote: ({ id }, by) => change(id, { is_platform_admin: false }, by),
};
const names = Object.keys(acts);
const activeAdmins = async () =>
  (await sql(`select id from users where is_platform_admin and status = 'active' and id = any($1)`, [[chief.id, deputy.id]])).length;

/** Both are admins again, with tokens that are good. */
async function restore(person: Person): Promise<Person> {
  await sql(`update users set status = 'active', is_platform_admin = true where id = $1`, [person.id]);
  await sql(`select pg_notify('arkloop_access', $1)`, [person.id]);
  if ((await me(person.token)).status === 200) return person;
  return { ...person, token: (await logIn(person)).token };
}

const lost = ['409 last_platform_admin', '401 session_revoked', '403 missing_permission'];

test('of two admins who suspend or demote each other at once one wins, every time', async () => {
  const outcomes = new Set<string>();
  let [first, second] = [chief, deputy];
  for (let round = 0; round < 24; round++) {
    [first, second] = [await restore(first), await restore(second)];
    for (const { token } of [first, second])
      await expect.poll(async () => (await call('GET', '/v1/admin/dashboard', { token })).status, { interval: 5 }).toBe(200);
    const [mine, yours] = [names[round % 2]!, names[Math.floor(round / 2) % 2]!];
    const answers = await Promise.all([acts[mine]!(second, first), acts[yours]!(first, second)]);
    const outcome = { mine, yours, answers: tally(answers), admins: await activeAdmins() };
    expect(
      answers.filter(({ status }) => status === 200),
      JSON.stringify(outcome),
    ).toHaveLength(1);
    const [loser] = answers.filter(({ status }) => status !== 200).map((answer) => reason(answer).join(' '));
    expect(loser, JSON.stringify(outcome)).toBeOneOf(lost);
    expect(outcome.admins).toBe(1);
    outcomes.add(loser!);
  }
  expect([...outcomes]).toContain('409 last_platform_admin');
});

test('an admin whose right ends while his request waits does nothing with it', async () => {
  const [third, victim] = [await signUp(), await signUp()];
  const [first, second] = [await restore(chief), await restore(deputy)];
  await promote(third);
  const client = await world.database.pool.connect();
  try {
    // Somebody else is administering users: both wait for their turn, in the order in which they came.
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(hashtextextended('administration of users', 0))`);
    const waiting = (count: number) =>
      expect
        .poll(() => waiters(`pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`), { timeout: 5_000 })
        .toBe(count);
    const ending = suspend(second.id, first);
    await waiting(1);
    const acting = suspend(victim.id, second);
    await waiting(2);
    await client.query('commit');
    expect((await ending).status).toBe(200);
    expect(reason(await acting)).toEqual([401, 'session_revoked']);
  } finally {
    client.release();
  }
  expect(await sql('select status from users where id = $1', [victim.id])).toEqual([{ status: 'active' }]);
});
