import { beforeAll, expect, test } from 'vitest';
import { maxTreeNodes } from '../../../contract/referrals.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

const { call, sql, signUp, promote } = await startTestApp({}, { worker: false });
const admin = await signUp();
beforeAll(() => promote(admin));

const treeOf = (userId: string) => call('GET', `/v1/admin/referrals/tree?user_id=${userId}`, { token: admin.token });
const invitedBy = async ({ token }: Person) => signUp({ invite_code: (await call('GET', '/v1/me/invite-code', { token })).body.code });
const treeRows = async (userId: string) =>
  (await treeOf(userId)).body.map(({ user_id: id, inviter_id: by, depth }: Record<string, unknown>) => [id, by, depth]);

/** `length` users, each invited by the one before. */
async function inviteChain(length: number): Promise<Person[]> {
  const people = [await signUp()];
  while (people.length < length) people.push(await invitedBy(people.at(-1)!));
  return people;
}

test('of a chain of five users the tree of the first has four with their depth', async () => {
  const people = await inviteChain(5);
  const [first, second, third, fourth, fifth] = people.map(({ id }) => id);
  const { status, body } = await treeOf(first!.toUpperCase());
  expect([status, body.length]).toEqual([200, 4]);
  expect(await treeRows(first!)).toEqual([
    [first, null, 0],
    [second, first, 1],
    [third, second, 2],
    [fourth, third, 3],
  ]);
  expect(await treeRows(fifth!)).toEqual([[fifth, null, 0]]);
  const [{ created_at: born }] = await sql('select created_at from users where id = $1', [first]);
  const referred = await sql('select created_at from referrals where invitee_user_id = any($1) order by created_at', [
    [second, third, fourth],
  ]);
  expect(body.map(({ created_at: time }: { created_at: string }) => time)).toEqual([born, ...referred.map((row) => row.created_at)]);
  expect(body.map(({ login }: { login: string }) => login)).toEqual(people.slice(0, 4).map(({ login }) => login));
});

test('a tree is breadth first and oldest first, and includes deleted users', async () => {
  const root = await signUp();
  const [a, b] = [await invitedBy(root), await invitedBy(root)];
  const ofB = await invitedBy(b);
  const ofA = await invitedBy(a);
  const c = await invitedBy(root);
  await sql(`update users set status = 'deleted' where id = $1`, [a.id]);
  expect(await treeRows(root.id)).toEqual([
    [root.id, null, 0],
    [a.id, root.id, 1],
    [b.id, root.id, 1],
    [c.id, root.id, 1],
    [ofB.id, b.id, 2],
    [ofA.id, a.id, 2],
  ]);
  const logins = (await treeOf(root.id)).body.map(({ login }: { login: string | null }) => login);
  expect(logins).toEqual([root.login, null, b.login, c.login, ofB.login, ofA.login]);
});

test('a cycle, which only corrupt data can have, lists each user once', async () => {
  const [first, second, third] = (await inviteChain(3)).map(({ id }) => id);
  await sql(
    `insert into referrals (id, inviter_user_id, invitee_user_id, invite_code_id)
     select gen_random_uuid(), $1, $2, id from invite_codes where user_id = $1`,
    [third, first],
  );
  expect(await treeRows(first!)).toEqual([
    [first, null, 0],
    [second, first, 1],
    [third, second, 2],
  ]);
  expect(await treeRows(second!)).toEqual([
    [second, null, 0],
    [third, second, 1],
    [first, third, 2],
  ]);
});

test('a tree beyond the node limit keeps the nodes nearest to the root, within five seconds', async () => {
  const [root, child] = (await inviteChain(2)) as [Person, Person];
  const grow = async (by: Person, many: number, since: string) => {
    const born = await sql(
      `insert into users (id, username) select gen_random_uuid(), 'grown' from generate_series(1, $1::int) returning id`,
      [many],
    );
    // Without it, the check of the foreign key reads the whole table of users for each row.
    await sql('analyze users');
    await sql(
      `insert into referrals (id, inviter_user_id, invitee_user_id, invite_code_id, created_at)
       select gen_random_uuid(), $1, born.id, c.id, $3 from unnest($2::uuid[]) born(id), (select id from invite_codes where user_id = $1 limit 1) c`,
      [by.id, born.map(({ id }) => id), since],
    );
  };
  await grow(child, maxTreeNodes, '2020-01-01T00:00:00Z');
  await grow(root, 20, '2030-01-01T00:00:00Z');
  const before = Date.now();
  const { body } = await treeOf(root.id);
  expect(Date.now() - before).toTakeLessThan(5_000);
  expect(body).toHaveLength(maxTreeNodes);
  const depths = Map.groupBy(body, ({ depth }: { depth: number }) => depth);
  expect([depths.get(0)?.length, depths.get(1)?.length, depths.get(2)?.length]).toEqual([1, 21, maxTreeNodes - 22]);
});

test('an unknown user returns 404, and user_id is required', async () => {
  expect((await treeOf('01990000-0000-7000-8000-00000000ffff')).status).toBe(404);
  expect(issuesOf(await treeOf('nobody'))).toEqual([400, [['query', 'user_id']]]);
  expect(issuesOf(await call('GET', '/v1/admin/referrals/tree', { token: admin.token }))).toEqual([400, [['query', 'user_id']]]);
  const { id, token } = await signUp();
  for (const path of [`/v1/admin/referrals/tree?user_id=${id}`, '/v1/admin/referrals'])
    expect(statusAndReason(await call('GET', path, { token }))).toEqual([403, 'missing_permission']);
});
