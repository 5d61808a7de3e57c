import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sha256 } from '../../server/platform/crypto/ids.ts';
import { setPlatformSettings } from '../support/app/settings.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { concurrently, expectOne, repeatRace, rowCounter, tally } from '../support/checks/race.ts';
import { sessionCalls } from '../support/http/sessions.ts';
import { openThread } from '../support/resources/conversation.ts';
import { inAccount } from '../support/resources/workspaces.ts';
import { workspaceOf } from '../support/samples/people.ts';

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { call, sql, signUp, joinAccount } = app;
const { logIn } = sessionCalls(call);
const count = rowCounter(app);
const people = await concurrently(11, () => signUp());
const [alice, bob] = people as [Person, Person];

type Act = (account: string, self: Person, other: Person) => ReturnType<typeof call>;
const setRole = (account: string, { token }: Person, { id }: Person) =>
  call('PATCH', `/v1/accounts/${account}/members/${id}`, { token, body: { role: 'member' } });
const remove = (account: string, { token }: Person, { id }: Person) => call('DELETE', `/v1/accounts/${account}/members/${id}`, { token });
const acts: Record<string, Act> = {
  leave: (account, self) => remove(account, self, self),
  'step down': (account, self) => setRole(account, self, self),
  remove,
  demote: setRole,
};

test('of two admins who leave, step down, remove or demote each other concurrently, one stays admin', async () => {
  const names = Object.keys(acts);
  await repeatRace(async (round) => {
    const [first, second] = [names[round % 4]!, names[Math.floor(round / 4) % 4]!];
    const account = await workspaceOf({ app, by: alice });
    await joinAccount(bob, { ...alice, accountId: account }, 'admin');
    const answers = await Promise.all([acts[first]!(account, alice, bob), acts[second]!(account, bob, alice)]);
    const admins = await count(`memberships where account_id = $1 and role = 'admin'`, [account]);
    const done = answers.filter(({ status }) => status < 300).length;
    const outcome = { first, second, answers: tally(answers) };
    for (const { status } of answers) expect(status, JSON.stringify(outcome)).toBeOneOf([200, 204, 403, 404, 409]);
    expect(done, JSON.stringify(outcome)).toBeGreaterThanOrEqual(1);
    expect({ ...outcome, admins }).toEqual({ ...outcome, admins: 1 });
    if (first === second) expect({ ...outcome, done }).toEqual({ ...outcome, done: 1 });
  });
});

test('one of eight concurrent requests gets a slug', async () => {
  const before = await count('accounts');
  const rounds = await repeatRace(async () => {
    const slug = `wanted-${randomBytes(6).toString('hex')}`;
    const body = { slug, name: 'Wanted' };
    const won = expectOne(
      await Promise.all(people.slice(2, 10).map(({ token }) => call('POST', '/v1/accounts', { token, body }))),
      '201',
      '409 slug_taken',
    );
    const { id } = won.body;
    for (const table of ['memberships', 'credit_balances', 'projects'])
      expect([table, await count(`${table} where account_id = $1`, [id])]).toEqual([table, 1]);
    // The number of open workspaces per admin is limited.
    await sql('update accounts set deleted_at = now() where id = $1', [id]);
  });
  expect(await count('accounts')).toBe(before + rounds);
  expect(await count('accounts a where not exists (select from memberships m where m.account_id = a.id)')).toBe(0);
});

test('ten concurrent first reads of an invite code create one code', async () => {
  const person = await signUp();
  const rounds = await repeatRace(async () => {
    await sql('delete from invite_codes where user_id = $1', [person.id]);
    const answers = await concurrently(10, () => call('GET', '/v1/me/invite-code', { token: person.token }));
    expect(tally(answers)).toEqual({ 200: 10 });
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await count('invite_codes where user_id = $1', [person.id])).toBe(1);
  });
  expect(await count(`audit_logs where action = 'invite_code.create' and actor_user_id = $1`, [person.id])).toBe(rounds);
});

test('nine concurrent lists and a sign-in create one missing default project, and all lists show it', async () => {
  const person = await signUp();
  await repeatRace(async () => {
    await sql('delete from projects where owner_user_id = $1', [person.id]);
    const signIn = logIn(person);
    const lists = await concurrently(9, () => call('GET', '/v1/projects', { token: person.token }));
    expect([tally(lists), (await signIn).answer.status]).toEqual([{ 200: 9 }, 200]);
    const [{ id }, ...rest] = await sql('select id from projects where owner_user_id = $1', [person.id]);
    expect(rest).toEqual([]);
    for (const { body } of lists) expect(body.map((project: { id: string }) => project.id)).toEqual([id]);
  });
});

