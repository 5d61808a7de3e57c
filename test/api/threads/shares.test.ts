import { describe, expect, test } from 'vitest';
import { transcriptWriter } from '../../support/agent/transcript.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently } from '../../support/checks/race.ts';
import { images, stage } from '../../support/http/forms.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { projectUsers } from '../../support/resources/projects.ts';

const app = await sharedTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' });
const { call, sql, signUp } = app;
const { open, say, answer, list } = transcriptWriter(app);
const { house } = projectUsers(app);
const me = await signUp();

const share = (threadId: string, body: object = {}, { token }: Pick<Person, 'token'> = me, headers: Record<string, string> = {}) =>
  call('POST', `/v1/threads/${threadId}:share`, { token, body, headers });
const shares = (threadId: string, { token }: Pick<Person, 'token'> = me, headers: Record<string, string> = {}) =>
  call('GET', `/v1/threads/${threadId}:share`, { token, headers });
const remove = (threadId: string, id: string, { token }: Pick<Person, 'token'> = me, headers: Record<string, string> = {}) =>
  call('DELETE', `/v1/threads/${threadId}:share?id=${id}`, { token, headers });
const view = (token: string, query = '') => call('GET', `/v1/s/${token}${query}`);

async function conversation(more: object = {}) {
  const thread = await open(me, more);
  await say(me, thread, 'مرحبا 👩‍👩‍👧‍👦 e\u0301');
  await answer(me, thread, 'one', ['called']);
  return thread;
}

test('a share link shows the thread without its account', async () => {
  const thread = await conversation();
  const { status, body, headers } = await share(thread);
  expect([status, body]).toEqual([
    201,
    {
      id: expect.any(String),
      token: expect.stringMatching(/^[0-9A-Za-z]{22}$/),
      url: `/s/${body.token}`,
      access_type: 'public',
      has_password: false,
      live_update: false,
      snapshot_turn_count: 1,
      created_at: expect.any(String),
    },
  ]);
  const shown = await view(body.token);
  const own = await list(me, thread);
  const [{ created_at }] = await sql('select created_at from threads where id = $1', [thread]);
  expect(shown.body).toEqual({
    requires_password: false,
    thread: { title: 'A talk', created_at: new Date(created_at).toISOString() },
    messages: own.map(({ id, role, content, completion, created_at }) => ({ id, role, content, completion, created_at })),
  });
  expect([shown.headers.get('cache-control'), shown.headers.get('x-robots-tag')]).toEqual(['no-store', 'noindex']);
  for (const id of [me.id, me.accountId, thread]) expect(shown.text).not.toContain(id);
  const entries = await sql('select action, target_type, target_id, metadata from audit_logs where trace_id = $1', [
    headers.get('x-trace-id'),
  ]);
  expect(entries).toEqual([
    { action: 'thread_share.create', target_type: 'thread_share', target_id: body.id, metadata: expect.any(Object) },
  ]);
  expect(JSON.stringify(entries)).not.toContain(body.token);
  expect((await shares(thread)).body).toEqual([body]);
  const stored = JSON.stringify(await sql('select * from thread_shares where id = $1', [body.id]));
  expect(stored).not.toContain(body.token);
  expect(stored).not.toContain(Buffer.from(body.token).toJSON().data.join(','));
});

test('a thread without messages can be shared', async () => {
  const thread = await open(me, { title: null });
  const { body } = await share(thread);
  expect([body.snapshot_turn_count, (await view(body.token)).body]).toMatchObject([0, { thread: { title: null }, messages: [] }]);
  // Later messages are not in the snapshot, nor is the title that they give the thread.
  await say(me, thread, 'Later words.');
  expect((await view(body.token)).body).toMatchObject({ thread: { title: null }, messages: [] });
  const live = await share(thread, { live_update: true });
  expect((await view(live.body.token)).body).toMatchObject({ thread: { title: 'Later words' }, messages: [{ content: 'Later words.' }] });
});

test('access_type and password are validated', async () => {
  const thread = await open(me);
  const wrong = [
    { access_type: 'password' },
    { access_type: 'password', password: '' },
    { access_type: 'password', password: 'x'.repeat(129) },
    { password: 'only of the other kind' },
  ];
  for (const body of wrong) expect(issuesOf(await share(thread, body))).toEqual([400, [['body', '/password']]]);
  expect((await share(thread, { access_type: 'password', password: '👩'.repeat(128) })).status).toBe(201);
  expect(issuesOf(await share(thread, { access_type: 'secret' }))).toEqual([400, [['body', '/access_type']]]);
});

