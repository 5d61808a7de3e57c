import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Answer, type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { projectUsers } from '../../support/resources/projects.ts';

const app = await sharedTestApp();
const { call, sql } = app;
const { house, setRole, auditOf } = projectUsers(app);
const ids = ({ body }: Answer) => body.map(({ id }: { id: string }) => id);

describe('creating projects', () => {
  test('a project is private and owned by its creator by default', async () => {
    const { admin, create, get, team } = await house();
    const plain = await create(admin, { name: '  Plans  ' });
    expect([plain.status, plain.body]).toEqual([
      201,
      {
        id: expect.any(String),
        account_id: admin.accountId,
        team_id: null,
        owner_user_id: admin.id,
        name: 'Plans',
        description: null,
        visibility: 'private',
        is_default: false,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    ]);
    const teamId = await team();
    const full = await create(admin, { description: ' kept as it is ', team_id: teamId.toUpperCase(), visibility: 'shared' });
    expect(full.body).toMatchObject({ description: ' kept as it is ', team_id: teamId, visibility: 'shared' });
    expect((await get(admin, full.body.id)).body).toEqual(full.body);
    expect(await auditOf(full)).toEqual([
      { action: 'project.create', target_type: 'project', target_id: full.body.id, metadata: { visibility: 'shared' } },
    ]);
  });

  test('invalid bodies are rejected', async () => {
    const { admin, create } = await house();
    const bad: object[] = [
      { name: '' },
      { name: ' ' },
      { name: null },
      { name: 'é'.repeat(201) },
      { description: 'x'.repeat(2_001) },
      { description: 1 },
      { visibility: null },
      { is_default: true },
      { owner_user_id: randomUUID() },
      ...['team', 'org', 'public', 'Private', ''].map((visibility) => ({ visibility })),
      { team_id: 'x' },
    ];
    for (const body of bad) expect([body, (await create(admin, body)).status]).toEqual([body, 400]);
    const good = await create(admin, { name: '🦀'.repeat(200), description: '𝕏'.repeat(2_000) });
    expect([good.status, good.body.name]).toEqual([201, '🦀'.repeat(200)]);
  });

  test('a team of another account and an unknown team give the same error', async () => {
    const [here, there] = [await house(), await house()];
    const foreign = await there.team(there.owner);
    const mine = await here.create(here.admin);
    const ask = [
      (id: string) => here.create(here.admin, { team_id: id }),
      (id: string) => here.change(here.admin, mine.body.id, { team_id: id }),
    ];
    for (const send of ask) {
      const [unknown, hidden] = [await send(randomUUID()), await send(foreign)];
      expect(statusAndReason(unknown)).toEqual([400, 'team_not_found']);
      expect(unknown.body.details.issues).toEqual([
        { location: 'body', path: '/team_id', message: expect.any(String), reason: 'team_not_found' },
      ]);
      expect({ ...hidden.body, trace_id: '' }).toEqual({ ...unknown.body, trace_id: '' });
    }
  });

  test('text that looks like SQL is stored literally', async () => {
    const { admin, create, change, get } = await house();
    const { id } = (await create(admin)).body;
    for (const text of [`'`, `\\'`, `'; select pg_sleep(5); --`, '$$', `E'\\'`, '?', '$1', ':name', '\u202e', '{"a":1}', 'a\\'])
      for (const answer of [
        await create(admin, { name: text, description: text }),
        await change(admin, id, { name: text, description: text }),
      ]) {
        expect([text, answer.body.name, answer.body.description]).toEqual([text, text, text]);
        expect((await get(admin, answer.body.id)).body.name).toBe(text);
      }
  });
});

describe('project visibility', () => {
  test('visibility applies to the project, the list and the workspace', async () => {
    const { admin, owner, member, mate, stranger, create, get, list, team } = await house();
    const teamId = await team(mate);
    const make = async (body: object): Promise<string> => (await create(owner, body)).body.id;
    const projects = {
      private: await make({}),
      'private of a team': await make({ team_id: teamId }),
      shared: await make({ visibility: 'shared' }),
      'shared with a team': await make({ visibility: 'shared', team_id: teamId }),
    };
    await setRole(owner, admin, 'member');
    const seen: Record<string, [Person, (keyof typeof projects)[]]> = {
      owner: [owner, ['private', 'private of a team', 'shared', 'shared with a team']],
      admin: [admin, ['private', 'private of a team', 'shared', 'shared with a team']],
      member: [member, ['shared']],
      'member of the team': [mate, ['shared', 'shared with a team']],
    };
    for (const [who, [person, expected]] of Object.entries(seen)) {
      const listed = ids(await list(person));
      for (const [kind, id] of Object.entries(projects)) {
        const good = expected.includes(kind as keyof typeof projects);
        const statuses = [(await get(person, id)).status, (await get(person, id, '/workspace')).status];
        expect([who, kind, ...statuses, listed.includes(id)]).toEqual([who, kind, ...(good ? [200, 200] : [404, 404]), good]);
      }
    }
    for (const id of Object.values(projects))
      for (const below of ['', '/workspace', '/workspace/files', '/workspace/file?path=a']) {
        const [hidden, absent] = [
          await call('GET', `/v1/projects/${id}${below}`, { token: stranger.token }),
          await call('GET', `/v1/projects/${randomUUID()}${below}`, { token: stranger.token }),
        ];
        expect([hidden.status, hidden.body.details]).toEqual([404, { code: 'projects.not_found' }]);
        expect({ ...hidden.body, trace_id: '' }).toEqual({ ...absent.body, trace_id: '' });
      }
  });

  test('leaving a team or losing the permission applies to the next request', async () => {
    const { admin, owner, mate, create, get, team } = await house();
    const teamId = await team(mate);
    const shared = (await create(admin, { visibility: 'shared', team_id: teamId })).body.id;
    expect([(await get(mate, shared)).status, (await get(owner, shared)).status]).toEqual([200, 200]);
    await sql('delete from team_members where user_id = $1', [mate.id]);
    await setRole(owner, admin, 'member');
    expect([(await get(mate, shared)).status, (await get(owner, shared)).status]).toEqual([404, 404]);
  });

  test('the list pages newest first, and later projects do not shift the pages', async () => {
    const { admin, create, list } = await house();
    const made: string[] = [];
    for (let at = 0; at < 5; at++) made.unshift((await create(admin)).body.id);
    const first = await list(admin, '?limit=2');
    expect(ids(first)).toEqual(made.slice(0, 2));
    expect(first.headers.get('link')).toContain('rel="next"');
    await create(admin);
    const cursor = first.headers.get('x-next-cursor')!;
    expect(ids(await list(admin, `?limit=2&before=${cursor}`))).toEqual(made.slice(2, 4));
    const other = await house();
    expect((await other.list(other.admin, `?before=${cursor}`)).status).toBe(400);
  });
});

describe('the default project', () => {
  const defaults = ({ id }: Person, { accountId }: Person) =>
    sql('select id, name, visibility from projects where account_id = $1 and owner_user_id = $2 and is_default and deleted_at is null', [
      accountId,
      id,
    ]);

  test('exists after registration, and ten parallel lists recreate a missing one once per member', async () => {
    const { admin, member, list } = await house();
    expect(await defaults(admin, admin)).toMatchObject([{ name: 'Default', visibility: 'private' }]);
    expect(await defaults(member, admin)).toEqual([]);
    const lists = await Promise.all(Array.from({ length: 10 }, () => list(member)));
    const [only, ...more] = await defaults(member, admin);
    expect(more).toEqual([]);
    for (const answer of lists) expect(ids(answer)).toEqual([only.id]);
    await sql('update projects set deleted_at = now() where id = $1', [only.id]);
    await Promise.all(Array.from({ length: 10 }, () => list(member)));
    expect(await defaults(member, admin)).toHaveLength(1);
    const entries = await sql(`select 1 from audit_logs where action like 'project.%' and account_id = $1`, [admin.accountId]);
    expect(entries).toEqual([]);
  });

  test('can be renamed, but not deleted or shared', async () => {
    const { admin, change, remove } = await house();
    const [{ id }] = await defaults(admin, admin);
    expect(statusAndReason(await remove(admin, id))).toEqual([409, 'default_project']);
    expect(statusAndReason(await change(admin, id, { visibility: 'shared' }))).toEqual([409, 'default_project']);
    expect((await change(admin, id, { name: 'Mine', visibility: 'private' })).body).toMatchObject({ name: 'Mine', is_default: true });
    expect(await defaults(admin, admin)).toMatchObject([{ id, name: 'Mine', visibility: 'private' }]);
  });
});
