import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { startTestApp } from '../../support/app/testApp.ts';
import { concurrently, tally } from '../../support/checks/race.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { broadcastCalls } from '../../support/resources/broadcasts.ts';
import { workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote } = app;
const { openWorkspace } = workspaceCalls(app);
const [platformAdmin, member] = [await signUp(), await signUp()];
await promote(platformAdmin);
const { create, send, get, list, remove, inbox } = broadcastCalls(app, platformAdmin);
const path = '/v1/admin/notifications/broadcasts';
const validBroadcast = { type: 'news', title: 'News', body: 'There is news.', target: 'all' };
const jobs = (id: string) =>
  sql('select task_identifier, attempts, max_attempts from graphile_worker.jobs where key = $1', [`broadcast:${id}`]);
const audits = (id: string) =>
  sql('select action, account_id, actor_user_id, target_type, metadata from audit_logs where target_id = $1 order by id', [id]);
/** Delivers a broadcast to a user, as the fan-out does. */
const deliver = (id: string, person: { id: string; accountId: string }) =>
  sql(`insert into notifications (account_id, user_id, type, broadcast_id) values ($1, $2, 'news', $3)`, [person.accountId, person.id, id]);

test('a broadcast is created as pending, together with the one job that sends it', async () => {
  const payload = { link: 'https://example.test/news', tags: ['a', 'b'] };
  const { status, body } = await create({ ...validBroadcast, payload });
  expect([status, body]).toEqual([
    202,
    {
      id: expect.any(String),
      type: 'news',
      title: 'News',
      body: 'There is news.',
      target_type: 'all',
      target_id: null,
      payload,
      status: 'pending',
      sent_count: 0,
      created_by: platformAdmin.id,
      created_at: expect.any(String),
    },
  ]);
  expect(await get(body.id)).toEqual(body);
  expect(await jobs(body.id)).toEqual([{ task_identifier: 'broadcast.send', attempts: 0, max_attempts: 3 }]);
  const metadata = { type: 'news', title: 'News', target_type: 'all', target_id: null };
  expect(await audits(body.id)).toEqual([
    { action: 'broadcast.create', account_id: null, actor_user_id: platformAdmin.id, target_type: 'broadcast', metadata },
  ]);
});

test('a broadcast targets an account by its ID in any case, and an unknown or closed account is rejected', async () => {
  const { id } = await openWorkspace(member);
  const made = await send({ target: id.toUpperCase() });
  expect(made).toMatchObject({ target_type: 'account', target_id: id, payload: {} });
  const count = async () => (await sql('select count(*)::int as n from broadcasts'))[0].n;
  const before = await count();
  const closed = await openWorkspace(member);
  await sql('update accounts set deleted_at = now() where id = $1', [closed.id]);
  for (const target of [randomUUID(), closed.id])
    expect(statusAndReason(await create({ ...validBroadcast, target }))).toEqual([404, 'account_not_found']);
  for (const target of ['', 'ALL', 'everybody', null, [id], `${id}0`])
    expect(issuesOf(await create({ ...validBroadcast, target }))).toEqual([400, [['body', '/target']]]);
  expect(await count()).toBe(before);
});

test.for([
  ['/type', { type: undefined }],
  ['/title', { title: undefined }],
  ['/body', { body: undefined }],
  ['/target', { target: undefined }],
  ['/type', { type: ' ' }],
  ['/type', { type: 'x'.repeat(65) }],
  ['/title', { title: '' }],
  ['/title', { title: 'x'.repeat(201) }],
  ['/title', { title: '🦊'.repeat(201) }],
  ['/title', { title: 7 }],
  ['/body', { body: '' }],
  ['/body', { body: ' \n' }],
  ['/body', { body: 'x'.repeat(10_001) }],
  ['/payload', { payload: [] }],
  ['/payload', { payload: null }],
  ['/payload', { payload: { text: 'x'.repeat(16_384) } }],
  ['/payload', { payload: { text: 'ä'.repeat(8_190) } }],
  ['/status', { status: 'completed' }],
] as const)('rejects %s in %o', async ([where, wrong]) => {
  expect(issuesOf(await create({ ...validBroadcast, ...wrong }))).toEqual([400, [['body', where]]]);
});

test('emoji, right-to-left text and the longest values are stored unchanged', async () => {
  const payload = { text: 'x'.repeat(16_384 - '{"text":""}'.length) };
  for (const title of ['🦊👩‍👩‍👧 neu', 'שלום \u202bעולם\u202c', 'مرحبا', '🦊'.repeat(200), 'x'.repeat(200), '%_\\\'"<b>&amp;']) {
    const body = `  ${title}\n\n`.padEnd(10_000, '🦊').slice(0, 10_000);
    const made = await send({ title, body: body.isWellFormed() ? body : body.slice(0, -1), payload, type: 'x'.repeat(64) });
    expect(made.title).toBe(title);
    await deliver(made.id, member);
    const [seen] = await inbox(member);
    expect([seen.title, seen.body, seen.payload]).toEqual([title, made.body, payload]);
    expect(made.body).toMatch(/^ {2}/);
  }
  expect((await create({ ...validBroadcast, title: '\ud83e' })).status).toBe(400);
  expect((await create({ ...validBroadcast, title: 'a\0b' })).status).toBe(400);
});