test('only the creator of a thread manages its shares, readers get 403 and others 404', async () => {
  const { admin, member, stranger, create } = await house();
  const project = (await create(admin, { visibility: 'shared' })).body.id;
  const thread = await open(admin, { project_id: project });
  const { id } = (await share(thread, {}, admin)).body;
  const headers = { 'x-account-id': admin.accountId };
  const tries = (by: Person, more: Record<string, string>) =>
    Promise.all([share(thread, {}, by, more), shares(thread, by, more), remove(thread, id, by, more)]);
  for (const each of await tries(member, headers)) expect(statusAndReason(each)).toEqual([403, 'not_owner']);
  for (const each of await tries(stranger, {})) expect(each.status).toBe(404);
  const other = await open(admin);
  expect([(await remove(other, id, admin)).status, (await shares(thread, admin)).body.length]).toEqual([404, 1]);
  expect(issuesOf(await remove(thread, 'x', admin))).toEqual([400, [['query', 'id']]]);
  expect(issuesOf(await call('DELETE', `/v1/threads/${thread}:share`, { token: admin.token }))).toEqual([400, [['query', 'id']]]);
});

test('deleted shares, deleted and expired threads and suspended accounts and users return 404', async () => {
  const thread = await conversation();
  const [one, two] = [(await share(thread)).body, (await share(thread)).body];
  const deleted = await remove(thread, one.id);
  expect([deleted.status, (await remove(thread, one.id)).status]).toEqual([204, 404]);
  const entries = await sql('select action, target_type, target_id from audit_logs where trace_id = $1', [
    deleted.headers.get('x-trace-id'),
  ]);
  expect(entries).toEqual([{ action: 'thread_share.delete', target_type: 'thread_share', target_id: one.id }]);
  const unknown = await view('0'.repeat(22));
  const gone = await view(one.token);
  expect([gone.status, { ...gone.body, trace_id: '' }]).toEqual([404, { ...unknown.body, trace_id: '' }]);
  expect([gone.headers.get('cache-control'), gone.headers.get('x-robots-tag')]).toEqual(['no-store', 'noindex']);
  expect(issuesOf(await view('x'))).toEqual([400, [['path', 'token']]]);
  for (const [table, id] of [
    ['accounts', me.accountId],
    ['users', me.id],
  ]) {
    await sql(`update ${table} set status = 'suspended' where id = $1`, [id]);
    expect([table, (await view(two.token)).status]).toEqual([table, 404]);
    await sql(`update ${table} set status = 'active' where id = $1`, [id]);
    expect([table, (await view(two.token)).status]).toEqual([table, 200]);
  }
  await call('DELETE', `/v1/threads/${thread}`, { token: me.token });
  expect((await view(two.token)).status).toBe(404);
  const brief = await conversation({ is_private: true });
  const { token } = (await share(brief)).body;
  expect((await view(token)).status).toBe(200);
  await sql(`update threads set expires_at = now() where id = $1`, [brief]);
  expect([(await view(token)).status, (await share(brief)).status]).toEqual([404, 404]);
});

