import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { duringUncommittedChange } from '../../support/checks/race.ts';
import { openStream } from '../../support/http/events.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { cookieOf, sessionCalls } from '../../support/http/sessions.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote, joinAccount, url } = app;
const { openWorkspace, addMember, endow } = workspaceCalls(app);
const { refresh } = sessionCalls(call);

const list = ({ token }: Person, id: string, query = '') => call('GET', `/v1/accounts/${id}/members${query}`, { token });
const setRole = ({ token }: Person, id: string, userId: string, role: unknown) =>
  call('PATCH', `/v1/accounts/${id}/members/${userId}`, { token, body: { role } });
const remove = ({ token }: Person, id: string, userId: string) => call('DELETE', `/v1/accounts/${id}/members/${userId}`, { token });
const unknownId = '01890000-0000-7000-8000-000000000000';

/** A workspace of an admin with members. */
async function workspace(members = 1) {
  const people = await Promise.all(Array.from({ length: members + 1 }, () => signUp()));
  const [admin, ...others] = people as [Person, ...Person[]];
  const { id } = await openWorkspace(admin);
  for (const person of others) await addMember(admin, id, person);
  return { id, admin, others };
}

test('members are listed newest first in pages, and only for admins', async () => {
  const { id, admin, others } = await workspace(4);
  const all = await list(admin, id);
  expect(all.body.map(({ user_id: user }: { user_id: string }) => user)).toEqual([...others.reverse(), admin].map((person) => person.id));
  expect(all.body.at(-1)).toEqual({
    account_id: id,
    user_id: admin.id,
    username: admin.login,
    email: admin.email,
    role: 'admin',
    second_factor: 'none',
    created_at: expect.stringMatching(/Z$/),
  });
  const first = await list(admin, id, '?limit=3');
  const cursor = first.headers.get('x-next-cursor');
  const rest = await list(admin, id, `?limit=3&before=${cursor}`);
  expect([...first.body, ...rest.body]).toEqual(all.body);
  expect(rest.headers.get('link')).toBeNull();
  const other = await openWorkspace(admin);
  expect((await list(admin, other.id, `?before=${cursor}`)).status).toBe(400);
  expect(statusAndReason(await list(others[0]!, id))).toEqual([403, 'missing_permission']);
});

test('a member can leave but cannot remove others, and errors do not reveal who is a member', async () => {
  const { id, others } = await workspace(2);
  const [member, other] = others as [Person, Person];
  for (const target of [other.id, unknownId, member.id.replace(/^./, 'f')])
    expect(statusAndReason(await remove(member, id, target))).toEqual([403, 'missing_permission']);
  for (const target of [other.id, unknownId])
    expect(statusAndReason(await setRole(member, id, target, 'admin'))).toEqual([403, 'missing_permission']);
  expect(statusAndReason(await setRole(member, id, member.id, 'admin'))).toEqual([403, 'missing_permission']);
  const denied = await sql(`select metadata from audit_logs where account_id = $1 and action = 'account_member.remove'`, [id]);
  expect(denied[0]!.metadata).toEqual({ result: 'denied', deny_reason: 'missing_permission', permission: 'account.members.list' });
  expect((await remove(member, id, member.id.toUpperCase())).status).toBe(204);
  expect((await remove(member, id, member.id)).status).toBe(404);
  expect((await call('GET', '/v1/threads', { token: member.token, headers: inAccount(id) })).status).toBe(404);
  await sql(`update memberships set role = 'legacy_role' where account_id = $1 and user_id = $2`, [id, other.id]);
  expect((await remove(other, id, other.id)).status).toBe(204);
});

test('a role change applies to the next request with the same token', async () => {
  const { id, admin, others } = await workspace();
  const [member] = others as [Person];
  const role = async () => (await call('GET', '/v1/me', { token: member.token, headers: inAccount(id) })).body.role;
  expect([await role(), (await list(member, id)).status]).toEqual(['member', 403]);
  const promoted = await setRole(admin, id, member.id, 'admin');
  expect([promoted.status, promoted.body]).toMatchObject([200, { user_id: member.id, role: 'admin', email: member.email }]);
  expect([await role(), (await list(member, id)).status]).toEqual(['admin', 200]);
  expect((await setRole(admin, id, member.id, 'member')).body.role).toBe('member');
  expect([await role(), (await list(member, id)).status]).toEqual(['member', 403]);
  for (const bad of ['owner', 'platform_admin', 'system_agent', 'ADMIN', '', null, undefined, ['admin'], 1])
    expect([bad, (await setRole(admin, id, member.id, bad)).status]).toEqual([bad, 400]);
  for (const target of [unknownId, (await signUp()).id]) expect((await setRole(admin, id, target, 'admin')).status).toBe(404);
  const [entry] = await sql(`select * from audit_logs where account_id = $1 and action = 'account_member.update' order by id limit 1`, [
    id,
  ]);
  expect(entry).toMatchObject({
    actor_user_id: admin.id,
    target_type: 'user',
    target_id: member.id,
    before_state: { role: 'member' },
    after_state: { role: 'admin' },
  });
});