test('the list is newest first and pages with `before` or `cursor`', async () => {
  for (let n = 0; n < 4; n++) await send({ title: `${n}` });
  await sql(`update broadcasts set created_at = '2026-01-01T00:00:00.123Z' where title in ('1', '2')`);
  const all = (await list('?limit=200')).body;
  expect(all.map(({ created_at: at, id }: { created_at: string; id: string }) => at + id)).toEqual(
    all
      .map(({ created_at: at, id }: { created_at: string; id: string }) => at + id)
      .toSorted()
      .reverse(),
  );
  for (const name of ['before', 'cursor']) {
    const seen: unknown[] = [];
    for (let answer = await list('?limit=1'); ;) {
      expect(answer.status).toBe(200);
      seen.push(...answer.body);
      const cursor = answer.headers.get('x-next-cursor');
      if (cursor === null) break;
      const link = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')![1]!;
      const next = await call('GET', link, { token: platformAdmin.token });
      answer = await list(`?limit=1&${name}=${cursor}`);
      expect(next.body).toEqual(answer.body);
    }
    expect(seen).toEqual(all);
  }
  const [one, two] = [(await list('?limit=1')).headers.get('x-next-cursor'), (await list('?limit=2')).headers.get('x-next-cursor')];
  expect((await list(`?limit=1&before=${one}&cursor=${one}`)).status).toBe(200);
  expect(issuesOf(await list(`?limit=1&before=${one}&cursor=${two}`))).toEqual([400, [['query', 'cursor']]]);
  expect((await list(`?cursor=${one}x`)).status).toBe(400);
  expect((await list('?cursor=')).status).toBe(400);
});

test('a deleted broadcast disappears from every inbox at once, read or unread', async () => {
  const bob = await signUp();
  const kept = await send({ title: 'kept' });
  const gone = await send({ title: 'gone' });
  // A new user receives the broadcasts of the last days. Mark them as read.
  expect((await call('PATCH', '/v1/notifications', { token: bob.token })).status).toBe(200);
  for (const { id } of [kept, gone]) await deliver(id, bob);
  const [{ id }] = (await inbox(bob, '?unread_only=true')).filter(({ title }) => title === 'gone');
  expect(await remove(gone.id)).toMatchObject({ status: 204, text: '' });
  expect((await remove(gone.id)).status).toBe(404);
  expect((await call('GET', `${path}/${gone.id}`, { token: platformAdmin.token })).status).toBe(404);
  expect((await list('?limit=200')).body.map((each: { id: string }) => each.id)).not.toContain(gone.id);
  for (const query of ['', '?unread_only=true', '?type=news'])
    expect((await inbox(bob, query)).map(({ title }) => title)).not.toContain('gone');
  expect((await call('PATCH', `/v1/notifications/${id}`, { token: bob.token })).status).toBe(404);
  expect((await call('PATCH', '/v1/notifications', { token: bob.token })).body).toEqual({ ok: true, count: 1 });
  expect(await sql('select read_at from notifications where broadcast_id = $1', [gone.id])).toEqual([{ read_at: null }]);
  const [, deleted] = await audits(gone.id);
  expect(deleted).toMatchObject({ action: 'broadcast.delete', account_id: null, metadata: { title: 'gone', sent_count: 0 } });
});

test('of parallel deletions exactly one succeeds', async () => {
  const { id } = await send();
  expect(tally(await concurrently(8, () => remove(id)))).toEqual({ '204': 1, '404': 7 });
  expect((await audits(id)).filter(({ action }) => action === 'broadcast.delete')).toHaveLength(1);
});

test('a repeated idempotency key creates one broadcast and one job', async () => {
  const headers = { 'idempotency-key': 'send-once' };
  const answers = [];
  for (let n = 0; n < 3; n++) answers.push(await call('POST', path, { token: platformAdmin.token, body: validBroadcast, headers }));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(await jobs(answers[0]!.body.id)).toHaveLength(1);
  expect(
    statusAndReason(await call('POST', path, { token: platformAdmin.token, body: { ...validBroadcast, title: 'Other' }, headers })),
  ).toEqual([409, 'idempotency_key_reused']);
});

test('only platform admins can read and create broadcasts', async () => {
  const { id } = await send();
  const before = (await list('?limit=200')).body;
  const calls = [
    ['POST', path],
    ['GET', path],
    ['GET', `${path}/${id}`],
    ['DELETE', `${path}/${id}`],
    ['DELETE', `${path}/${randomUUID()}`],
  ] as const;
  for (const [method, at] of calls)
    expect(statusAndReason(await call(method, at, { token: member.token }))).toEqual([403, 'missing_permission']);
  expect((await list('?limit=200')).body).toEqual(before);
});
