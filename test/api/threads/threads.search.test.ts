import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { FoundThread } from '../../../contract/threads.ts';
import { likeLiteral, type Queryable } from '../../../server/database/sql.ts';
import { bindValues, type Statement } from '../../../server/database/statement.ts';
import { searchThreadsOfUser } from '../../../server/resources/threads/search.ts';
import { type Search, searchIndex, walkThreads } from '../../../server/resources/threads/searchQueries.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { readAll } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp();
const { sql, call, database } = app;

type Stored = { id: string; title: string | null; messages: readonly string[] };
const threadOf = (title: string | null, ...messages: string[]): Stored => ({ id: randomUUID(), title, messages });

/** Stores threads with their messages. The first is the most recently updated. */
async function store({ id: userId, accountId }: Person, threads: readonly Stored[]) {
  const sizes = threads.map(({ messages }) => messages.length);
  await sql(
    `insert into threads (account_id, id, created_by_user_id, title, last_message_number, updated_at)
     select $1, id, $2, title, size, now() - n * interval '1 minute'
     from unnest($3::uuid[], $4::text[], $5::integer[]) with ordinality t (id, title, size, n)`,
    [accountId, userId, threads.map(({ id }) => id), threads.map(({ title }) => title), sizes],
  );
  const rows = threads.flatMap(({ id, messages }) => messages.map((content, at) => ({ id, number: at + 1, content })));
  await sql(
    `insert into messages (account_id, thread_id, number, id, role, content, thread_owner_id)
     select $1, thread_id, number, gen_random_uuid(), 'user', content, $2
     from unnest($3::uuid[], $4::integer[], $5::text[]) m (thread_id, number, content)`,
    [accountId, userId, rows.map(({ id }) => id), rows.map(({ number }) => number), rows.map(({ content }) => content)],
  );
}

const search = ({ token }: Person, q: string, query = '') =>
  call('GET', `/v1/threads/search?q=${encodeURIComponent(q)}${query}`, { token });
const found = async (person: Person, q: string) =>
  ((await search(person, q)).body as FoundThread[]).map(({ id, snippet }) => [id, snippet]);
const firstPage = ({ id, accountId }: Person, q: string, limit = 21): Search => ({
  accountId,
  userId: id,
  q,
  isArchived: false,
  beforeTime: null,
  beforeId: null,
  limit,
});

describe('random texts', () => {
  /** Letters with an irregular case, combining marks, characters without case, wildcards of `like`, and characters of one to four bytes. */
  const characters = [...'aAbBkKıiIİſsSßẞσςΣéÉeE\u0301åÅжЖ日本語かガ한👍🏽%_\\ \n.0'];
  const text = (maxLength: number) => fc.array(fc.constantFrom(...characters), { minLength: 1, maxLength }).map((each) => each.join(''));
  const threads = fc
    .sample(fc.tuple(fc.option(text(6)), fc.array(text(12), { maxLength: 3 })), { numRuns: 300, seed: 1 })
    .map(([title, messages]) => threadOf(title, ...messages));
  /** The simple case mapping of PostgreSQL: one code point for one. */
  const lower = (value: string) => [...value].map((each) => [...each.toLowerCase()][0]).join('');
  const contains = (q: string) => (value: string | null) => value !== null && lower(value).includes(lower(q));
  let person: Person;
  beforeAll(async () => {
    person = await app.signUp();
    await store(person, threads);
    const others = threads.map((thread) => ({ ...thread, id: randomUUID() }));
    await store(await app.signUp(), others);
  });

  const searches: Record<string, (input: Search) => Promise<{ id: string; snippet: string | null }[]>> = {
    'the index': (input) => database.rows(searchIndex, input),
    'walks and the index': (input) => searchThreadsOfUser(database, input),
  };
  test.for(Object.entries(searches))('%s: the results are those of a filter of all texts', async ([, run]) => {
    await fc.assert(
      fc.asyncProperty(text(4), fc.integer({ min: 1, max: 300 }), async (q, limit) => {
        const fits = contains(q);
        const wanted = threads
          .filter(({ title, messages }) => fits(title) || messages.some(fits))
          .map(({ id, messages }) => [id, messages.findLast(fits) ?? null]);
        expect((await run(firstPage(person, q, limit))).map(({ id, snippet }) => [id, snippet])).toEqual(wanted.slice(0, limit));
      }),
      { numRuns: 300 },
    );
  });

  test('the results of that filter are those of ilike', async () => {
    const queries = fc.sample(text(3), { numRuns: 200, seed: 2 });
    const rows = await sql(
      `select q, array(select t.id::text from threads t where t.account_id = $3 and (t.title ilike pattern
          or exists (select from messages m where m.account_id = t.account_id and m.thread_id = t.id and m.content ilike pattern))
        order by updated_at desc) as ids
       from unnest($1::text[], $2::text[]) queries (q, pattern)`,
      [queries, queries.map(likeLiteral), person.accountId],
    );
    expect(rows).toHaveLength(200);
    for (const { q, ids } of rows)
      expect([q, ids]).toEqual([q, threads.filter((each) => [each.title, ...each.messages].some(contains(q))).map(({ id }) => id)]);
  });
});

