import { describe, expect, test } from 'vitest';
import type { Memory } from '../../../contract/memories.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { limitSetter } from '../../support/resources/quotas.ts';

const app = await sharedTestApp();
const { call, sql, signUp, joinAccount } = app;

type By = Pick<Person, 'token'> & { in?: string };
const ask = (method: string, { token, in: account }: By, path = '', body?: unknown) =>
  call(method, `/v1/memories${path}`, { token, body, ...(account && { headers: { 'x-account-id': account } }) });
const write = (by: By, content: unknown) => ask('POST', by, '', { content });
const contents = async (by: By, query = '') => ((await ask('GET', by, query)).body as Memory[]).map(({ content }) => content);
const search = async (by: By, q: string) => (await contents(by, `?q=${encodeURIComponent(q)}`)).sort();

test('a memory is created, read, changed and deleted', async () => {
  const me = await signUp();
  const made = await write(me, '  Lives in Zürich.  ');
  expect([made.status, made.body]).toEqual([
    201,
    {
      id: expect.any(String),
      account_id: me.accountId,
      content: 'Lives in Zürich.',
      source: 'user',
      thread_id: null,
      created_at: expect.any(String),
      updated_at: made.body.created_at,
    },
  ]);
  const { id } = made.body;
  const changed = await ask('PATCH', me, `/${id}`, { content: 'Lives in Bern.' });
  expect([changed.status, changed.body.content, changed.body.created_at]).toEqual([200, 'Lives in Bern.', made.body.created_at]);
  expect((await ask('GET', me, `/${id}`)).body).toEqual(changed.body);
  expect(await search(me, 'zürich')).toEqual([]);
  expect(await search(me, 'bern')).toEqual(['Lives in Bern.']);
  expect((await ask('DELETE', me, `/${id}`)).status).toBe(204);
  for (const method of ['GET', 'DELETE']) expect((await ask(method, me, `/${id}`)).status).toBe(404);
  const actions = await sql(`select * from audit_logs where account_id = $1 and target_type = 'memory' order by id`, [me.accountId]);
  expect(actions.map(({ action, target_id }) => [action, target_id])).toEqual([
    ['memory.create', id],
    ['memory.update', id],
    ['memory.delete', id],
  ]);
  expect(JSON.stringify(actions)).not.toMatch(/Zürich|Bern/);
});

test('all memories are deleted at once, those of others are not', async () => {
  const [me, mate] = await Promise.all([signUp(), signUp()]);
  await joinAccount(mate, me);
  const mateHere = { ...mate, in: me.accountId };
  for (const by of [me, mateHere, mate]) for (const fact of ['one', 'two']) await write(by, fact);
  expect((await ask('DELETE', me)).status).toBe(204);
  expect(await Promise.all([me, mateHere, mate].map((by) => contents(by)))).toEqual([[], ['two', 'one'], ['two', 'one']]);
  expect((await ask('DELETE', me)).status).toBe(204);
  // A client that builds the path of a memory from an empty ID must not delete all.
  expect((await ask('DELETE', mate, '/')).status).toBe(404);
  expect(await contents(mate)).toHaveLength(2);
});

test('nobody but the user reads or changes a memory: not a member, not the admin of the account, not a platform admin', async () => {
  const [owner, member, stranger, chief] = await Promise.all([signUp(), signUp(), signUp(), signUp()]);
  await app.promote(chief);
  await joinAccount(member, owner);
  await joinAccount(chief, owner, 'admin');
  const here = { ...member, in: owner.accountId };
  const { body: secret } = await write(here, 'Secretly likes opera.');
  // Also the user in another account: an account has memories of its own.
  const others: By[] = [owner, stranger, { ...chief, in: owner.accountId }, member];
  for (const by of others) {
    expect(await contents(by)).toEqual([]);
    expect(await search(by, 'opera')).toEqual([]);
    for (const [method, body] of [['GET'], ['PATCH', { content: 'changed' }], ['DELETE']] as const)
      expect((await ask(method, by, `/${secret.id}`, body)).status).toBe(404);
    await write(by, 'Secretly likes opera.');
    await ask('DELETE', by);
  }
  expect((await ask('GET', here, `/${secret.id}`)).body).toEqual(secret);
});

