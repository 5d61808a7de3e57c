import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp } = app;
const { openWorkspace, addMember } = workspaceCalls(app);
const unknownId = '01890000-0000-7000-8000-000000000000';

/** Calls to `/v1/teams` in one account. */
const teamsIn = (id: string) => {
  const headers = inAccount(id);
  const send = (method: string, { token }: Person, path = '', body?: unknown) =>
    call(method, `/v1/teams${path}`, { token, headers, ...(body !== undefined && { body }) });
  return {
    send,
    create: async (by: Person, name = 'Team') => (await send('POST', by, '', { name })).body as { id: string; members_count: number },
    add: (by: Person, team: string, user: unknown, role: unknown = 'member') =>
      send('POST', by, `/${team}/members`, { user_id: user, role }),
    remove: (by: Person, team: string, user: string) => send('DELETE', by, `/${team}/members/${user}`),
    members: async (by: Person, team: string) => (await send('GET', by, `/${team}/members`)).body,
    counts: async (by: Person) => (await send('GET', by)).body.map((team: { members_count: number }) => team.members_count),
  };
};

/** A workspace of an admin with members. */
async function workspace(members = 2) {
  const people = await Promise.all(Array.from({ length: members + 1 }, () => signUp()));
  const [admin, ...others] = people as [Person, Person, Person];
  const { id } = await openWorkspace(admin);
  for (const person of others) await addMember(admin, id, person);
  return { id, admin, others: others as [Person, Person], ...teamsIn(id) };
}

const setLimit = (limit: number) => setPlatformSettings(app, { 'limit.team_members': limit });

describe('team members', () => {
  test('can be added, changed and removed, and are counted', async () => {
    const { admin, others, send, create, add, remove, members, counts, id } = await workspace();
    const team = await create(admin, ' Team ');
    expect(team).toMatchObject({ account_id: id, name: 'Team', members_count: 0 });
    expect(await counts(admin)).toEqual([0]);
    const [first, second] = others;
    const added = await add(admin, team.id, first.id);
    expect([added.status, added.body]).toMatchObject([201, { team_id: team.id, user_id: first.id, role: 'member' }]);
    expect((await add(admin, team.id, second.id.toUpperCase(), 'admin')).status).toBe(201);
    expect(await counts(first)).toEqual([2]);
    expect((await members(second, team.id)).map((member: { user_id: string }) => member.user_id)).toEqual([second.id, first.id]);
    const changed = await add(admin, team.id, first.id, 'admin');
    expect([changed.status, changed.body]).toEqual([200, { ...added.body, role: 'admin' }]);
    expect((await remove(admin, team.id, second.id)).status).toBe(204);
    expect((await remove(admin, team.id, second.id)).status).toBe(404);
    expect(await counts(admin)).toEqual([1]);
    const entries = await sql(`select action, metadata from audit_logs where target_id = $1 and target_type = 'team' order by id`, [
      team.id,
    ]);
    expect(entries).toEqual([
      { action: 'team.create', metadata: { name: 'Team' } },
      { action: 'team_member.add', metadata: { user_id: first.id, role: 'member' } },
      { action: 'team_member.add', metadata: { user_id: second.id, role: 'admin' } },
      { action: 'team_member.add', metadata: { user_id: first.id, role: 'admin', updated: true } },
      { action: 'team_member.remove', metadata: { user_id: second.id, role: 'admin' } },
    ]);
    expect((await send('GET', admin, `/${team.id}/members?limit=1`)).headers.get('x-next-cursor')).toBeNull();
  });

  test('must belong to the account, and users of other accounts and unknown IDs give the same error', async () => {
    const { admin, others, create, add } = await workspace();
    const { id: team } = await create(admin);
    const stranger = await signUp();
    const refusals = await Promise.all([stranger.id, randomUUID(), unknownId].map((user) => add(admin, team, user)));
    for (const { status, body } of refusals)
      expect([status, { ...body, trace_id: '' }]).toEqual([400, { ...refusals[0]!.body, trace_id: '' }]);
    expect(refusals[0]!.body.details).toMatchObject({ reason: 'user_not_in_account', issues: [{ location: 'body', path: '/user_id' }] });
    for (const [user, role] of [
      ['x', 'member'],
      [null, 'member'],
      [others[0].id, 'owner'],
      [others[0].id, null],
      [others[0].id, 'platform_admin'],
    ])
      expect([user, role, (await add(admin, team, user, role)).status]).toEqual([user, role, 400]);
  });

  test('are limited by limit.team_members, also when many are added at once', async () => {
    const { admin, others, create, add, id } = await workspace(10);
    await setLimit(2);
    try {
      const { id: team } = await create(admin);
      const answers = await Promise.all(others.map((person) => add(admin, team, person.id)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, ...Array(8).fill(409)]);
      const refused = answers.find(({ status }) => status === 409)!;
      expect(refused.body.details).toEqual({ reason: 'quota_exceeded', key: 'limit.team_members', limit: 2, current: 2 });
      const inside = others[answers.findIndex(({ status }) => status === 201)]!;
      expect((await add(admin, team, inside.id, 'admin')).status).toBe(200);
      const { id: other } = await create(admin);
      expect((await add(admin, other, inside.id)).status).toBe(201);
      const twice = await Promise.all(Array.from({ length: 5 }, () => add(admin, other, admin.id)));
      expect(twice.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 201]);
      expect(await sql('select count(*)::int as n from team_members where account_id = $1', [id])).toEqual([{ n: 4 }]);
    } finally {
      await setLimit(0);
    }
  });

  test('users who leave the account while being added are in none of its teams', async () => {
    const { admin, others, create, add, id } = await workspace(6);
    const { id: team } = await create(admin);
    const answers = await Promise.all(
      others.flatMap((person) => [
        add(admin, team, person.id),
        call('DELETE', `/v1/accounts/${id}/members/${person.id}`, { token: person.token }),
      ]),
    );
    expect(answers.map(({ status }) => status).filter((status) => ![201, 204, 400].includes(status))).toEqual([]);
    expect(await sql('select from team_members where account_id = $1', [id])).toEqual([]);
  });
});