test('a key consists of the owner and three bytes, or one ASCII character', async () => {
  const keysOf = async (account: string, owner: string, text: string): Promise<{ prefix: string; bytes: string }[]> =>
    sql(
      `select distinct (key >> 24)::text as prefix, lpad(to_hex(key & 16777215), 6, '0') as bytes
       from unnest(search_keys($1, $2, $3)) key order by bytes`,
      [account, owner, text],
    );
  const [account, owner] = [randomUUID(), randomUUID()];
  const keys = await keysOf(account, owner, 'Ab語');
  // Single bytes, and at each byte the next three; two zero bytes end the text.
  const expected = ['000061', '000062', '00009e', '0000aa', '0000e8', '6162e8', '62e8aa', '9e0000', 'aa9e00', 'e8aa9e'];
  expect(keys.map(({ bytes }) => bytes)).toEqual(expected);
  expect(new Set(keys.map(({ prefix }) => prefix)).size).toBe(1);
  const prefixes = [keys[0]!, (await keysOf(account, randomUUID(), 'a'))[0]!, (await keysOf(randomUUID(), owner, 'a'))[0]!];
  expect(new Set(prefixes.map(({ prefix }) => prefix)).size).toBe(3);
  const long = await keysOf(account, owner, `${'x'.repeat(400)}~`);
  expect(long.map(({ bytes }) => bytes)).toEqual(['000078', '00007e', '787878', '78787e', '787e00', '7e0000']);
});

test('pages of a search have no gap and no duplicate, however many threads match', async () => {
  const person = await app.signUp();
  const wordsOf = (n: number) =>
    ['all', n % 3 === 0 && 'third', n % 10 === 9 && 'tenth', n > 100 && 'older', n < 20 && 'newer'].filter(Boolean).join(' ');
  const threads = Array.from({ length: 120 }, (_, n) => threadOf(n % 7 ? null : wordsOf(n), wordsOf(n)));
  await store(person, threads);
  for (const word of ['all', 'third', 'tenth', 'older', 'newer', 'none', 'al', 'l']) {
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body, headers }: Awaited<ReturnType<typeof search>> = await search(person, word, `&limit=7${cursor && `&before=${cursor}`}`);
      ids.push(...body.map(({ id }: FoundThread) => id));
      cursor = headers.get('x-next-cursor');
    }
    expect([word, ids]).toEqual([word, threads.filter(({ messages }) => messages[0]!.includes(word)).map(({ id }) => id)]);
  }
});

test('old messages of a long thread and long messages are found', async () => {
  const person = await app.signUp();
  const threads = [
    threadOf('many', 'a needle', ...Array<string>(80).fill('hay')),
    threadOf('Needle of the title', `${'x'.repeat(30_000)} the Needle ${'y'.repeat(30_000)}`),
    threadOf(null, 'hay'),
    threadOf('needle', 'hay'),
  ];
  await store(person, threads);
  expect(await found(person, 'needle')).toEqual([
    [threads[0]!.id, 'a needle'],
    [threads[1]!.id, `…${'x'.repeat(35)} the Needle ${'y'.repeat(73)}…`],
    [threads[3]!.id, null],
  ]);
});

test('a snippet shows the first match in the newest message that matches', async () => {
  const person = await app.signUp();
  const hundred = '👍'.repeat(100);
  const threads = [
    threadOf('word', 'word one', `${hundred}WORD two word`, 'none'),
    threadOf(null, `word${hundred}`),
    threadOf(null, `word${hundred.repeat(2)}`),
    threadOf(null, `${'w'.repeat(150)}!${hundred}`),
  ];
  await store(person, threads);
  expect((await found(person, 'word')).map(([, snippet]) => snippet)).toEqual([
    `…${'👍'.repeat(40)}WORD two word`,
    `word${hundred}`,
    `word${'👍'.repeat(116)}…`,
  ]);
  const long = `${'w'.repeat(100)}!`;
  expect((await found(person, long)).map(([, snippet]) => snippet)).toEqual([`…${'w'.repeat(40)}${long}…`]);
});

