import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { Thread } from '../../../contract/threads.ts';
import { type CallOptions, type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { openThread } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();
const { sql, call, signUp } = app;
const alice = await signUp();

/** Calls with the person's token. */
const callAs =
  ({ token }: Pick<Person, 'token'>) =>
  (method: string, path: string, body?: unknown, options: CallOptions = {}) =>
    call(method, path, { token, ...(body !== undefined && { body }), ...options });
const asAlice = callAs(alice);
const create = async (body?: unknown, who = asAlice): Promise<Thread> => Thread.parse((await who('POST', '/v1/threads', body)).body);
const read = async (id: string, who = asAlice): Promise<Thread> => Thread.parse((await who('GET', `/v1/threads/${id}`)).body);
const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id);

/** A project visible to the whole account by default. */
async function sharedProject({ accountId, id }: Person, visibility = 'shared', teamId: string | null = null) {
  const project = randomUUID();
  await sql(`insert into projects (account_id, id, owner_user_id, name, visibility, team_id) values ($1, $2, $3, 'p', $4, $5)`, [
    accountId,
    project,
    id,
    visibility,
    teamId,
  ]);
  return project;
}

/** A new member of the person's account. */
async function createMemberOf(person: Person, role = 'member') {
  const fellow = await signUp();
  await app.joinAccount(fellow, person, role);
  const headers = { 'x-account-id': person.accountId };
  return { ...fellow, ask: (method: string, path: string, body?: unknown) => callAs(fellow)(method, path, body, { headers }) };
}

test('a thread is created without a body', async () => {
  const made = await asAlice('POST', '/v1/threads');
  expect([made.status, made.body]).toEqual([
    201,
    {
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      account_id: alice.accountId,
      created_by_user_id: alice.id,
      title: null,
      project_id: null,
      is_private: false,
      archived_at: null,
      active_run_id: null,
      expires_at: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: made.body.created_at,
    },
  ]);
  expect(await read(made.body.id)).toEqual(made.body);
});

test('a title has at most 200 characters, and a blank one or null clears it', async () => {
  expect((await create({ title: '👍'.repeat(200) })).title).toBe('👍'.repeat(200));
  for (const bad of ['👍'.repeat(201), 'a'.repeat(201)])
    expect(issuesOf(await asAlice('POST', '/v1/threads', { title: bad }))).toEqual([400, [['body', '/title']]]);
  for (const blank of ['', '   ', '\t\n', null]) expect((await create({ title: blank })).title).toBeNull();
  const { id } = await create({ title: 'named' });
  expect(issuesOf(await asAlice('PATCH', `/v1/threads/${id}`, { title: 'a'.repeat(201) }))).toEqual([400, [['body', '/title']]]);
  expect((await asAlice('PATCH', `/v1/threads/${id}`, { title: ' kept as it is ' })).body.title).toBe(' kept as it is ');
  for (const none of [null, '  ']) expect((await asAlice('PATCH', `/v1/threads/${id}`, { title: none })).body.title).toBeNull();
  const nothing = await asAlice('PATCH', `/v1/threads/${id}`, {});
  expect(statusAndReason(nothing)).toEqual([400, 'no_fields']);
});

test('pages have each thread once, also while a thread moves to the front', async () => {
  const bob = await signUp();
  const asBob = callAs(bob);
  const made: Thread[] = [];
  for (let at = 0; at < 5; at++) made.push(await create({ title: `t${at}` }, asBob));
  const expected = idsOf(made).reverse();
  const pages = async (between: () => Promise<unknown> = async () => {}) => {
    const seen: string[][] = [];
    for (let path: string | undefined = '/v1/threads?limit=2&archived=false'; path;) {
      const { status, body, headers } = await asBob('GET', path);
      expect(status).toBe(200);
      seen.push(idsOf(body));
      path = /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
      expect([path === undefined, path?.includes('archived=false') ?? true]).toEqual([headers.get('x-next-cursor') === null, true]);
      if (path) expect(new URLSearchParams(path.split('?')[1]).get('before')).toBe(headers.get('x-next-cursor'));
      await between();
    }
    return seen;
  };
  expect(await pages()).toEqual([expected.slice(0, 2), expected.slice(2, 4), expected.slice(4)]);
  const moved = await pages(() => asBob('PATCH', `/v1/threads/${expected[4]}`, { title: randomUUID() }));
  expect(moved.flat()).toEqual(expected.slice(0, 4));
  expect(idsOf((await asBob('GET', '/v1/threads')).body)[0]).toBe(expected[4]);
  const exact = await asBob('GET', '/v1/threads?limit=5');
  expect([exact.body.length, exact.headers.get('link'), exact.headers.get('x-next-cursor')]).toEqual([5, null, null]);
});

