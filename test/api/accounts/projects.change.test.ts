import { describe, expect, test } from 'vitest';
import { type Answer, sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { projectUsers } from '../../support/resources/projects.ts';

const app = await sharedTestApp();
const { call, sql } = app;
const { house, setRole, auditOf } = projectUsers(app);
const ids = ({ body }: Answer) => body.map(({ id }: { id: string }) => id);

describe('updating projects', () => {
  test('omitted fields stay, null clears nullable fields, and an empty update is rejected', async () => {
    const { admin, create, change, team } = await house();
    const teamId = await team();
    const { id } = (await create(admin, { name: 'A', description: 'D', team_id: teamId, visibility: 'shared' })).body;
    const changed = await change(admin, id, { name: 'B' });
    expect(changed.body).toMatchObject({ name: 'B', description: 'D', team_id: teamId, visibility: 'shared' });
    expect(await auditOf(changed)).toEqual([
      { action: 'project.update', target_type: 'project', target_id: id, metadata: { fields: ['name'] } },
    ]);
    expect((await change(admin, id, { description: null, team_id: null })).body).toMatchObject({
      name: 'B',
      description: null,
      team_id: null,
    });
    for (const body of [{}, { name: null }, { visibility: null }, { visibility: 'team' }, { owner_user_id: null }, { is_default: true }])
      expect([body, (await change(admin, id, body)).status]).toEqual([body, 400]);
  });

  test('the owner may update and delete without the permission, others get 403, or 404 if they cannot see the project', async () => {
    const { admin, owner, member, create, change, remove } = await house();
    const make = async (body: object = {}): Promise<string> => (await create(owner, body)).body.id;
    const [shared, hidden] = [await make({ visibility: 'shared' }), await make()];
    await setRole(owner, admin, 'member');
    expect(statusAndReason(await create(member))).toEqual([403, 'missing_permission']);
    for (const send of [(id: string) => change(member, id, { name: 'taken' }), (id: string) => remove(member, id)]) {
      const denied = await send(shared);
      expect([denied.status, denied.body.details]).toEqual([403, { reason: 'missing_permission', permission: 'data.projects.manage' }]);
      expect(await auditOf(denied)).toMatchObject([
        { target_id: shared, metadata: { result: 'denied', deny_reason: 'missing_permission' } },
      ]);
      expect((await send(hidden)).status).toBe(404);
    }
    expect((await change(owner, shared, { name: 'mine' })).body.name).toBe('mine');
    expect((await remove(owner, hidden)).status).toBe(204);
    expect((await remove(admin, shared)).status).toBe(204);
  });

  test('an API key has owner rights only if it inherits all permissions of the owner', async () => {
    const { admin, owner, create, change, get, key } = await house();
    const { id } = (await create(owner)).body;
    const manager = await key(owner, ['data.projects.read', 'data.projects.manage']);
    const [reader, whole] = [await key(owner, ['data.projects.read']), await key(owner)];
    expect((await change(manager, id, { name: 'by a manager' })).status).toBe(200);
    await setRole(owner, admin, 'member');
    for (const which of [reader, manager, whole]) expect((await get(which, id)).status).toBe(200);
    expect(statusAndReason(await change(reader, id, { name: 'x' }))).toEqual([403, 'missing_permission']);
    expect(statusAndReason(await change(manager, id, { name: 'x' }))).toEqual([403, 'missing_permission']);
    expect((await change(whole, id, { name: 'by its owner' })).status).toBe(200);
  });
});

describe('deleting projects', () => {
  test('of parallel deletions one succeeds, and the threads keep their messages', async () => {
    const { admin, create, remove, get, list, change } = await house();
    const { id } = (await create(admin)).body;
    const thread = (await call('POST', '/v1/threads', { token: admin.token, body: { project_id: id } })).body;
    await call('POST', `/v1/threads/${thread.id}/messages`, { token: admin.token, body: { content: 'kept' } });
    expect((await get(admin, id, '/workspace')).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 6 }, () => remove(admin, id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404, 404, 404]);
    expect(await sql(`select 1 from audit_logs where action = 'project.delete' and target_id = $1`, [id])).toHaveLength(1);
    const after = [
      await remove(admin, id),
      await get(admin, id),
      await change(admin, id, { name: 'x' }),
      await get(admin, id, '/workspace'),
    ];
    expect(after.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(ids(await list(admin))).not.toContain(id);
    expect((await call('GET', `/v1/threads/${thread.id}`, { token: admin.token })).body.project_id).toBeNull();
    const messages = await call('GET', `/v1/threads/${thread.id}/messages`, { token: admin.token });
    expect(messages.body.map(({ content }: { content: string }) => content)).toEqual(['kept']);
  });

  test('a project of another account returns 404 and does not change', async () => {
    const [here, there] = [await house(), await house()];
    const { id } = (await there.create(there.admin, { visibility: 'shared' })).body;
    const answers = [await here.get(here.admin, id), await here.change(here.admin, id, { name: 'x' }), await here.remove(here.admin, id)];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect((await there.get(there.admin, id)).body.name).toBe('a project');
  });
});
