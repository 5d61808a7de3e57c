import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createUser } from '../../server/resources/accounts/createUser.ts';
import { fastWorkerEnv } from '../support/app/process.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { addUsers, blockFanOutAt, broadcastCalls, broadcastState, countReceivers } from '../support/resources/broadcasts.ts';
import { eventually } from '../support/resources/conversation.ts';
import { workspaceCalls } from '../support/resources/workspaces.ts';

const app = await startTestApp(fastWorkerEnv);
const { call, sql, signUp, promote, database } = app;
const { openWorkspace, addMember, invite, accept, verified } = workspaceCalls(app);
const chief = await signUp();
await promote(chief);
const { send, sendAll, ended, get, remove, inbox } = broadcastCalls(app, chief);

const received = async (person: Person, title: string) => (await inbox(person, '?limit=200')).filter((each) => each.title === title);
const newPerson = () => {
  const login = `late-${randomBytes(6).toString('hex')}`;
  return { userId: randomUUID(), login, email: null, locale: null, passwordHash: 'none' };
};
const hasIt = async (broadcastId: string, userId: string) =>
  (await sql('select 1 from notifications where broadcast_id = $1 and user_id = $2', [broadcastId, userId])).length;
/** The job is removed shortly after the broadcast has ended. */
const jobEnds = (broadcastId: string) =>
  eventually(
    async () => (await sql('select 1 from graphile_worker.jobs where key = $1', [`broadcast:${broadcastId}`])).length === 0,
    'the end of the job',
  );

test('all active users get a broadcast once, in their personal account; suspended, deleted and system users get none', async () => {
  const [bob, ann, suspended, deleted] = [await signUp(), await signUp(), await signUp(), await signUp()];
  const { id: workspace } = await openWorkspace(ann);
  await addMember(ann, workspace, bob);
  await sql(`update users set status = 'suspended' where id = $1`, [suspended.id]);
  await sql(`update users set status = 'deleted' where id = $1`, [deleted.id]);
  expect(await sql(`select status from users where username = 'system_agent'`)).toEqual([{ status: 'active' }]);
  const people = await countReceivers(sql);
  const made = await send({ title: 'To all', payload: { a: 1 } });
  expect([made.status, made.sent_count]).toEqual(['pending', 0]);
  const done = await ended(made.id);
  expect(done).toEqual({ ...made, status: 'completed', sent_count: people });
  expect(await broadcastState(sql, made.id)).toEqual({ status: 'completed', sent: people, rows: people, users: people });
  for (const person of [bob, ann, chief]) {
    const [one, ...more] = await received(person, 'To all');
    expect(one).toMatchObject({
      user_id: person.id,
      account_id: person.accountId,
      type: 'news',
      body: made.body,
      payload: { a: 1 },
      read_at: null,
    });
    expect(more).toEqual([]);
  }
  for (const { id } of [suspended, deleted]) expect(await hasIt(made.id, id)).toBe(0);
  await jobEnds(made.id);
});

test('a broadcast to an account is sent only to its active members', async () => {
  const [bob, ann, suspended] = [await signUp(), await signUp(), await signUp()];
  const { id } = await openWorkspace(ann);
  for (const guest of [bob, suspended]) await addMember(ann, id, guest);
  await sql(`update users set status = 'suspended' where id = $1`, [suspended.id]);
  const done = await sendAll({ title: 'To some', target: id });
  expect(done).toMatchObject({ status: 'completed', sent_count: 2, target_type: 'account', target_id: id });
  for (const person of [bob, ann]) expect(await received(person, 'To some')).toMatchObject([{ account_id: id, user_id: person.id }]);
  expect(await received(chief, 'To some')).toEqual([]);
  expect((await broadcastState(sql, done.id)).rows).toBe(2);
  const [away] = await sql(`select user_id from memberships where account_id = $1`, [suspended.accountId]);
  expect(away.user_id).toBe(suspended.id);
  expect(await sendAll({ title: 'To none', target: suspended.accountId })).toMatchObject({ status: 'completed', sent_count: 0 });
  const home = await sendAll({ title: 'To one', target: bob.accountId });
  expect(home.sent_count).toBe(1);
  expect(await received(bob, 'To one')).toHaveLength(1);
});