test('every message names the owner of its thread: sent, answered, forked by another reader', async () => {
  const person = await app.signUp();
  const thread = await openThread(app, person, 'a question about needles');
  await readAll(app.url, await startRun(app, person, thread), person.token);
  const project = randomUUID();
  await sql(`insert into projects (account_id, id, owner_user_id, name, visibility) values ($1, $2, $3, 'p', 'shared')`, [
    person.accountId,
    project,
    person.id,
  ]);
  await call('PATCH', `/v1/threads/${thread}`, { token: person.token, body: { project_id: project } });
  const reader = await app.signUp();
  await app.joinAccount(reader, person);
  const headers = { 'x-account-id': person.accountId };
  const [message] = (await call('GET', `/v1/threads/${thread}/messages`, { token: reader.token, headers })).body;
  const fork = await call('POST', `/v1/threads/${thread}:fork`, { token: reader.token, headers, body: { message_id: message.id } });
  expect(fork.status).toBe(201);
  const rows = await sql(
    `select m.role, m.thread_owner_id = t.created_by_user_id as owned, t.created_by_user_id as owner from messages m join threads t on t.id = m.thread_id
     where t.account_id = $1 order by t.created_at, m.number`,
    [person.accountId],
  );
  expect(rows).toEqual([
    { role: 'user', owned: true, owner: person.id },
    { role: 'assistant', owned: true, owner: person.id },
    { role: 'user', owned: true, owner: reader.id },
  ]);
});

describe('2,000 threads of a user and of others', () => {
  let person: Person;
  beforeAll(async () => {
    person = await app.signUp();
    for (const owner of [await app.signUp(), person])
      await store(
        owner,
        Array.from({ length: 2_000 }, (_, n) =>
          threadOf(
            `title ${n}`,
            ...Array.from({ length: 5 }, (_, m) => `common words ${n} and ${m} 日本語 ${n === 1_234 ? 'rareword 稀語 zq' : ''}`),
          ),
        ),
      );
    await sql('vacuum analyze threads, messages');
  });

  type Plan = { 'Node Type': string; 'Relation Name'?: string; 'Index Name'?: string; Plans?: Plan[]; [name: string]: unknown };

  /** How many rows of the two tables a statement read, and through which indexes. */
  async function readsOf(statement: Statement<Search, unknown>, input: Search, mode: 'generic' | 'custom') {
    const client = await database.pool.connect();
    try {
      await client.query(`begin; set local plan_cache_mode = force_${mode}_plan`);
      await client.query(`prepare explained as ${statement.text}`);
      const values = bindValues(statement, input).map((value) => (typeof value === 'string' ? client.escapeLiteral(value) : String(value)));
      const { rows } = await client.query(`explain (analyze, format json) execute explained (${values.join(', ')})`);
      const reads = { rows: 0, indexes: new Set<string>() };
      const visit = (plan: Plan) => {
        if (plan['Index Name']) reads.indexes.add(plan['Index Name']);
        if (plan['Relation Name'] === 'threads' || plan['Relation Name'] === 'messages') {
          if (plan['Node Type'] === 'Seq Scan') reads.indexes.add('none');
          const removed = Number(plan['Rows Removed by Filter'] ?? 0) + Number(plan['Rows Removed by Index Recheck'] ?? 0);
          reads.rows += (Number(plan['Actual Rows']) + removed) * Number(plan['Actual Loops']);
        }
        for (const part of plan.Plans ?? []) visit(part);
      };
      visit(rows[0]['QUERY PLAN'][0].Plan);
      return reads;
    } finally {
      // Closes the connection, because the driver does not know its statement.
      client.release(true);
    }
  }

  test.for(['generic', 'custom'] as const)('a rare word is read from the index alone (%s plan)', async (mode) => {
    for (const [q, messages] of [
      ['rareword', 5],
      ['稀語', 5],
      ['zq', 5],
      ['absent', 0],
      ['無', 0],
      ['zz', 0],
      ['~', 0],
    ] as const) {
      const { rows, indexes } = await readsOf(searchIndex, firstPage(person, q), mode);
      expect([q, [...indexes].sort()]).toEqual([
        q,
        ['messages_pkey', 'messages_search', 'projects_list', 'runs_active', 'threads_id_key', 'threads_search'],
      ]);
      // The candidates, their thread, and the messages of the thread until the first match.
      expect([q, rows <= 2 * messages + 1]).toEqual([q, true]);
    }
  });

  test('a common word is found by walks through the newest threads, which read no more than the page', async () => {
    const statements: { text: string; rows: number }[] = [];
    const counting: Pick<Queryable, 'rows'> = {
      rows: async (statement, ...values) => {
        const rows = await database.rows(statement, ...values);
        statements.push({ text: statement.text, rows: rows.length });
        return rows;
      },
    };
    expect(await searchThreadsOfUser(counting, firstPage(person, 'common'))).toHaveLength(21);
    expect(statements.map(({ text, rows }) => [text === walkThreads.text, rows])).toEqual([
      [true, 8],
      [true, 8],
      [true, 16],
    ]);
    const { rows } = await readsOf(walkThreads, { ...firstPage(person, 'common'), limit: 21 }, 'generic');
    expect(rows).toBeLessThanOrEqual(3 * 21);
  });
});
