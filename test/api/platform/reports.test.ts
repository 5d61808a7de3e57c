import { expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { issuesOf } from '../../support/http/responses.ts';
import { openThread } from '../../support/resources/conversation.ts';
import { projectUsers } from '../../support/resources/projects.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote } = app;
const { house, auditOf } = projectUsers(app);
const [me, platformAdmin] = [await signUp(), await signUp()];
await promote(platformAdmin);

const report = ({ token }: Pick<Person, 'token'>, threadId: string, body: object, headers: Record<string, string> = {}) =>
  call('POST', `/v1/threads/${threadId}:report`, { token, body, headers });
const list = (query = '', { token }: Person = platformAdmin) => call('GET', `/v1/admin/reports${query}`, { token });

test('a report is readable by platform admins', async () => {
  const thread = await openThread(app, me);
  const feedback = ' \u202eFalsch 👎🏽\n e\u0301 ';
  const answer = await report(me, thread, { categories: ['inaccurate', 'wrong_sources', 'inaccurate'], feedback });
  const { id, created_at } = answer.body;
  expect([answer.status, answer.body]).toEqual([201, { id: expect.any(String), created_at: expect.any(String) }]);
  const categories = ['inaccurate', 'wrong_sources'];
  const told = { id, thread_id: thread, account_id: me.accountId, user_id: me.id, categories, feedback, created_at };
  expect((await list(`?thread_id=${thread}`)).body).toEqual([told]);
  const metadata = { report_id: id, categories };
  expect(await auditOf(answer)).toEqual([{ action: 'thread.report', target_type: 'thread', target_id: thread, metadata }]);
  expect((await list('', me)).status).toBe(403);
  // The thread is only marked as deleted: its reports stay.
  await call('DELETE', `/v1/threads/${thread}`, { token: me.token });
  expect([(await list(`?thread_id=${thread}`)).body.length, (await report(me, thread, { categories })).status]).toEqual([1, 404]);
});

test('a report is validated', async () => {
  const thread = await openThread(app, me);
  const one = { categories: ['too_long'] };
  for (const categories of [[], undefined, 'x', null]) {
    expect(issuesOf(await report(me, thread, { categories }))).toEqual([400, [['body', '/categories']]]);
  }
  expect(issuesOf(await report(me, thread, { categories: ['too_long', 'rude'] }))).toEqual([400, [['body', '/categories/1']]]);
  expect(issuesOf(await report(me, thread, { ...one, feedback: '👎'.repeat(2_001) }))).toEqual([400, [['body', '/feedback']]]);
  for (const feedback of ['👎'.repeat(2_000), ' ', null, undefined])
    expect((await report(me, thread, { ...one, feedback })).status).toBe(201);
  const kept = (await list(`?thread_id=${thread}`)).body.map(({ feedback }: { feedback: string | null }) => feedback);
  expect(kept).toEqual([null, null, null, '👎'.repeat(2_000)]);
});

test('every reader of a thread can report it, and others get 404', async () => {
  const { admin, member, stranger, create } = await house();
  const project = (await create(admin, { visibility: 'shared' })).body.id;
  const open = async (more: object) =>
    (await call('POST', '/v1/threads', { token: admin.token, body: { project_id: project, ...more } })).body.id;
  const [shown, secret] = [await open({}), await open({ is_private: true })];
  const headers = { 'x-account-id': admin.accountId };
  const body = { categories: ['harmful_or_offensive'] };
  expect((await report(member, shown, body, headers)).status).toBe(201);
  expect((await list(`?thread_id=${shown}`)).body).toMatchObject([{ user_id: member.id, account_id: admin.accountId }]);
  for (const [by, id, more] of [
    [member, secret, headers],
    [stranger, shown, {}],
  ] as const)
    expect((await report(by, id, body, more)).status).toBe(404);
});

test('reports are filtered by category and thread, and paged', async () => {
  const [one, two] = [await openThread(app, me), await openThread(app, me)];
  for (const categories of [['out_of_date'], ['too_short', 'out_of_date'], ['too_short']]) await report(me, one, { categories });
  await report(me, two, { categories: ['out_of_date'] });
  const count = async (query: string) => (await list(query)).body.length;
  expect([
    await count('?category=out_of_date'),
    await count(`?category=out_of_date&thread_id=${one}`),
    await count(`?thread_id=${two}`),
  ]).toEqual([3, 2, 1]);
  expect((await list(`?thread_id=${me.id}`)).status).toBe(404);
  expect(await count(`?thread_id=${await openThread(app, me)}`)).toBe(0);
  expect(issuesOf(await list('?category=rude'))).toEqual([400, [['query', 'category']]]);
  const first = await list(`?thread_id=${one}&limit=2`);
  const cursor = first.headers.get('x-next-cursor')!;
  const rest = await list(`?thread_id=${one}&limit=2&before=${cursor}`);
  const ids = [...first.body, ...rest.body].map(({ id }: { id: string }) => id);
  expect([new Set(ids).size, rest.headers.get('link')]).toEqual([3, null]);
  expect(issuesOf(await list(`?thread_id=${two}&before=${cursor}`))).toEqual([400, [['query', 'before']]]);
});

test('deleting a private thread deletes its reports', async () => {
  const { id } = (await call('POST', '/v1/threads', { token: me.token, body: { is_private: true } })).body;
  await report(me, id, { categories: ['inaccurate'] });
  await sql('delete from threads where id = $1', [id]);
  expect(await sql('select id from thread_reports where thread_id = $1', [id])).toEqual([]);
  expect((await list(`?thread_id=${id}`)).status).toBe(404);
});