test('an API key needs its scopes', async () => {
  const me = await signUp();
  const keyOf = async (scopes: string[]) => ({
    token: (await call('POST', '/v1/api-keys', { token: me.token, body: { name: 'k', scopes } })).body.key as string,
  });
  const [reader, writer, threads] = await Promise.all([
    keyOf(['data.memories.read']),
    keyOf(['data.memories.write']),
    keyOf(['data.threads.read', 'data.threads.write']),
  ]);
  const made = await write(writer, 'Drinks tea.');
  expect(made.status).toBe(201);
  expect(await contents(reader)).toEqual(['Drinks tea.']);
  const answers = [
    write(reader, 'x'),
    ask('DELETE', reader),
    ask('DELETE', reader, `/${made.body.id}`),
    ask('GET', writer),
    ask('DELETE', writer),
    ask('PATCH', writer, `/${made.body.id}`, { content: 'x' }),
    ask('GET', threads),
    write(threads, 'x'),
  ];
  for (const answer of answers) expect(statusAndReason(await answer)).toEqual([403, 'missing_permission']);
  expect(await contents(me)).toEqual(['Drinks tea.']);
});

describe('the same fact is kept once', () => {
  test('written again, it gets the new text', async () => {
    const me = await signUp();
    const first = await write(me, 'Prefers  short answers');
    await write(me, 'Another fact');
    const again = await write(me, 'prefers short ANSWERS.');
    expect([again.status, again.body]).toMatchObject([200, { id: first.body.id, content: 'prefers short ANSWERS.' }]);
    expect(await contents(me)).toEqual(['prefers short ANSWERS.', 'Another fact']);
    // Texts that differ in more than case, spaces and a period are different facts.
    for (const fact of ['It is 5 °C', 'It is -5 °C', 'résumé', 'resume', 'C', 'C#', 'C++'])
      expect((await write(me, fact)).status).toBe(201);
  });

  test('changed into another one, only the changed one remains', async () => {
    const me = await signUp();
    const [one, two] = [await write(me, 'One'), await write(me, 'Two')];
    expect((await ask('PATCH', me, `/${two.body.id}`, { content: 'one.' })).body).toMatchObject({ id: two.body.id, content: 'one.' });
    expect((await ask('GET', me, `/${one.body.id}`)).status).toBe(404);
    // A change to an ID of somebody else deletes nothing.
    const other = await write(await signUp(), 'Mine');
    expect((await ask('PATCH', me, `/${other.body.id}`, { content: 'one.' })).status).toBe(404);
    expect(await contents(me)).toEqual(['one.']);
  });

  test('by concurrent requests', async () => {
    const me = await signUp();
    const facts = ['Plays the cello.', 'plays the cello', 'PLAYS THE CELLO'];
    const answers = await Promise.all([...facts, ...facts, ...facts].map((fact) => write(me, fact)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(8).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const made = await Promise.all(['a', 'b', 'c', 'd'].map((fact) => write(me, fact)));
    const changed = await Promise.all(made.map(({ body }) => ask('PATCH', me, `/${body.id}`, { content: 'The same.' })));
    expect(changed.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect(changed.filter(({ status }) => status !== 200 && status !== 404)).toEqual([]);
    expect(await contents(me)).toEqual(['The same.', expect.stringMatching(/cello/i)]);
  });
});

test('limits: the length of a fact, and the number of memories of a user', async () => {
  const me = await signUp();
  const limit = await limitSetter(app);
  await limit(me, 'limit.memories_per_user', 3);
  for (const content of ['', ' \n ', 'x'.repeat(501), 7, null, undefined, 'a\0b', '\ud800'])
    expect((await write(me, content)).status).toBe(400);
  // Code points, not bytes or UTF-16 units; and characters that are long in their plain form.
  for (const content of ['🦊'.repeat(500), '\ufdfa'.repeat(500)]) expect((await write(me, content)).status).toBe(201);
  const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((fact) => write(me, fact)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  expect(answers.find(({ status }) => status === 409)!.body.details).toEqual({
    reason: 'memory_limit',
    key: 'limit.memories_per_user',
    limit: 3,
    required: 4,
  });
  const [last] = await contents(me);
  expect((await write(me, last)).status).toBe(200);
  const { body: all } = await ask('GET', me);
  await ask('DELETE', me, `/${all[0].id}`);
  expect((await write(me, 'room again')).status).toBe(201);
});

describe('search', () => {
  test('finds words in any script, also misspelled, inflected or without accents', async () => {
    const me = await signUp();
    const facts = {
      vegetarian: 'Is a vegetarian and allergic to peanuts.',
      tokyo: '東京に住んでいて、猫を二匹飼っています。',
      beijing: '用户住在北京，喜欢喝绿茶。',
      korean: '서울에서 일하고 있습니다.',
      russian: 'Предпочитает ответы на русском языке.',
      thai: 'ชอบกินอาหารไทย',
      arabic: 'يفضل القهوة بدون سكر',
      emoji: 'Signs mails with 🦊 and 👩‍🚀.',
      cafe: 'Meets clients in the Café Müller.',
      language: 'Writes C# and C++ at work.',
    };
    for (const fact of Object.values(facts)) expect((await write(me, fact)).status).toBe(201);
    const expected: [q: string, fact: keyof typeof facts][] = [
      ['VEGETARIAN peanuts', 'vegetarian'],
      ['vegetaran', 'vegetarian'],
      ['peanut allergy', 'vegetarian'],
      ['veg', 'vegetarian'],
      ['東京', 'tokyo'],
      ['猫', 'tokyo'],
      ['猫 東京', 'tokyo'],
      ['北京', 'beijing'],
      ['绿茶', 'beijing'],
      ['住在北京', 'beijing'],
      ['서울', 'korean'],
      ['русский', 'russian'],
      ['ОТВЕТЫ', 'russian'],
      ['อาหาร', 'thai'],
      ['القهوة', 'arabic'],
      ['🦊', 'emoji'],
      ['👩‍🚀', 'emoji'],
      ['cafe muller', 'cafe'],
      ['ＣＡＦÉ', 'cafe'],
      ['c#', 'language'],
    ];
    for (const [q, fact] of expected) expect([q, await search(me, q)]).toEqual([q, [facts[fact]]]);
    for (const q of ['北海道', '🐻', 'peanuts 東京', 'xyzzy', '?!', "' or 1=1 --", '%', '_'])
      expect([q, await search(me, q)]).toEqual([q, []]);
  });

  test('has pages, and its bounds', async () => {
    const me = await signUp();
    for (let n = 1; n <= 5; n++) await write(me, `Likes number ${n}`);
    const first = await ask('GET', me, '?q=number&limit=3');
    expect(first.body.map(({ content }: Memory) => content)).toEqual(['Likes number 5', 'Likes number 4', 'Likes number 3']);
    const next = first.headers.get('x-next-cursor');
    expect(await contents(me, `?q=number&limit=3&before=${next}`)).toEqual(['Likes number 2', 'Likes number 1']);
    expect(statusAndReason(await ask('GET', me, `?q=likes&limit=3&before=${next}`))).toEqual([400, 'invalid_cursor']);
    expect((await ask('GET', me, `?q=${'x'.repeat(201)}`)).status).toBe(400);
    expect((await ask('GET', me, `?q=${encodeURIComponent('日'.repeat(200))}`)).body).toEqual([]);
  });
});

test('memories end with the membership, and with the user', async () => {
  const [owner, member] = await Promise.all([signUp(), signUp()]);
  const slug = `memories-${owner.id.slice(-8)}`;
  const { body: workspace } = await call('POST', '/v1/accounts', { token: owner.token, body: { slug, name: 'Workspace' } });
  await joinAccount(member, { ...owner, accountId: workspace.id });
  await write({ ...member, in: workspace.id }, 'Knows the owner.');
  await write(member, 'Is at home.');
  const counts = async () =>
    (await sql('select account_id from memories where user_id = $1', [member.id])).map(({ account_id }) => account_id);
  expect((await counts()).sort()).toEqual([workspace.id, member.accountId].sort());
  const removed = await call('DELETE', `/v1/accounts/${workspace.id}/members/${member.id}`, { token: owner.token });
  expect([removed.status, await counts()]).toEqual([204, [member.accountId]]);
  const chief = await signUp();
  await app.promote(chief);
  expect((await call('DELETE', `/v1/admin/users/${member.id}`, { token: chief.token })).status).toBe(204);
  expect(await counts()).toEqual([]);
});
