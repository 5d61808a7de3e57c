import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { transcriptWriter } from '../../support/agent/transcript.ts';
import { type Person, sharedTestApp, startTestApp } from '../../support/app/testApp.ts';
import { concurrently } from '../../support/checks/race.ts';
import { images, stage } from '../../support/http/forms.ts';
import { issuesOf } from '../../support/http/responses.ts';
import { projectUsers } from '../../support/resources/projects.ts';

const app = await sharedTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' });
const { call, sql, signUp } = app;
const { open, say, answer, retry, list, rows } = transcriptWriter(app);
const { house } = projectUsers(app);
const me = await signUp();

const fork = ({ token }: Pick<Person, 'token'>, threadId: string, body: object, headers: Record<string, string> = {}) =>
  call('POST', `/v1/threads/${threadId}:fork`, { token, body, headers });

/** Two questions with an answer each, the second answer with tool messages. */
async function conversation(person = me, more: object = {}) {
  const thread = await open(person, more);
  const first = await say(person, thread, 'مرحبا 👩‍👩‍👧‍👦 é e\u0301');
  const second = await answer(person, thread, 'one');
  const third = await say(person, thread, 'And?');
  const fourth = await answer(person, thread, 'two', ['called', 'returned']);
  return { thread, ids: [first, second.id, third, fourth.id] as const };
}

test('a fork at the second of four messages has two messages with new IDs', async () => {
  const { thread, ids } = await conversation();
  const { status, body, headers } = await fork(me, thread, { message_id: ids[1] });
  const { id_mapping: mapping, ...forked } = body;
  expect([status, forked]).toEqual([
    201,
    {
      id: expect.any(String),
      account_id: me.accountId,
      created_by_user_id: me.id,
      title: 'A talk',
      project_id: null,
      created_at: expect.any(String),
      updated_at: expect.any(String),
      archived_at: null,
      active_run_id: null,
      is_private: false,
      expires_at: null,
      parent_thread_id: thread,
    },
  ]);
  expect(mapping.map(({ old_id }: { old_id: string }) => old_id)).toEqual(ids.slice(0, 2));
  const copies = await list(me, body.id);
  expect(copies.map(({ id }) => id)).toEqual(mapping.map(({ new_id }: { new_id: string }) => new_id));
  expect(new Set([...ids, ...copies.map(({ id }) => id)]).size).toBe(6);
  const before = (await list(me, thread)).slice(0, 2);
  expect(copies.map(({ content, role, created_at }) => [content, role, created_at])).toEqual(
    before.map(({ content, role, created_at }) => [content, role, created_at]),
  );
  const entries = await sql('select action, target_type, target_id from audit_logs where trace_id = $1', [headers.get('x-trace-id')]);
  expect(entries).toEqual([{ action: 'thread.fork', target_type: 'thread', target_id: body.id }]);
});

test('tool messages are copied, replaced answers are not', async () => {
  const { thread, ids } = await conversation();
  await retry(me, thread);
  const again = await answer(me, thread, 'two again', ['called again']);
  expect((await fork(me, thread, { message_id: ids[3] })).status).toBe(404);
  const { body } = await fork(me, thread, { message_id: again.id });
  expect(body.id_mapping).toHaveLength(4);
  const copies = await rows(body.id);
  expect(copies.map(({ number, content }) => [number, content])).toEqual([
    [1, 'مرحبا 👩‍👩‍👧‍👦 é e\u0301'],
    [2, 'one'],
    [3, 'And?'],
    [4, 'called again'],
    [5, 'two again'],
  ]);
  expect(copies[3]).toMatchObject({ role: 'tool', content_json: { kind: 'tool', tool_name: 'echo' } });
  expect((await list(me, body.id)).map(({ content }) => content)).not.toContain('called again');
});

