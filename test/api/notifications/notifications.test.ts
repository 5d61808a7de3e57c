import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { notifyUsers } from '../../../server/resources/notifications/service.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently, repeatRace } from '../../support/checks/race.ts';
import { issuesOf } from '../../support/http/responses.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await sharedTestApp();
const { call, sql, signUp, database } = app;
const { openWorkspace, addMember } = workspaceCalls(app);

const list = ({ token }: Person, query = '') => call('GET', `/v1/notifications${query}`, { token });
const inbox = async (person: Person, query = '') => (await list(person, query)).body.data;
const titles = async (person: Person, query = '') => (await inbox(person, query)).map(({ title }: { title: string }) => title);
const read = ({ token }: Person, id: string, options: object = {}) => call('PATCH', `/v1/notifications/${id}`, { token, ...options });
const readAll = ({ token }: Person, options: object = {}) => call('PATCH', '/v1/notifications', { token, ...options });
const audits = ({ id }: Person) =>
  sql(
    `select action, account_id, target_type, target_id, metadata from audit_logs
     where actor_user_id = $1 and action like 'notification.%' order by id`,
    [id],
  );

/** Sends a notification of an account. Waits 2 ms after it, so that the order is known. */
async function sendNotification(accountId: string, people: readonly Person[], title: string, more: object = {}) {
  await notifyUsers(database, { accountId, userIds: people.map(({ id }) => id), type: 'test', title, body: 'Text.', ...more });
  await new Promise((done) => setTimeout(done, 2));
}