test('a share gives access to the attachments of its messages only', async () => {
  const thread = await open(me);
  const attach = async (name: string) => {
    const { key } = (await stage(app, me, { filename: name, content: images.png })).body;
    const attachment = { key, filename: name, mime_type: 'image/png', size: 1 };
    await call('POST', `/v1/threads/${thread}/messages`, {
      token: me.token,
      body: { content_json: { parts: [{ type: 'image', attachment }] } },
    });
    return key.replace('staging', 'attachments') as string;
  };
  const early = await attach('early (1).png');
  const [fixed, live] = [(await share(thread)).body, (await share(thread, { live_update: true })).body];
  const late = await attach('late.png');
  const waiting = (await stage(app, me, { filename: 'waiting.png', content: images.png })).body.key as string;
  const get = (key: string, { token }: { token: string }, more = '') =>
    call('GET', `/v1/attachments/${key.split('/').map(encodeURIComponent).join('/')}?share_token=${token}${more}`);

  const published = (await view(fixed.token)).body.messages[0].content_json.parts[0].attachment.key;
  expect(published).toBe(early.replace(me.accountId, 'shared'));
  for (const key of [early, published]) {
    const { status, headers } = await get(key, fixed);
    expect([status, headers.get('content-type'), headers.get('x-robots-tag')]).toEqual([200, 'image/png', 'noindex']);
  }
  expect([(await get(late, fixed)).status, (await get(late, live)).status]).toEqual([404, 200]);
  for (const key of [waiting, waiting.replace('staging', 'attachments'), `${early}x`, early.replace('early', 'late')])
    expect((await get(key, live)).status).toBe(404);
  const foreign = (await share(await open(me))).body;
  expect((await get(early, foreign)).status).toBe(404);

  const locked = (await share(thread, { access_type: 'password', password: 'p' })).body;
  const session = (await call('POST', `/v1/s/${locked.token}/verify`, { body: { password: 'p' } })).body.session_token;
  expect((await get(early, locked)).status).toBe(404);
  expect(statusAndReason(await get(early, locked, '&session_token=x'))).toEqual([403, 'invalid_session']);
  expect((await get(early, locked, `&session_token=${session}`)).status).toBe(200);
  await remove(thread, locked.id);
  expect((await get(early, locked, `&session_token=${session}`)).status).toBe(404);
});

test('a share read while it is deleted is complete or 404', async () => {
  for (let round = 0; round < 10; round++) {
    const thread = await conversation();
    const { id, token } = (await share(thread)).body;
    const [answers] = await Promise.all([concurrently(10, () => view(token)), remove(thread, id)]);
    for (const { status, body } of answers) if (status !== 404) expect([status, body.messages.length]).toEqual([200, 2]);
    expect((await view(token)).status).toBe(404);
  }
});

describe('pages of a share', () => {
  const follow = async (token: string, query = '') => {
    const pages: { messages: { content: string }[]; bytes: number }[] = [];
    for (let before: string | null = ''; before !== null;) {
      const { status, body, headers, text } = await view(token, `?${query}${before && `&before=${before}`}`);
      expect(status).toBe(200);
      pages.push({ messages: body.messages, bytes: text.length });
      before = headers.get('x-next-cursor');
    }
    return pages;
  };
  const textsOf = (pages: Awaited<ReturnType<typeof follow>>) => pages.flatMap(({ messages }) => messages.map(({ content }) => content));

  test('are in order and complete, with a limit, of a snapshot and of a live share', async () => {
    const thread = await open(me);
    const texts = Array.from({ length: 7 }, (_, at) => `text ${at}`);
    for (const text of texts) await answer(me, thread, text, ['called']);
    for (const live_update of [false, true]) {
      const { token } = (await share(thread, { live_update })).body;
      const pages = await follow(token, 'limit=3');
      expect([pages.map(({ messages }) => messages.length), textsOf(pages)]).toEqual([[3, 3, 1], texts]);
    }
  });

  test('end after 200 messages and before 1 MB, and a larger message has a page of its own', async () => {
    const thread = await open(me);
    const sizes = [400_000, 400_000, 400_000, 1_500_000, 10, ...Array.from({ length: 210 }, () => 1)];
    for (const [at, size] of sizes.entries()) await answer(me, thread, `${at} `.padEnd(size, 'x'));
    const pages = await follow((await share(thread)).body.token);
    expect(pages.map(({ messages }) => messages.length)).toEqual([2, 1, 1, 200, 11]);
    expect(textsOf(pages).map((text) => Number.parseInt(text, 10))).toEqual(sizes.map((_, at) => at));
    expect(pages.map(({ bytes }) => bytes).filter((bytes) => bytes > 1_000_000)).toEqual([expect.any(Number)]);
  });

  test('a cursor opens only its share', async () => {
    const thread = await conversation();
    const [one, other] = [(await share(thread)).body.token, (await share(thread)).body.token];
    const cursor = (await view(one, '?limit=1')).headers.get('x-next-cursor');
    expect((await view(one, `?before=${cursor}`)).body.messages).toMatchObject([{ content: 'one' }]);
    expect(statusAndReason(await view(other, `?before=${cursor}`))).toEqual([400, 'invalid_cursor']);
  });
});