describe('teams', () => {
  test('a team of another account returns 404 for admins and members', async () => {
    const [a, b] = [await workspace(), await workspace()];
    const team = await b.create(b.admin);
    await b.add(b.admin, team.id, b.others[0].id);
    const before = await sql('select t::text, m::text from teams t join team_members m on m.team_id = t.id where t.id = $1', [team.id]);
    for (const by of [a.admin, a.others[0]])
      for (const target of [team.id, unknownId])
        for (const answer of [
          await a.send('DELETE', by, `/${target}`),
          await a.send('GET', by, `/${target}/members`),
          await a.add(by, target, b.others[0].id),
          await a.remove(by, target, b.others[0].id),
        ])
          expect([answer.status, answer.body.details]).toEqual([404, {}]);
    expect(await sql('select t::text, m::text from teams t join team_members m on m.team_id = t.id where t.id = $1', [team.id])).toEqual(
      before,
    );
  });

  test('members see a team, admins manage it', async () => {
    const { admin, others, send, create, add, remove } = await workspace();
    const [member] = others;
    const team = await create(admin);
    await add(admin, team.id, member.id, 'admin');
    expect([(await send('GET', member)).status, (await send('GET', member, `/${team.id}/members`)).status]).toEqual([200, 200]);
    for (const answer of [
      await send('POST', member, '', { name: 'Mine' }),
      await send('DELETE', member, `/${team.id}`),
      await add(member, team.id, member.id),
      await remove(member, team.id, member.id),
    ])
      expect([statusAndReason(answer), answer.body.details.permission]).toEqual([[403, 'missing_permission'], 'account.teams.manage']);
  });

  test('a name has 1 to 100 characters and need not be unique', async () => {
    const { admin, send } = await workspace();
    const post = async (body: unknown) => (await send('POST', admin, '', body)).status;
    for (const name of ['', '   ', '\u3000', '😀'.repeat(101), null, 5, ['x'], 'a\u0000b'])
      expect([name, await post({ name })]).toEqual([name, 400]);
    for (const extra of [{ account_id: unknownId }, { id: unknownId }, { members_count: 3 }])
      expect(await post({ name: 'x', ...extra })).toBe(400);
    for (const name of ['😀'.repeat(100), 'same', 'same', `'; drop table teams; --`])
      expect([name, await post({ name })]).toEqual([name, 201]);
    const names = (await send('GET', admin)).body.map((team: { name: string }) => team.name);
    expect(names).toEqual([`'; drop table teams; --`, 'same', 'same', '😀'.repeat(100)]);
  });

  test('lists of teams and members are paged', async () => {
    const { admin, others, send, create, add } = await workspace(4);
    const { id: team } = await create(admin);
    for (const person of others) await add(admin, team, person.id);
    for (const path of ['', `/${team}/members`]) {
      if (path === '') for (let at = 0; at < 3; at++) await create(admin);
      const all = (await send('GET', admin, path)).body;
      const first = await send('GET', admin, `${path}?limit=3`);
      const cursor = first.headers.get('x-next-cursor');
      const rest = await send('GET', admin, `${path}?limit=3&before=${cursor}`);
      expect([all.length, [...first.body, ...rest.body]]).toEqual([4, all]);
      const other = await openWorkspace(admin);
      const elsewhere = teamsIn(other.id);
      const there = path === '' ? '' : `/${(await elsewhere.create(admin)).id}/members`;
      expect((await elsewhere.send('GET', admin, `${there}?before=${cursor}`)).status).toBe(400);
    }
  });

  test('a team is deleted once, with its memberships', async () => {
    const { admin, others, send, create, add, id } = await workspace();
    const team = await create(admin);
    await add(admin, team.id, others[0].id);
    expect([(await send('DELETE', admin, `/${team.id}`)).status, (await send('DELETE', admin, `/${team.id}`)).status]).toEqual([204, 404]);
    expect(await sql('select from team_members where account_id = $1', [id])).toEqual([]);
    expect((await add(admin, team.id, others[0].id)).status).toBe(404);
  });

  test('foreign keys keep teams, members and projects within one account', async () => {
    const [a, b] = [await workspace(), await workspace()];
    const [teamA, teamB] = [await a.create(a.admin), await b.create(b.admin)];
    const insert = 'insert into team_members (account_id, team_id, user_id, role) values ($1, $2, $3, $4)';
    for (const [account, team, user] of [
      [a.id, teamB.id, a.admin.id],
      [b.id, teamB.id, a.admin.id],
      [a.id, teamA.id, b.admin.id],
      [b.id, teamA.id, b.admin.id],
    ])
      await expect(sql(insert, [account, team, user, 'member'])).rejects.toMatchObject({ code: '23503' });
    await expect(sql('update projects set team_id = $2 where account_id = $1', [a.id, teamB.id])).rejects.toMatchObject({ code: '23503' });
  });
});