test('a cursor is valid for its list, filters, account and user only', async () => {
  const bob = await signUp();
  for (let at = 0; at < 3; at++) await create({ title: 'abc' }, callAs(bob));
  const cursor = (await callAs(bob)('GET', '/v1/threads?limit=1')).headers.get('x-next-cursor')!;
  const refused = async (path: string, who = callAs(bob)) =>
    expect(issuesOf(await who('GET', `${path}before=${cursor}`))).toEqual([400, [['query', 'before']]]);
  await refused('/v1/threads/search?q=a&');
  const [project] = (await callAs(bob)('GET', '/v1/projects')).body;
  await refused(`/v1/threads?project_id=${project.id}&`);
  await refused('/v1/threads?archived=true&');
  await refused('/v1/runs?');
  await refused('/v1/threads?', asAlice);
  await app.joinAccount(bob, alice);
  expect(
    issuesOf(await callAs(bob)('GET', `/v1/threads?before=${cursor}`, undefined, { headers: { 'x-account-id': alice.accountId } }))[0],
  ).toBe(400);
  const flipped = Buffer.from(cursor, 'base64url');
  for (const at of [0, 5, 12, flipped.length - 1]) {
    const bad = Buffer.from(flipped);
    bad[at]! ^= 1;
    expect((await callAs(bob)('GET', `/v1/threads?before=${bad.toString('base64url')}`)).status).toBe(400);
  }
  for (const limit of ['0', '201', 'abc'])
    expect(issuesOf(await asAlice('GET', `/v1/threads?limit=${limit}`))).toEqual([400, [['query', 'limit']]]);
});

test('a private thread is visible to its creator only, and for 24 hours', async () => {
  const project = await sharedProject(alice);
  const fellow = await createMemberOf(alice, 'admin');
  const thread = await create({ title: 'hidden words', is_private: true, project_id: project });
  const life = Date.parse(thread.expires_at!) - Date.parse(thread.created_at);
  expect([thread.is_private, life]).toEqual([true, 24 * 3_600_000]);
  await asAlice('POST', `/v1/threads/${thread.id}/messages`, { content: 'hidden words' });
  await asAlice('POST', `/v1/threads/${thread.id}/star`);
  for (const path of ['/v1/threads?limit=200', '/v1/threads/search?q=hidden', `/v1/threads?project_id=${project}`])
    expect(idsOf((await asAlice('GET', path)).body)).not.toContain(thread.id);
  expect((await fellow.ask('GET', `/v1/threads/${thread.id}`)).status).toBe(404);
  expect((await read(thread.id)).id).toBe(thread.id);
  await sql(`update threads set expires_at = now() - interval '1 second' where id = $1`, [thread.id]);
  for (const [method, path, body] of [
    ['GET', ''],
    ['PATCH', '', { title: 'x' }],
    ['DELETE', ''],
    ['POST', '/messages', { content: 'x' }],
    ['GET', '/messages'],
    ['POST', '/runs'],
    ['POST', '/star'],
  ] as const)
    expect([method, path, (await asAlice(method, `/v1/threads/${thread.id}${path}`, body)).status]).toEqual([method, path, 404]);
  expect((await asAlice('GET', '/v1/threads/starred')).body).not.toContain(thread.id);
});

test('a search is literal and covers visible messages', async () => {
  const bob = await signUp();
  const find = async (q: string) =>
    (await callAs(bob)('GET', `/v1/threads/search?q=${encodeURIComponent(q)}`)).body.map(({ title }: Thread) => title);
  for (const title of ['100% sure', '100 percent', 'a_b', 'axb', 'back\\slash', 'GRÜSSE aus Köln']) await create({ title }, callAs(bob));
  expect(await find('100%')).toEqual(['100% sure']);
  expect(await find('a_b')).toEqual(['a_b']);
  expect(await find('\\s')).toEqual(['back\\slash']);
  expect(await find('  grüsse AUS ')).toEqual(['GRÜSSE aus Köln']);
  const talk = await openThread(app, bob, 'needle in the hay', 'talk');
  await callAs(bob)('POST', `/v1/threads/${talk}/messages`, { content: 'a second needle' });
  expect(await find('NEEDLE')).toEqual(['talk']);
  await sql('update messages set visible = false where thread_id = $1', [talk]);
  expect(await find('needle')).toEqual([]);
  for (const q of ['', '%20%20', 'x'.repeat(201)])
    expect(issuesOf(await callAs(bob)('GET', `/v1/threads/search?q=${q}`))).toEqual([400, [['query', 'q']]]);
  expect(issuesOf(await callAs(bob)('GET', '/v1/threads/search'))).toEqual([400, [['query', 'q']]]);
  expect(await find('👍'.repeat(200))).toEqual([]);
});