test('new users and members get the broadcasts of the last 30 days once, with their original dates', async () => {
  const ann = await signUp();
  const { id } = await openWorkspace(ann);
  const [young, old, gone, toAccount, oldToAccount] = [
    await sendAll({ title: 'Young' }),
    await sendAll({ title: 'Old' }),
    await sendAll({ title: 'Gone' }),
    await sendAll({ title: 'Account', target: id }),
    await sendAll({ title: 'Old account', target: id }),
  ];
  const age = (broadcast: { id: string }, days: number) =>
    sql(`update broadcasts set created_at = now() - $2 * interval '1 day' where id = $1`, [broadcast.id, days]);
  await age(young, 29.99);
  for (const each of [old, oldToAccount]) await age(each, 30.01);
  await remove(gone.id);
  const bob = await signUp();
  const titles = async (accountId: string) => (await inbox(bob)).filter((each) => each.account_id === accountId).map(({ title }) => title);
  const atHome = await titles(bob.accountId);
  expect(atHome).toContain('Young');
  for (const title of ['Old', 'Gone', 'Account']) expect(atHome).not.toContain(title);
  expect((await received(bob, 'Young'))[0].created_at).toBe((await get(young.id)).created_at);
  await addMember(ann, id, bob);
  expect(await titles(id)).toEqual(['Account']);
  expect(await titles(bob.accountId)).toEqual(atHome);
  expect((await get(toAccount.id)).sent_count).toBe(1);
  const [{ id: mine }] = await received(bob, 'Account');
  await call('PATCH', `/v1/notifications/${mine}`, { token: bob.token });
  await call('DELETE', `/v1/accounts/${id}/members/${bob.id}`, { token: ann.token });
  expect(await titles(id)).toEqual([]);
  await addMember(ann, id, bob);
  expect(await received(bob, 'Account')).toMatchObject([{ id: mine, read_at: expect.any(String) }]);
});

test('users who register or join during the fan-out get the broadcast once', async () => {
  const ann = await signUp();
  const { id } = await openWorkspace(ann);
  for (const target of ['all', id]) {
    const title = `Race ${target}`;
    const guests = await Promise.all(Array.from({ length: 4 }, async () => verified(await signUp())));
    const tokens = await Promise.all(guests.map(({ email }) => invite(ann, id, email)));
    const [made, ...answers] = await Promise.all([send({ title, target }), ...guests.map((guest, at) => accept(guest, tokens[at]!.token))]);
    expect(answers.map(({ status }) => status)).toEqual(Array(4).fill(200));
    const late = await Promise.all(Array.from({ length: 4 }, () => signUp()));
    await ended(made.id);
    for (const person of [ann, ...guests, ...(target === 'all' ? late : [])]) expect(await received(person, title)).toHaveLength(1);
    const { rows, users, sent } = await broadcastState(sql, made.id);
    expect(rows).toBe(users);
    expect(sent).toBeLessThanOrEqual(rows);
  }
});

