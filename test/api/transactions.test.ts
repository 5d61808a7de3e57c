import { expect, test } from 'vitest';
import { openThread } from '../setup/conversation.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { call, sql, signUp } = world;

test('an effect whose audit entry cannot be written does not happen', async () => {
  const { token, id } = await signUp();
  await sql(`alter table audit_logs add constraint nothing_new check (action <> 'thread.create') not valid`);
  const refused = await call('POST', '/v1/threads', { token, body: { title: 'never' } });
  await sql('alter table audit_logs drop constraint nothing_new');
  expect(refused).toMatchObject({ status: 500, body: { error: 'internal_error', details: {} } });
  expect(await sql('select 1 from threads where created_by_user_id = $1', [id])).toEqual([]);
  expect(await call('POST', '/v1/threads', { token, body: {} })).toMatchObject({ status: 201 });
});

test('more starts at once than the database has connections all succeed', async () => {
  const person = await signUp();
  const threads = await Promise.all(Array.from({ length: 50 }, () => openThread(world, person)));
  const answers = await Promise.all(threads.map((id) => call('POST', `/v1/threads/${id}/runs`, { token: person.token })));
  expect(answers.map(({ status }) => status)).toEqual(threads.map(() => 201));
});
