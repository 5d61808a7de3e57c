import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { projectCalls } from '../setup/projects.ts';
import { reason } from '../setup/sessions.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const { call, sql, signUp, join } = world;

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

/** The project every person has. */
const defaultOf = async ({ id, accountId }: Person): Promise<string> =>
  (await sql('select id from projects where account_id = $1 and owner_user_id = $2 and is_default', [accountId, id]))[0].id;

describe('the workspace of a user in a project', () => {
  test('is made by the first read, with a name that follows from account, user and project', async () => {
    const me = await signUp();
    const project = await defaultOf(me);
    const first = await call('GET', `/v1/projects/${project}/workspace`, { token: me.token });
    const profile = `pref_${hash(`profile|${me.accountId}|${me.id}`).slice(0, 32)}`;
    const ref = `wsref_${hash(`workspace|${me.accountId}|${profile}|project|${project}`).slice(0, 32)}`;
    expect([first.status, first.body]).toEqual([
      200,
      { project_id: project, owner_user_id: me.id, workspace_ref: ref, status: 'idle', last_used_at: expect.any(String) },
    ]);
    await new Promise((done) => setTimeout(done, 5));
    expect((await call('GET', `/v1/projects/${project}/workspace`, { token: me.token })).body).toEqual(first.body);
    expect(await sql('select 1 from audit_logs where trace_id = $1', [first.headers.get('x-trace-id')])).toEqual([]);
  });

  test('is one, however many ask first', async () => {
    const me = await signUp();
    const project = await defaultOf(me);
    const paths = ['workspace', 'workspace/files', 'workspace', 'workspace/file?path=x', 'workspace'];
    const answers = await Promise.all(
      [...paths, ...paths].map((path) => call('GET', `/v1/projects/${project}/${path}`, { token: me.token })),
    );
    expect(answers.map(({ status }) => status)).toEqual([...Array(2)].flatMap(() => [200, 200, 200, 404, 200]));
    expect(await sql('select 1 from workspaces where project_id = $1', [project])).toHaveLength(1);
  });

  test('is another for each user of a shared project, and for each project', async () => {
    const [admin, member] = [await signUp(), await signUp()];
    await join(member, admin);
    const { create, get } = projectCalls(world, admin);
    const [one, two] = [(await create(admin, { visibility: 'shared' })).body.id, (await create(admin, { visibility: 'shared' })).body.id];
    const refs = [];
    for (const who of [admin, member]) for (const id of [one, two]) refs.push((await get(who, id, '/workspace')).body.workspace_ref);
    expect(new Set(refs).size).toBe(4);
  });

  test('a key needs the right to read runs for files, not for the state; it sees its creator’s', async () => {
    const me = await signUp();
    const { get, key } = projectCalls(world, me);
    const project = await defaultOf(me);
    const [reader, both] = [await key(me, ['data.projects.read']), await key(me, ['data.projects.read', 'data.runs.read'])];
    const mine = (await get(me, project, '/workspace')).body;
    expect((await get(reader, project, '/workspace')).body).toEqual(mine);
    for (const below of ['/workspace/files', '/workspace/file?path=x']) {
      const denied = await get(reader, project, below);
      expect([denied.status, denied.body.details]).toEqual([403, { reason: 'missing_permission', permission: 'data.runs.read' }]);
    }
    expect((await get(both, project, '/workspace/files')).status).toBe(200);
  });

  test('no other account, project or header leads to it', async () => {
    const [me, other] = [await signUp(), await signUp()];
    const project = await defaultOf(me);
    for (const below of ['workspace', 'workspace/files', 'workspace/file?path=a'])
      for (const headers of [{}, { 'x-account-id': me.accountId }]) {
        const answer = await call('GET', `/v1/projects/${project}/${below}`, { token: other.token, headers });
        expect([answer.status, answer.body.details.reason]).toEqual([404, undefined]);
      }
    expect(await sql('select 1 from workspaces where project_id = $1', [project])).toEqual([]);
  });
});

describe('where there is no store', async () => {
  const nowhere = await startWorld({ ARKLOOP_STORAGE_BACKEND: 's3' }, { worker: false });
  const down = await startWorld(
    {
      ARKLOOP_STORAGE_BACKEND: 's3',
      ARKLOOP_S3_ENDPOINT: 'http://127.0.0.1:9',
      ARKLOOP_S3_ACCESS_KEY: 'a',
      ARKLOOP_S3_SECRET_KEY: 'b',
    },
    { worker: false },
  );

  test('the workspace is unavailable and its files are refused', async () => {
    const me = await nowhere.signUp();
    const [{ id }] = await nowhere.sql('select id from projects where owner_user_id = $1', [me.id]);
    const at = (below: string) => nowhere.call('GET', `/v1/projects/${id}/workspace${below}`, { token: me.token });
    expect((await at('')).body.status).toBe('unavailable');
    for (const below of ['/files', '/file?path=x']) expect(reason(await at(below))).toEqual([503, 'workspace_storage_unavailable']);
    expect(reason(await at('/file?path=/'))).toEqual([400, 'invalid_path']);
  });

  test('a store that does not answer is told as such', async () => {
    const me = await down.signUp();
    const [{ id }] = await down.sql('select id from projects where owner_user_id = $1', [me.id]);
    const at = (below: string) => down.call('GET', `/v1/projects/${id}/workspace${below}`, { token: me.token });
    expect((await at('')).body.status).toBe('idle');
    await down.sql(`update workspaces set manifest_rev = 'x'`);
    for (const below of ['/files', '/file?path=x']) expect(reason(await at(below))).toEqual([503, 'workspace_storage_unavailable']);
  });
});