test('a member who reads a thread through a shared project cannot change it', async () => {
  const project = await sharedProject(alice);
  const [member, admin] = [await createMemberOf(alice), await createMemberOf(alice, 'admin')];
  const thread = await create({ project_id: project });
  const path = `/v1/threads/${thread.id}`;
  for (const { ask } of [member, admin]) {
    expect([(await ask('GET', path)).status, (await ask('GET', `${path}/messages`)).status]).toEqual([200, 200]);
    expect(idsOf((await ask('GET', '/v1/threads?limit=200')).body)).not.toContain(thread.id);
    for (const [method, rest, body] of [
      ['PATCH', '', { title: 'x' }],
      ['DELETE', ''],
      ['POST', '/messages', { content: 'x' }],
      ['POST', '/runs'],
      ['POST', ':retry'],
      ['POST', ':continue', { run_id: randomUUID() }],
    ] as const) {
      const refused = await ask(method, `${path}${rest}`, body);
      expect([method, rest, refused.status]).toEqual([method, rest, 403]);
      const [entry] = await sql('select metadata from audit_logs where trace_id = $1', [refused.body.trace_id]);
      expect(entry.metadata).toMatchObject({ result: 'denied', deny_reason: 'owner_mismatch' });
    }
    expect((await ask('POST', `${path}/star`)).status).toBe(204);
    expect((await ask('GET', '/v1/threads/starred')).body).toEqual([thread.id]);
  }
  await sql(`update projects set visibility = 'private' where id = $1`, [project]);
  expect([(await member.ask('GET', path)).status, (await member.ask('GET', '/v1/threads/starred')).body]).toEqual([404, []]);
  await sql(`update projects set visibility = 'shared' where id = $1`, [project]);
  await sql('update threads set created_by_user_id = null where id = $1', [thread.id]);
  const orphan = await asAlice('PATCH', path, { title: 'x' });
  expect(orphan.body.details).toMatchObject({ deny_reason: 'no_owner' });
  expect((await read(thread.id)).created_by_user_id).toBeNull();
});

test('project_id must be a project that the caller can see', async () => {
  const bob = await signUp();
  const [foreign, own] = [await sharedProject(bob), await sharedProject(alice, 'private')];
  const bare = ({ status, body }: Awaited<ReturnType<typeof asAlice>>) => [status, { ...body, trace_id: '' }];
  const absent = await asAlice('POST', '/v1/threads', { project_id: randomUUID() });
  expect([statusAndReason(absent), issuesOf(absent)]).toEqual([
    [400, 'project_not_found'],
    [400, [['body', '/project_id']]],
  ]);
  expect(bare(await asAlice('POST', '/v1/threads', { project_id: foreign }))).toEqual(bare(absent));
  const thread = await create({ project_id: own.toUpperCase() });
  expect(thread.project_id).toBe(own);
  expect(bare(await asAlice('PATCH', `/v1/threads/${thread.id}`, { project_id: foreign }))).toEqual(bare(absent));
  expect(idsOf((await asAlice('GET', `/v1/threads?project_id=${own}`)).body)).toEqual([thread.id]);
  for (const none of [foreign, randomUUID()])
    expect(await asAlice('GET', `/v1/threads?project_id=${none}`)).toMatchObject({
      status: 404,
      body: { details: { code: 'projects.not_found' } },
    });
  const fellow = await createMemberOf(alice);
  expect(statusAndReason(await fellow.ask('POST', '/v1/threads', { project_id: own }))).toEqual([400, 'project_not_found']);
  await sql('update projects set deleted_at = now() where id = $1', [own]);
  expect([(await read(thread.id)).project_id, (await asAlice('GET', `/v1/threads?project_id=${own}`)).status]).toEqual([null, 404]);
  expect((await asAlice('PATCH', `/v1/threads/${thread.id}`, { project_id: null })).body.project_id).toBeNull();
});