test('a fork is an independent thread that can be continued and retried', async () => {
  const { thread, ids } = await conversation();
  const { body } = await fork(me, thread, { message_id: ids[3] });
  await retry(me, body.id);
  expect((await list(me, body.id)).map(({ content }) => content)).not.toContain('two');
  await say(me, body.id, 'On we go');
  expect((await rows(body.id)).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(await list(me, thread)).toHaveLength(4);
  await call('DELETE', `/v1/threads/${thread}`, { token: me.token });
  expect(await list(me, body.id)).toHaveLength(4);
  expect((await call('GET', `/v1/threads/${body.id}/runs`, { token: me.token })).body).toHaveLength(1);
});

test('a fork inherits is_private unless given', async () => {
  const { thread, ids } = await conversation(me, { is_private: true });
  const at = { message_id: ids[0] };
  const hidden = (await fork(me, thread, at)).body;
  expect([hidden.is_private, Date.parse(hidden.expires_at) - Date.parse(hidden.created_at)]).toEqual([true, 86_400_000]);
  const shown = (await fork(me, thread, { ...at, is_private: false })).body;
  expect([shown.is_private, shown.expires_at]).toEqual([false, null]);
  const other = await conversation();
  expect((await fork(me, other.thread, { message_id: other.ids[0], is_private: true })).body.is_private).toBe(true);
  await sql(`update threads set expires_at = now() - interval '1 second' where id = $1`, [thread]);
  expect((await fork(me, thread, at)).status).toBe(404);
});

test('a reader of a shared project forks into the same project as the creator, and others get 404', async () => {
  const { admin, owner, member, stranger, ask, create } = await house();
  const project = (await create(admin, { visibility: 'shared' })).body.id;
  const { thread, ids } = await conversation(admin, { project_id: project });
  const headers = { 'x-account-id': admin.accountId };
  const { status, body } = await fork(member, thread, { message_id: ids[2] }, headers);
  expect([status, body.created_by_user_id, body.project_id, body.parent_thread_id]).toEqual([201, member.id, project, thread]);
  const absent = await fork(stranger, randomUUID(), { message_id: ids[2] });
  const foreign = await fork(stranger, thread, { message_id: ids[2] });
  expect([foreign.status, { ...foreign.body, trace_id: '' }]).toEqual([404, { ...absent.body, trace_id: '' }]);
  const own = await open(owner);
  expect((await fork(owner, own, { message_id: ids[0] })).status).toBe(404);
  const secret = await conversation(admin, { project_id: project, is_private: true });
  expect((await fork(member, secret.thread, { message_id: secret.ids[0] }, headers)).status).toBe(404);
  await ask('DELETE', `/${project}`, admin);
  expect((await fork(admin, thread, { message_id: ids[0] })).body.project_id).toBe(null);
});

test('message_id must be a visible message of the thread', async () => {
  const [{ thread, ids }, other] = [await conversation(), await conversation()];
  const [tool] = await sql(`select id from messages where thread_id = $1 and role = 'tool'`, [thread]);
  for (const last of [randomUUID(), other.ids[0], tool.id]) expect((await fork(me, thread, { message_id: last })).status).toBe(404);
  expect(issuesOf(await fork(me, thread, {}))).toEqual([400, [['body', '/message_id']]]);
  expect(issuesOf(await fork(me, thread, { message_id: 'x' }))).toEqual([400, [['body', '/message_id']]]);
  const { token } = me;
  const key = (await call('POST', '/v1/api-keys', { token, body: { name: 'reads', scopes: ['data.threads.read'] } })).body.key;
  expect((await fork({ token: key }, thread, { message_id: ids[0] })).status).toBe(403);
});

test('stars, shares and runs are not copied', async () => {
  const { thread, ids } = await conversation();
  await call('POST', `/v1/threads/${thread}/star`, { token: me.token });
  await call('POST', `/v1/threads/${thread}:share`, { token: me.token });
  const { id } = (await fork(me, thread, { message_id: ids[3] })).body;
  const below = (path: string) => call('GET', `/v1/threads/${id}${path}`, { token: me.token });
  expect([(await below('/runs')).body, (await below(':share')).body]).toEqual([[], []]);
  expect((await call('GET', '/v1/threads/starred', { token: me.token })).body).not.toContain(id);
});

test('attachments of copied messages are readable through the fork, those of others are not', async () => {
  const thread = await open(me);
  const attach = async (text: string) => {
    const { key } = (await stage(app, me, { filename: `${text}.png`, content: images.png })).body;
    const attachment = { key, filename: `${text}.png`, mime_type: 'image/png', size: 1 };
    const body = {
      content_json: {
        parts: [
          { type: 'text', text },
          { type: 'image', attachment },
        ],
      },
    };
    const sent = await call('POST', `/v1/threads/${thread}/messages`, { token: me.token, body });
    return { id: sent.body.id as string, path: `/v1/attachments/${key.replace('staging', 'attachments')}` };
  };
  const [kept, left] = [await attach('kept'), await attach('left')];
  const copy = (await fork(me, thread, { message_id: kept.id })).body.id;
  await call('DELETE', `/v1/threads/${thread}`, { token: me.token });
  const get = (path: string) => call('GET', path, { token: me.token }).then(({ status }) => status);
  expect([await get(kept.path), await get(left.path)]).toEqual([200, 404]);
  expect((await list(me, copy))[0].content_json.parts[1].attachment.key).toBe(kept.path.slice('/v1/attachments/'.length));
});

test('parallel forks are complete while messages are added, replaced or deleted', async () => {
  for (let round = 0; round < 10; round++) {
    const { thread, ids } = await conversation();
    const [forks] = await Promise.all([
      concurrently(4, () => fork(me, thread, { message_id: ids[3] })),
      say(me, thread).catch(() => undefined),
      round % 2 ? retry(me, thread).catch(() => undefined) : call('DELETE', `/v1/threads/${thread}`, { token: me.token }),
    ]);
    for (const { status, body } of forks) {
      expect([201, 404]).toContain(status);
      if (status !== 201) continue;
      expect((await rows(body.id)).map(({ content }) => content).slice(1)).toEqual(['one', 'And?', 'called', 'returned', 'two']);
      expect(body.id_mapping.map(({ old_id }: { old_id: string }) => old_id)).toEqual(ids);
    }
  }
  const strays = `select from messages m where not exists (select from threads t where t.id = m.thread_id and t.last_message_number >= m.number)`;
  expect(await sql(strays)).toEqual([]);
});

test('10,000 messages are forked within three seconds, also with outdated table statistics', async () => {
  // A separate database: the plan depends on the statistics of all messages.
  const { signUp, call, sql } = await startTestApp({}, { worker: false });
  const { token, accountId } = await signUp();
  const threads = await Promise.all(['known', 'new'].map((title) => call('POST', '/v1/threads', { token, body: { title } })));
  const [known, thread] = threads.map(({ body }) => body.id as string);
  const add = (id: string | undefined, count: number) =>
    sql(
      `insert into messages (account_id, thread_id, number, id, role, content)
       select $1, $2, n, gen_random_uuid(), 'user', 'message ' || n from generate_series(1, $3::int) n`,
      [accountId, id, count],
    );
  await sql('alter table messages set (autovacuum_enabled = off)');
  await add(known, 3_000);
  await sql('analyze messages');
  await add(thread, 10_000);
  await sql('update threads set last_message_number = 10000 where id = $1', [thread]);
  const [{ id: last }] = await sql('select id from messages where thread_id = $1 and number = 9999', [thread]);
  const start = performance.now();
  const { status, body } = await call('POST', `/v1/threads/${thread}:fork`, { token, body: { message_id: last } });
  expect([status, body.id_mapping?.length]).toEqual([201, 9_999]);
  expect(performance.now() - start).toTakeLessThan(3_000);
  await sql('analyze messages');
  const wrong = `select from messages a join messages b on b.thread_id = $2 and b.number = a.number where a.thread_id = $1 and a.content <> b.content`;
  expect(await sql(wrong, [thread, body.id])).toEqual([]);
});
