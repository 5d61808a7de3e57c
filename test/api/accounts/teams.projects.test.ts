import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { openStream } from '../../support/http/events.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await sharedTestApp();
const { call, sql, signUp, url } = app;
const { openWorkspace, addMember, endow } = workspaceCalls(app);

/** A thread with a run in a project that its owner shares with a team. */
async function createSharedTeamProject() {
  const [admin, owner, insider, outsider] = [await signUp(), await signUp(), await signUp(), await signUp()];
  const { id } = await openWorkspace(admin);
  for (const person of [owner, insider, outsider]) await addMember(admin, id, person);
  const headers = inAccount(id);
  const send = (method: string, path: string, body?: unknown) =>
    call(method, `/v1/teams${path}`, { token: admin.token, headers, ...(body !== undefined && { body }) });
  const team = (await send('POST', '', { name: 'T' })).body.id as string;
  const add = ({ id: user }: Person) => send('POST', `/${team}/members`, { user_id: user, role: 'member' });
  const remove = ({ id: user }: Person) => send('DELETE', `/${team}/members/${user}`);
  await add(insider);
  await endow(id);
  const project = randomUUID();
  await sql(`insert into projects (account_id, id, team_id, owner_user_id, name, visibility) values ($1, $2, $3, $4, 'P', 'shared')`, [
    id,
    project,
    team,
    owner.id,
  ]);
  const thread = (await call('POST', '/v1/threads', { token: owner.token, headers, body: { title: 't', project_id: project } })).body.id;
  await call('POST', `/v1/threads/${thread}/messages`, { token: owner.token, headers, body: { content: 'hi' } });
  const run = (await call('POST', `/v1/threads/${thread}/runs`, { token: owner.token, headers, body: {} })).body.run_id;
  const sees = async ({ token }: Person) =>
    Promise.all(
      [`/v1/threads/${thread}`, `/v1/threads/${thread}/messages`, `/v1/runs/${run}`].map(
        async (path) => (await call('GET', path, { token, headers })).status,
      ),
    );
  const lists = async ({ token }: Person) => (await call('GET', '/v1/runs', { token, headers })).body.length;
  return { admin, owner, insider, outsider, team, project, run, headers, send, add, remove, sees, lists };
}

test('a team project shows its threads and runs to the team and to project managers only', async () => {
  const { admin, owner, insider, outsider, project, sees, lists, add, remove, headers } = await createSharedTeamProject();
  for (const person of [owner, insider, admin]) expect([await sees(person), await lists(person)]).toEqual([[200, 200, 200], 1]);
  expect([await sees(outsider), await lists(outsider)]).toEqual([[404, 404, 404], 0]);
  const place = (token: string) => call('POST', '/v1/threads', { token, headers, body: { project_id: project } });
  expect(statusAndReason(await place(outsider.token))).toEqual([400, 'project_not_found']);
  expect((await place(insider.token)).status).toBe(201);
  await add(outsider);
  expect([await sees(outsider), await lists(outsider)]).toEqual([[200, 200, 200], 1]);
  await remove(insider);
  expect(await sees(insider)).toEqual([404, 404, 404]);
});

test('deleting a team makes its projects private', async () => {
  const { admin, owner, insider, outsider, team, project, sees, send } = await createSharedTeamProject();
  expect((await send('DELETE', `/${team}`)).status).toBe(204);
  expect(await sql('select team_id, visibility from projects where id = $1', [project])).toEqual([
    { team_id: null, visibility: 'private' },
  ]);
  for (const person of [insider, outsider, admin]) expect(await sees(person)).toEqual([404, 404, 404]);
  expect(await sees(owner)).toEqual([200, 200, 200]);
});

test('leaving the team ends open streams of its projects within five seconds', async () => {
  const { insider, run, headers, remove } = await createSharedTeamProject();
  const stream = await openStream(url, run, { token: insider.token, headers });
  await stream.until(({ type }) => type === 'run.started');
  await remove(insider);
  const began = Date.now();
  await stream.ended;
  expect(Date.now() - began).toTakeLessThan(5_000);
});

test("filtering threads by a project that is no longer shared returns 404, also for one's own threads", async () => {
  const [owner, fellow] = [await signUp(), await signUp()];
  await app.joinAccount(fellow, owner);
  const headers = inAccount(owner.accountId);
  const as = (by: Person, method: string, path: string, body?: unknown) =>
    call(method, path, { token: by.token, headers, ...(body !== undefined && { body }) });
  const project = (await as(owner, 'POST', '/v1/projects', { name: 'P', visibility: 'shared' })).body.id;
  const { id } = (await as(fellow, 'POST', '/v1/threads', { project_id: project })).body;
  const listed = () => as(fellow, 'GET', `/v1/threads?project_id=${project}`);
  const idsOf = (rows: { id: string }[]) => rows.map((row) => row.id);
  expect(idsOf((await listed()).body)).toEqual([id]);
  await as(owner, 'PATCH', `/v1/projects/${project}`, { visibility: 'private' });
  const bare = ({ status, body }: Awaited<ReturnType<typeof listed>>) => [status, { ...body, trace_id: '' }];
  expect(bare(await listed())).toEqual(bare(await as(fellow, 'GET', `/v1/projects/${project}`)));
  expect((await listed()).status).toBe(404);
  expect(idsOf((await as(fellow, 'GET', '/v1/threads')).body)).toEqual([id]);
});
