import { expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { openThread } from '../../support/resources/conversation.ts';

const app = await sharedTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' });
const { call, sql, signUp } = app;

test('if the audit entry cannot be written, the effect is rolled back', async () => {
  const { token, id } = await signUp();
  await sql(`alter table audit_logs add constraint nothing_new check (action <> 'thread.create') not valid`);
  const refused = await call('POST', '/v1/threads', { token, body: { title: 'never' } });
  await sql('alter table audit_logs drop constraint nothing_new');
  expect(refused).toMatchObject({ status: 500, body: { error: 'internal_error', details: {} } });
  expect(await sql('select 1 from threads where created_by_user_id = $1', [id])).toEqual([]);
  expect(await call('POST', '/v1/threads', { token, body: {} })).toMatchObject({ status: 201 });
});

test('more parallel run starts than database connections all succeed', async () => {
  const person = await signUp();
  const threads = await Promise.all(Array.from({ length: 50 }, () => openThread(app, person)));
  const answers = await Promise.all(threads.map((id) => call('POST', `/v1/threads/${id}/runs`, { token: person.token })));
  expect(answers.map(({ status }) => status)).toEqual(threads.map(() => 201));
});