test('ten concurrent first reads of a workspace create one', async () => {
  const { token } = await signUp();
  const [{ id }] = (await call('GET', '/v1/projects', { token })).body;
  await repeatRace(async () => {
    await sql('delete from workspaces where project_id = $1', [id]);
    const answers = await concurrently(10, () => call('GET', `/v1/projects/${id}/workspace`, { token }));
    expect(tally(answers)).toEqual({ 200: 10 });
    expect(await count('workspaces where project_id = $1', [id])).toBe(1);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });
});

test('a team with a limit of two members accepts two of ten concurrent additions', async () => {
  const headers = inAccount(alice.accountId);
  const guests = people.slice(1);
  for (const guest of guests) await joinAccount(guest, alice);
  await setPlatformSettings(app, { 'limit.team_members': 2 });
  const rounds = await repeatRace(async () => {
    const team = (await call('POST', '/v1/teams', { token: alice.token, headers, body: { name: 'Pair' } })).body.id;
    const answers = await Promise.all(
      guests.map(({ id }) =>
        call('POST', `/v1/teams/${team}/members`, { token: alice.token, headers, body: { user_id: id, role: 'member' } }),
      ),
    );
    expect(tally(answers)).toEqual({ 201: 2, '409 quota_exceeded': 8 });
    expect(await count('team_members where team_id = $1', [team])).toBe(2);
  });
  expect(await count(`audit_logs where action = 'team_member.add' and account_id = $1`, [alice.accountId])).toBe(2 * rounds);
});

test('of 50 concurrent starts in one thread, one creates a run, an event and a job', async () => {
  const rounds = await repeatRace(async () => {
    const thread = await openThread(app, bob);
    const answers = await concurrently(50, () => call('POST', `/v1/threads/${thread}/runs`, { token: bob.token }));
    const { run_id: id } = expectOne(answers, '201', '409 thread_busy').body;
    expect(await sql('select id from runs where thread_id = $1', [thread])).toEqual([{ id }]);
    expect(await sql('select type, seq from run_events where run_id = $1', [id])).toEqual([{ type: 'run.started', seq: 1 }]);
    expect(await count('graphile_worker.jobs where key = $1', [`run:${id}`])).toBe(1);
  });
  expect(await count('runs where account_id = $1', [bob.accountId])).toBe(rounds);
  expect(await count('run_events')).toBe(rounds);
});

test('ten concurrent requests with one idempotency key have one effect', async () => {
  const { token, accountId } = await signUp();
  const rounds = await repeatRace(async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await concurrently(10, () => call('POST', '/v1/threads', { token, headers, body: { title: 'once' } }));
    const { 201: made = 0, '409 idempotency_in_progress': early = 0, ...other } = tally(answers);
    expect([made + early, other]).toEqual([10, {}]);
    expect(new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter(({ status, headers: sent }) => status === 201 && !sent.has('idempotent-replayed'))).toHaveLength(1);
  });
  expect(await count('threads where account_id = $1', [accountId])).toBe(rounds);
});

test('a verification token is accepted by one of three concurrent requests', async () => {
  const { id, email } = await signUp();
  const rounds = await repeatRace(async () => {
    const token = randomBytes(32).toString('base64url');
    await sql('delete from email_verifications where user_id = $1', [id]);
    await sql(`insert into email_verifications (user_id, email, token_hash, expires_at) values ($1, $2, $3, now() + interval '1 hour')`, [
      id,
      email,
      sha256(token),
    ]);
    expectOne(
      await concurrently(3, () => call('POST', '/v1/auth/email/verify/confirm', { body: { token, reset_access: true } })),
      '200',
      '400 token_invalid',
    );
  });
  expect(await count(`audit_logs where action = 'user.email_verify' and target_id = $1`, [id])).toBe(rounds);
  expect(await count('email_verifications where user_id = $1', [id])).toBe(0);
});

test('of two concurrent setups one creates the first admin, and the other leaves nothing', async () => {
  const before = await count('users');
  const rounds = await repeatRace(async () => {
    await sql(`delete from platform_settings where key like 'bootstrap.%'`);
    const { token } = (await call('POST', '/v1/bootstrap/init')).body;
    const answers = await concurrently(2, () =>
      call('POST', '/v1/bootstrap/setup', { body: { token, login: `chief-${randomUUID()}`, password: 'Passw0rd-1' } }),
    );
    const won = expectOne(answers, '201', '409 already_initialized');
    expect(await sql(`select value from platform_settings where key = 'bootstrap.platform_admin.user_id'`)).toEqual([
      { value: won.body.user_id },
    ]);
  });
  expect(await count('users')).toBe(before + rounds);
  expect(await count('users where is_platform_admin')).toBe(rounds);
});