test('an archived thread is only in lists of archived threads, and is unarchived by its owner, a message or a run', async () => {
  const bob = await signUp();
  const asBob = callAs(bob);
  const project = await sharedProject(bob);
  const [first, second] = [await openThread(app, bob, 'a needle', 'first'), await openThread(app, bob, 'a needle', 'second')];
  for (const id of [first, second]) await asBob('PATCH', `/v1/threads/${id}`, { project_id: project });
  const lists = ['/v1/threads?', `/v1/threads?project_id=${project}&`, '/v1/threads/search?q=needle&', '/v1/threads/search?q=first&'];
  const listed = async (path: string, query = '') => idsOf((await asBob('GET', `${path}${query}`)).body);
  const archive = (archived: boolean, id = first) => asBob('PATCH', `/v1/threads/${id}`, { archived });

  const before = await read(first, asBob);
  const archived = (await archive(true)).body;
  expect(archived).toEqual({ ...before, archived_at: expect.any(String) });
  expect((await archive(true)).body).toEqual(archived);
  expect((await asBob('PATCH', `/v1/threads/${first}`, { title: 'first' })).body).toEqual(archived);
  expect(await read(first, asBob)).toEqual(archived);
  for (const path of lists) {
    expect(await listed(path, 'archived=true')).toEqual([first]);
    for (const query of ['', 'archived=false']) expect(await listed(path, query)).not.toContain(first);
  }
  await archive(true, second);
  expect(await listed('/v1/threads?')).toEqual([]);
  const page = await asBob('GET', '/v1/threads?archived=true&limit=1');
  expect(idsOf(page.body)).toEqual([second]);
  expect(await listed(`/v1/threads?archived=true&limit=1&before=${page.headers.get('x-next-cursor')}`)).toEqual([first]);
  for (const query of ['archived=maybe', 'archived=']) expect((await asBob('GET', `/v1/threads?${query}`)).status).toBe(400);
  for (const body of [{ archived: null }, { archived: 'true' }, {}])
    expect((await asBob('PATCH', `/v1/threads/${first}`, body)).status).toBe(400);

  expect((await archive(false)).body).toEqual(before);
  const unarchivedBy: [string, string, object?][] = [
    ['POST', '/messages', { content: 'more' }],
    ['POST', '/runs'],
  ];
  for (const [method, path, body] of unarchivedBy) {
    await archive(true);
    expect((await asBob(method, `/v1/threads/${first}${path}`, body)).status).toBe(201);
    expect([path, (await read(first, asBob)).archived_at]).toEqual([path, null]);
  }
  // A run that is under way goes on, and its answer does not unarchive the thread.
  expect((await archive(true)).body).toMatchObject({ active_run_id: expect.any(String), archived_at: expect.any(String) });
  const copied = (await asBob('GET', `/v1/threads/${first}/messages`)).body[0].id;
  const fork = await asBob('POST', `/v1/threads/${first}:fork`, { message_id: copied });
  expect([fork.status, fork.body.archived_at]).toEqual([201, null]);

  const reader = await createMemberOf(bob);
  expect((await reader.ask('GET', `/v1/threads/${first}`)).body.archived_at).toEqual(expect.any(String));
  expect((await reader.ask('PATCH', `/v1/threads/${first}`, { archived: false })).status).toBe(403);
  const entries = await sql(
    `select count(*)::integer as n from audit_logs
     where action = 'thread.update' and target_id = $1 and (metadata ->> 'result') is distinct from 'denied'`,
    [first],
  );
  expect(entries[0].n).toBe(8);
});

test('stars are stored once, newest first', async () => {
  const bob = await signUp();
  const [first, second] = [(await create({}, callAs(bob))).id, (await create({}, callAs(bob))).id];
  const star = (method: string, id: string) => callAs(bob)(method, `/v1/threads/${id}/star`);
  expect((await star('DELETE', first)).status).toBe(204);
  for (const id of [second, first, second]) expect([(await star('POST', id)).status, (await star('POST', id)).text]).toEqual([204, '']);
  expect((await callAs(bob)('GET', '/v1/threads/starred')).body).toEqual([first, second]);
  const before = await read(first, callAs(bob));
  await star('DELETE', first);
  await star('POST', first);
  expect(await read(first, callAs(bob))).toEqual(before);
  await callAs(bob)('DELETE', `/v1/threads/${first}`);
  expect((await callAs(bob)('GET', '/v1/threads/starred')).body).toEqual([second]);
});
