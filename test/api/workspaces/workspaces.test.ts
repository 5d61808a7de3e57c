import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Person, sharedTestApp, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { projectCalls } from '../../support/resources/projects.ts';

const app = await sharedTestApp();
const { call, sql, signUp, joinAccount } = app;

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

/** The default project of the person. */
const defaultOf = async ({ id, accountId }: Person): Promise<string> =>
  (await sql('select id from projects where account_id = $1 and owner_user_id = $2 and is_default', [accountId, id]))[0].id;

describe('the workspace of a user in a project', () => {
  test('is created by the first read, with a reference derived from account, user and project', async () => {
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

  test('is created once by parallel first reads', async () => {
    const me = await signUp();
    const project = await defaultOf(me);
    const paths = ['workspace', 'workspace/files', 'workspace', 'workspace/file?path=x', 'workspace'];
    const answers = await Promise.all(
      [...paths, ...paths].map((path) => call('GET', `/v1/projects/${project}/${path}`, { token: me.token })),
    );
    expect(answers.map(({ status }) => status)).toEqual([...Array(2)].flatMap(() => [200, 200, 200, 404, 200]));
    expect(await sql('select 1 from workspaces where project_id = $1', [project])).toHaveLength(1);
  });

  test('is separate per user of a shared project, and per project', async () => {
    const [admin, member] = [await signUp(), await signUp()];
    await joinAccount(member, admin);
    const { create, get } = projectCalls(app, admin);
    const [one, two] = [(await create(admin, { visibility: 'shared' })).body.id, (await create(admin, { visibility: 'shared' })).body.id];
    const refs = [];
    for (const who of [admin, member]) for (const id of [one, two]) refs.push((await get(who, id, '/workspace')).body.workspace_ref);
    expect(new Set(refs).size).toBe(4);
  });

  test("an API key needs data.runs.read for files but not for the state, and uses its creator's workspace", async () => {
    const me = await signUp();
    const { get, key } = projectCalls(app, me);
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

  test('returns 404 to other accounts', async () => {
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

describe('without storage', async () => {
  const nowhere = await startTestApp({ ARKLOOP_STORAGE_BACKEND: 's3' }, { worker: false });
  const down = await startTestApp(
    {
      ARKLOOP_STORAGE_BACKEND: 's3',
      ARKLOOP_S3_ENDPOINT: 'http://127.0.0.1:9',
      ARKLOOP_S3_ACCESS_KEY: 'a',
      ARKLOOP_S3_SECRET_KEY: 'b',
    },
    { worker: false },
  );

  test('the workspace is unavailable, and its files return workspace_storage_unavailable', async () => {
    const me = await nowhere.signUp();
    const [{ id }] = await nowhere.sql('select id from projects where owner_user_id = $1', [me.id]);
    const at = (below: string) => nowhere.call('GET', `/v1/projects/${id}/workspace${below}`, { token: me.token });
    expect((await at('')).body.status).toBe('unavailable');
    for (const below of ['/files', '/file?path=x'])
      expect(statusAndReason(await at(below))).toEqual([503, 'workspace_storage_unavailable']);
    expect(statusAndReason(await at('/file?path=/'))).toEqual([400, 'invalid_path']);
  });

  test('an unreachable store returns workspace_storage_unavailable', async () => {
    const me = await down.signUp();
    const [{ id }] = await down.sql('select id from projects where owner_user_id = $1', [me.id]);
    const at = (below: string) => down.call('GET', `/v1/projects/${id}/workspace${below}`, { token: me.token });
    expect((await at('')).body.status).toBe('idle');
    await down.sql(`update workspaces set manifest_rev = 'x'`);
    for (const below of ['/files', '/file?path=x'])
      expect(statusAndReason(await at(below))).toEqual([503, 'workspace_storage_unavailable']);
  });
});