test('the last admin of an account cannot leave or be demoted', async () => {
  const { id, admin, others } = await workspace();
  const [member] = others as [Person];
  expect(statusAndReason(await setRole(admin, id, admin.id, 'member'))).toEqual([409, 'last_admin']);
  expect(statusAndReason(await remove(admin, id, admin.id))).toEqual([409, 'last_admin']);
  expect((await setRole(admin, id, admin.id, 'admin')).status).toBe(200);
  await setRole(admin, id, member.id, 'admin');
  expect((await remove(member, id, admin.id)).status).toBe(204);
  expect(statusAndReason(await remove(member, id, member.id))).toEqual([409, 'last_admin']);
});

test('of admins who leave, demote or remove each other at once, one stays admin', async () => {
  for (const [first, second] of [
    ['leave', 'leave'],
    ['step down', 'step down'],
    ['leave', 'step down'],
    ['remove', 'remove'],
    ['demote', 'remove'],
  ]) {
    const { id, admin: a, others } = await workspace();
    const [b] = others as [Person];
    await setRole(a, id, b.id, 'admin');
    const act = (how: string | undefined, self: Person, other: Person) =>
      how === 'leave'
        ? remove(self, id, self.id)
        : how === 'step down'
          ? setRole(self, id, self.id, 'member')
          : how === 'remove'
            ? remove(self, id, other.id)
            : setRole(self, id, other.id, 'member');
    const answers = await Promise.all([act(first, a, b), act(second, b, a)]);
    const done = answers.filter(({ status }) => status < 300);
    expect([first, second, done.length]).toEqual([first, second, 1]);
    const [lost] = answers.filter(({ status }) => status >= 300);
    expect([409, 403, 404]).toContain(lost!.status);
    if (first === 'leave' || first === 'step down') expect(statusAndReason(lost!)).toEqual([409, 'last_admin']);
    expect(await sql(`select count(*)::int as n from memberships where account_id = $1 and role = 'admin'`, [id])).toEqual([{ n: 1 }]);
  }
});

test('removing a member cancels their open runs, also one that is being started, and those of others go on', async () => {
  const { id, admin, others } = await workspace();
  await endow(id);
  const member = others[0]!;
  const inWorkspace = async (person: Person) => {
    const { body } = await refresh(person.cookie, inAccount(id));
    return { ...person, token: body.access_token as string };
  };
  const [hers, theirs] = [await inWorkspace(admin), await inWorkspace(member)];
  const [kept, ended, leased] = [
    await startRun(app, hers, await openThread(app, hers)),
    await startRun(app, theirs, await openThread(app, theirs)),
    await startRun(app, theirs, await openThread(app, theirs)),
  ];
  const thread = await openThread(app, theirs);
  await sql('update runs set attempt = 1 where id = $1', [leased]);
  expect((await remove(hers, id, member.id)).status).toBe(204);
  expect(new Map((await sql('select id, status from runs where account_id = $1', [id])).map((run) => [run.id, run.status]))).toEqual(
    new Map([
      [kept, 'running'],
      [ended, 'cancelled'],
      [leased, 'cancelling'],
    ]),
  );
  await addMember(hers, id, member);
  const end: [string, unknown[]][] = [
    ['delete from memberships where account_id = $1 and user_id = $2', [id, member.id]],
    [`select pg_advisory_xact_lock(hashtextextended('run slots ' || $1::uuid::text, 0))`, [id]],
  ];
  const late = await duringUncommittedChange(app, end, () => call('POST', `/v1/threads/${thread}/runs`, { token: theirs.token, body: {} }));
  expect(statusAndReason(late)).toEqual([404, undefined]);
  expect(await sql('select id from runs where thread_id = $1', [thread])).toEqual([]);
});

test('in a personal account no member can leave, be removed or be changed', async () => {
  const [host, guest] = [await signUp(), await signUp()];
  await joinAccount(guest, host);
  for (const target of [host.id, guest.id]) {
    expect(statusAndReason(await remove(host, host.accountId, target))).toEqual([409, 'personal_account']);
    expect(statusAndReason(await setRole(host, host.accountId, target, 'member'))).toEqual([409, 'personal_account']);
  }
  expect(statusAndReason(await remove(guest, host.accountId, guest.id))).toEqual([409, 'personal_account']);
});