test('a notification is listed with all fields for its recipients only', async () => {
  const [bob, eve] = [await signUp(), await signUp()];
  const payload = { endpoint_id: randomUUID(), nested: { list: [1, 'zwei', null] } };
  await sendNotification(bob.accountId, [bob], 'An endpoint is off', { type: 'webhook.endpoint_disabled', payload });
  expect((await list(bob)).body).toEqual({
    data: [
      {
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        user_id: bob.id,
        account_id: bob.accountId,
        type: 'webhook.endpoint_disabled',
        title: 'An endpoint is off',
        body: 'Text.',
        payload,
        read_at: null,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    ],
  });
  await sendNotification(eve.accountId, [eve], 'Without a payload');
  expect((await inbox(eve))[0].payload).toEqual({});
  expect(await titles(eve)).toEqual(['Without a payload']);
});

test('the list has all accounts of the user, newest first, until the user leaves an account', async () => {
  const [bob, ann] = [await signUp(), await signUp()];
  const { id } = await openWorkspace(ann);
  await addMember(ann, id, bob);
  await sendNotification(bob.accountId, [bob], 'home 1');
  await sendNotification(id, [bob, ann], 'work 1');
  await sendNotification(bob.accountId, [bob], 'home 2');
  await sendNotification(id, [bob, ann], 'work 2');
  const all = ['work 2', 'home 2', 'work 1', 'home 1'];
  expect(await titles(bob)).toEqual(all);
  const atWork = await call('GET', '/v1/notifications', { token: bob.token, headers: inAccount(id) });
  expect(atWork.body.data.map(({ title }: { title: string }) => title)).toEqual(all);
  expect(await titles(ann)).toEqual(['work 2', 'work 1']);
  const [newest] = await inbox(bob);
  const [hers] = await inbox(ann);
  expect(newest.id).not.toBe(hers.id);
  await call('DELETE', `/v1/accounts/${id}/members/${bob.id}`, { token: ann.token });
  expect(await titles(bob)).toEqual(['home 2', 'home 1']);
  expect((await read(bob, newest.id)).status).toBe(404);
  expect((await readAll(bob)).body).toEqual({ ok: true, count: 2 });
  expect(await titles(ann, '?unread_only=true')).toEqual(['work 2', 'work 1']);
});

test('pages neither skip nor repeat rows, and filters apply before the limit', async () => {
  const bob = await signUp();
  const { id } = await openWorkspace(bob);
  for (let n = 0; n < 7; n++) await sendNotification(n % 2 ? id : bob.accountId, [bob], `${n}`, { type: n % 3 ? 'a' : 'b' });
  await sql(`update notifications set created_at = '2026-01-01T00:00:00.123Z' where user_id = $1 and title in ('2', '3', '4')`, [bob.id]);
  const whole = await inbox(bob);
  expect(whole).toHaveLength(7);
  for (const filters of ['', '&type=a', '&unread_only=true&type=b', '&unread_only=false']) {
    const seen: unknown[] = [];
    for (let path: string | undefined = `/v1/notifications?limit=2${filters}`; path;) {
      const { status, body, headers } = await call('GET', path, { token: bob.token });
      expect(status).toBe(200);
      seen.push(...body.data);
      const cursor = headers.get('x-next-cursor');
      path = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
      expect(path === undefined).toBe(cursor === null);
      if (path) expect(new URL(path, app.url).searchParams.get('before')).toBe(cursor);
    }
    const type = /type=(.)/.exec(filters)?.[1];
    expect(seen).toEqual(whole.filter((each: { type: string }) => !type || each.type === type));
  }
  const cursor = (await list(bob, '?limit=1&type=a')).headers.get('x-next-cursor');
  const eve = await signUp();
  for (const [person, query] of [
    [bob, ''],
    [bob, '&type=b'],
    [bob, '&type=a&unread_only=true'],
    [eve, '&type=a'],
  ] as const)
    expect(issuesOf(await list(person, `?before=${cursor}${query}`))).toEqual([400, [['query', 'before']]]);
  expect((await list(bob, '?limit=7')).headers.get('x-next-cursor')).toBeNull();
});

test('the default limit is 100 and the maximum 200', async () => {
  const bob = await signUp();
  await sql(
    `insert into notifications (account_id, user_id, type, title, body, payload)
     select $1, $2, 'test', n::text, '', '{}' from generate_series(1, 201) n`,
    [bob.accountId, bob.id],
  );
  expect(await inbox(bob)).toHaveLength(100);
  expect(await inbox(bob, '?limit=200')).toHaveLength(200);
  for (const limit of ['0', '201', '1.5', '', 'x'])
    expect(issuesOf(await list(bob, `?limit=${limit}`))).toEqual([400, [['query', 'limit']]]);
  for (const value of ['1', 'TRUE', '', 'yes', 'false&unread_only=false'])
    expect(issuesOf(await list(bob, `?unread_only=${value}`))).toEqual([400, [['query', 'unread_only']]]);
  expect(await inbox(bob, '?type=tes')).toEqual([]);
  expect(await inbox(bob, '?type=TEST')).toEqual([]);
});

test('the first read time is kept, and only the first read is audited', async () => {
  const [bob, eve] = [await signUp(), await signUp()];
  await sendNotification(bob.accountId, [bob], 'One');
  const [{ id }] = await inbox(bob);
  expect((await read(eve, id)).status).toBe(404);
  expect((await inbox(bob))[0].read_at).toBeNull();
  expect(await read(bob, id)).toMatchObject({ status: 200, body: { ok: true } });
  const [{ read_at: first }] = await inbox(bob);
  expect(Math.abs(Date.parse(first) - Date.now())).toTakeLessThan(5_000);
  await new Promise((done) => setTimeout(done, 5));
  expect(await read(bob, id, { body: {} })).toMatchObject({ status: 200, body: { ok: true } });
  expect((await inbox(bob))[0].read_at).toBe(first);
  expect(await inbox(bob, '?unread_only=true')).toEqual([]);
  expect((await read(bob, randomUUID())).status).toBe(404);
  expect(await audits(bob)).toEqual([
    { action: 'notification.read', account_id: bob.accountId, target_type: 'notification', target_id: id, metadata: {} },
  ]);
  expect(await audits(eve)).toEqual([]);
});

test('marking all as read returns the number of unread ones', async () => {
  const bob = await signUp();
  const { id } = await openWorkspace(bob);
  for (const accountId of [bob.accountId, id, id]) await sendNotification(accountId, [bob], 'News');
  const [newest] = await inbox(bob);
  await read(bob, newest.id);
  const { read_at: first } = (await inbox(bob))[0];
  expect((await readAll(bob)).body).toEqual({ ok: true, count: 2 });
  expect((await readAll(bob, { body: {} })).body).toEqual({ ok: true, count: 0 });
  expect((await inbox(bob))[0].read_at).toBe(first);
  expect(await inbox(bob, '?unread_only=true')).toEqual([]);
  const [, all, ...rest] = await audits(bob);
  expect(all).toMatchObject({ action: 'notification.read_all', target_type: 'notification', target_id: null, metadata: { count: 2 } });
  expect(rest).toEqual([]);
});

test('of parallel reads each row is counted and audited once', async () => {
  const bob = await signUp();
  const { id } = await openWorkspace(bob);
  const rounds = await repeatRace(async () => {
    for (const accountId of [bob.accountId, id, bob.accountId])
      await notifyUsers(database, { accountId, userIds: [bob.id], type: 't', title: 't', body: '' });
    const [one] = await inbox(bob, '?unread_only=true&limit=1');
    const answers = await concurrently(6, (n) => (n % 2 ? readAll(bob) : read(bob, one.id)));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    const counted = answers.reduce((sum, { body }) => sum + (body.count ?? 0), 0);
    expect([2, 3]).toContain(counted);
  });
  const entries = await audits(bob);
  const ones = entries.filter(({ action }) => action === 'notification.read').length;
  const rows = entries.reduce((sum, { metadata }) => sum + (metadata.count ?? 1), 0);
  expect(rows).toBe(3 * rounds);
  expect(ones).toBeLessThanOrEqual(rounds);
});

test('a missing and an empty body are equivalent, and fields are rejected', async () => {
  const bob = await signUp();
  await sendNotification(bob.accountId, [bob], 'One');
  const [{ id }] = await inbox(bob);
  for (const path of ['/v1/notifications', `/v1/notifications/${id}`]) {
    const patch = (options: object) => call('PATCH', path, { token: bob.token, ...options });
    expect(issuesOf(await patch({ body: { read_at: null } }))).toEqual([400, [['body', '/read_at']]]);
    expect((await patch({ body: [] })).status).toBe(400);
    expect((await patch({ raw: '{' })).status).toBe(422);
  }
  expect(await inbox(bob, '?unread_only=true')).toHaveLength(1);
  expect((await read(bob, 'no-id')).status).toBe(400);
  for (const body of [undefined, {}])
    for (const path of [`/v1/notifications/${id}`, '/v1/notifications'])
      expect((await call('PATCH', path, { token: bob.token, body })).status).toBe(200);
  expect(await inbox(bob, '?unread_only=true')).toEqual([]);
});

test('notifications need no usable account, and API keys are rejected', async () => {
  const bob = await signUp();
  const { body: key } = await call('POST', '/v1/api-keys', { token: bob.token, body: { name: 'key' } });
  await sendNotification(bob.accountId, [bob], 'One');
  await sql(`update accounts set status = 'suspended' where id = $1`, [bob.accountId]);
  expect(await titles(bob)).toEqual(['One']);
  const elsewhere = { token: bob.token, headers: inAccount(randomUUID()) };
  expect((await call('GET', '/v1/notifications', elsewhere)).status).toBe(200);
  const [{ id }] = await inbox(bob);
  expect((await read(bob, id)).status).toBe(200);
  expect((await readAll(bob)).body).toEqual({ ok: true, count: 0 });
  const byKey = await call('GET', '/v1/notifications', { token: key.key });
  expect([byKey.status, byKey.body.details.reason]).toEqual([403, 'api_key_not_allowed']);
});