test('a registration that overlaps the start of the fan-out is not blocked and gets the broadcast', async () => {
  const person = newPerson();
  const [made, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const registration = database.transaction(async (tx) => {
    await createUser(tx, person);
    made.resolve();
    await goOn.promise;
  });
  await made.promise;
  const { id } = await send({ title: 'While registering' });
  await eventually(async () => (await broadcastState(sql, id)).status === 'sending', 'the beginning of the fan-out');
  await new Promise((done) => setTimeout(done, 300));
  expect((await broadcastState(sql, id)).rows).toBe(0);
  goOn.resolve();
  await registration;
  const done = await ended(id);
  expect(done.sent_count).toBe((await broadcastState(sql, id)).users);
  expect(await hasIt(id, person.userId)).toBe(1);
});

test('batches of 1,000 update the count, users who join meanwhile are counted, and the next broadcast waits', async () => {
  await addUsers(sql, 2_500);
  const [{ id: late }] = await sql(
    `select id from users where status = 'active' and exists (select from credentials where user_id = users.id) order by id offset 1500 limit 1`,
  );
  const first = await send({ title: 'Crowd 1' });
  const block = await blockFanOutAt(app, first.id, late);
  await block.reached();
  const second = await send({ title: 'Crowd 2' });
  expect(await get(first.id)).toMatchObject({ status: 'sending', sent_count: 1_000 });
  const newcomer = await signUp();
  expect(await received(newcomer, 'Crowd 1')).toHaveLength(1);
  expect(await received(newcomer, 'Crowd 2')).toHaveLength(1);
  expect(await get(second.id)).toMatchObject({ status: 'pending', sent_count: 0 });
  await block.release();
  const people = (await sql(`select count(*)::int as n from users u join credentials c on c.user_id = u.id where status = 'active'`))[0].n;
  for (const { id } of [first, second]) {
    expect(await ended(id)).toMatchObject({ status: 'completed', sent_count: people });
    expect(await broadcastState(sql, id)).toMatchObject({ rows: people, users: people });
  }
});

test('a broadcast deleted during the fan-out stops and disappears from inboxes', async () => {
  const [{ id: late }] = await sql(
    `select id from users where status = 'active' and exists (select from credentials where user_id = users.id) order by id offset 1500 limit 1`,
  );
  const { id } = await send({ title: 'Taken back' });
  const block = await blockFanOutAt(app, id, late);
  await block.reached();
  expect(await received(chief, 'Taken back')).toHaveLength(1);
  // The deletion waits only for the current batch.
  const removed = remove(id);
  await new Promise((done) => setTimeout(done, 100));
  await block.release();
  expect((await removed).status).toBe(204);
  await jobEnds(id);
  const { status, sent, rows } = await broadcastState(sql, id);
  expect(status).toBe('failed');
  expect(rows).toBe(sent);
  expect([1_000, 2_000]).toContain(rows);
  expect(await received(chief, 'Taken back')).toEqual([]);
  expect((await get(id)).error).toBe('not_found');
  expect(await received(await signUp(), 'Taken back')).toEqual([]);
});

test('a broadcast fails after three attempts, keeps its sent notifications, and does not block the next one', async () => {
  const [{ id: late }] = await sql(
    `select id from users where status = 'active' and exists (select from credentials where user_id = users.id) order by id offset 1500 limit 1`,
  );
  await sql(`
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$`);
  await sql(`
    create trigger refuse before insert on notifications for each row when (new.user_id = '${late}' and new.broadcast_id is not null) execute function refuse()`);
  const { id } = await send({ title: 'Fails' });
  const tryAt = (attempts: number) =>
    eventually(async () => {
      await sql(`update graphile_worker._private_jobs set run_at = now() where key = $1 and locked_at is null and attempts < 3`, [
        `broadcast:${id}`,
      ]);
      return (
        await sql('select 1 from graphile_worker.jobs where key = $1 and attempts >= $2 and locked_at is null', [
          `broadcast:${id}`,
          attempts,
        ])
      ).length;
    }, `attempt ${attempts}`);
  await tryAt(1);
  expect(await get(id)).toMatchObject({ status: 'sending', sent_count: 1_000 });
  await tryAt(3);
  expect(await ended(id)).toMatchObject({ status: 'failed', sent_count: 1_000 });
  expect(await broadcastState(sql, id)).toMatchObject({ rows: 1_000, users: 1_000 });
  await sql('drop trigger refuse on notifications');
  expect(await sendAll({ title: 'After' })).toMatchObject({ status: 'completed' });
  expect(await get(id)).toMatchObject({ status: 'failed' });
  expect((await remove(id)).status).toBe(204);
});