test('a removal ends access, keys, streams and replayed responses at once, and rejoining restores no key', async () => {
  const { id, admin, others } = await workspace();
  const [member] = others as [Person];
  await endow(id);
  const here = inAccount(id);
  const { key } = (await call('POST', '/v1/api-keys', { token: member.token, headers: here, body: { name: 'k' } })).body;
  const kept = (await call('POST', '/v1/api-keys', { token: member.token, body: { name: 'k' } })).body.key;
  const repeat = () =>
    call('POST', '/v1/threads', { token: member.token, headers: { ...here, 'idempotency-key': 'same' }, body: { title: 't' } });
  expect([(await repeat()).status, (await repeat()).headers.get('idempotent-replayed')]).toEqual([201, 'true']);
  const team = (await call('POST', '/v1/teams', { token: admin.token, headers: here, body: { name: 'T' } })).body.id;
  await call('POST', `/v1/teams/${team}/members`, { token: admin.token, headers: here, body: { user_id: member.id, role: 'member' } });
  const switched = await refresh(member.cookie, here);
  const inside = switched.body.access_token as string;
  const threadId = await openThread({ call }, { ...member, token: inside });
  const run = (await call('POST', `/v1/threads/${threadId}/runs`, { token: inside, body: {} })).body.run_id;
  const streams = await Promise.all([inside, key].map((token) => openStream(url, run, { token })));
  for (const stream of streams) await stream.until(({ type }) => type === 'run.started');

  expect((await remove(admin, id, member.id)).status).toBe(204);
  expect((await call('GET', '/v1/threads', { token: member.token, headers: here })).status).toBe(404);
  expect(statusAndReason(await call('GET', '/v1/threads', { token: inside }))).toEqual([403, 'no_account_membership']);
  expect(statusAndReason(await call('GET', '/v1/threads', { token: key }))).toEqual([401, 'invalid_token']);
  expect((await call('GET', '/v1/threads', { token: kept })).status).toBe(200);
  expect((await repeat()).status).toBe(404);
  const began = Date.now();
  await Promise.all(streams.map(({ ended }) => ended));
  expect(Date.now() - began).toTakeLessThan(5_000);
  const teamMembers = await call('GET', `/v1/teams/${team}/members`, { token: admin.token, headers: here });
  expect(teamMembers.body).toEqual([]);
  expect(await sql('select status from runs where id = $1', [run])).toEqual([{ status: 'cancelled' }]);
  expect(await sql('select active_account_id from sessions where user_id = $1', [member.id])).toEqual([
    { active_account_id: member.accountId },
  ]);
  const home = (await refresh(cookieOf(switched))).body.access_token;
  expect((await call('GET', '/v1/me', { token: home })).body.account_id).toBe(member.accountId);
  const [entry] = await sql(`select * from audit_logs where account_id = $1 and action = 'account_member.remove'`, [id]);
  expect(entry).toMatchObject({ actor_user_id: admin.id, target_type: 'user', target_id: member.id, before_state: { role: 'member' } });

  await addMember(admin, id, member);
  expect((await call('GET', '/v1/threads', { token: member.token, headers: here })).body).toHaveLength(2);
  expect((await call('GET', '/v1/threads', { token: key })).status).toBe(401);
  expect((await call('GET', `/v1/teams/${team}/members`, { token: admin.token, headers: here })).body).toEqual([]);
});

test('no key created during the removal of its owner stays valid', async () => {
  const { id, admin, others } = await workspace(3);
  const answers = await Promise.all(
    others.flatMap((member) => [
      ...Array.from({ length: 3 }, () =>
        call('POST', '/v1/api-keys', { token: member.token, headers: inAccount(id), body: { name: 'k' } }),
      ),
      remove(admin, id, member.id),
    ]),
  );
  expect(answers.map(({ status }) => status).filter((status) => ![201, 204, 404].includes(status))).toEqual([]);
  expect(await sql('select from api_keys where account_id = $1 and revoked_at is null', [id])).toEqual([]);
});

test('a key creation that waits while the membership ends is rejected', async () => {
  const { id, others } = await workspace();
  const [member] = others as [Person];
  const make = () => call('POST', '/v1/api-keys', { token: member.token, headers: inAccount(id), body: { name: 'k' } });
  const client = await app.database.pool.connect();
  try {
    await client.query('begin');
    await client.query('delete from memberships where account_id = $1 and user_id = $2', [id, member.id]);
    const making = make();
    await new Promise((done) => setTimeout(done, 200));
    await client.query('commit');
    expect((await making).status).toBe(404);
  } finally {
    client.release();
  }
  expect(await sql('select from api_keys where account_id = $1', [id])).toEqual([]);
});

test('a platform admin is no member of other accounts, and counts as the last admin of their own', async () => {
  const [chief, stranger] = [await signUp(), await signUp()];
  await promote(chief);
  const { id } = await openWorkspace(chief);
  expect((await remove(stranger, id, chief.id)).status).toBe(404);
  expect(statusAndReason(await remove(chief, id, chief.id))).toEqual([409, 'last_admin']);
  const theirs = await openWorkspace(stranger);
  expect((await list(chief, theirs.id)).status).toBe(404);
});
