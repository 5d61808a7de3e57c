import { sql as raw } from 'kysely';
import { expect, test } from 'vitest';
import { statement } from '../../../server/database/statement.ts';
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

const divide = statement<{ by: number }>()((db, $) => db.selectNoFrom(raw<number>`1 / ${$.by}::int`.as('quotient')));

test('a transaction reports the statement that failed, not one that followed it', async () => {
  const work = app.database.transaction(async (tx) => {
    tx.awaitAtCommit(tx.rows(divide, { by: 0 }));
    await tx.rows(divide, { by: 1 });
  });
  await expect(work).rejects.toMatchObject({ code: '22012' });
});

test('a bulk adjustment that waits too long for another one is a 503', async () => {
  const chief = await signUp();
  await app.promote(chief);
  const id = crypto.randomUUID();
  await sql(
    `create function lock_timeout() returns trigger language plpgsql as $$ begin raise exception 'late' using errcode = '55P03'; end $$`,
  );
  await sql('create trigger late before insert on credit_balances for each statement execute function lock_timeout()');
  const refused = await call('POST', '/v1/admin/credits/bulk-adjust', { token: chief.token, body: { amount: 1, note: id } });
  await sql('drop trigger late on credit_balances; drop function lock_timeout');
  expect(refused).toMatchObject({ status: 503, body: { error: 'unavailable' } });
});
