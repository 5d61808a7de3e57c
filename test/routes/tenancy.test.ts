import { beforeAll, expect, test } from 'vitest';
import { entities } from '../../server/database/entities.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { createAccountData } from '../support/erasure/accountData.ts';

const app = await startTestApp({}, { worker: false });
const { sql, signUp } = app;

type Link = { child: string; parent: string; own: string[]; theirs: string[] };
/** Every foreign key between two tables that both have `account_id`. */
const links: Link[] = await sql(`
  select c.conrelid::regclass::text as child, c.confrelid::regclass::text as parent,
    array(select attname::text from unnest(c.conkey) with ordinality k (n, at) join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.n order by at) as own,
    array(select attname::text from unnest(c.confkey) with ordinality k (n, at) join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.n order by at) as theirs
  from pg_constraint c
  where c.contype = 'f' and c.conrelid <> c.confrelid
    and (select count(*) from pg_attribute a where a.attrelid in (c.conrelid, c.confrelid) and a.attname = 'account_id' and a.attnum > 0) = 2
  order by 1, 2`);
const [mine, theirs] = [await signUp(), await signUp()];

beforeAll(async () => {
  for (const person of [mine, theirs]) await createAccountData(app, person);
});

test('a foreign key cannot reference a row of another account', async () => {
  expect(links.map(({ child, parent }) => `${child} ${parent}`)).toEqual(
    expect.arrayContaining([
      'messages threads',
      'runs threads',
      'projects teams',
      'team_members memberships',
      'threads projects',
      'workspaces projects',
    ]),
  );
  for (const { child, parent, own, theirs: keys } of links) {
    expect([child, parent, own[0], keys[0]]).toEqual([child, parent, 'account_id', 'account_id']);
    const [{ n }] = await sql(`select count(*)::int as n from ${child} where account_id = $1 and ${own[1]} is not null`, [mine.accountId]);
    const [{ foreign }] = await sql(
      `select ${keys[1]} as foreign from ${parent} p where account_id = $1
       and not exists (select from ${parent} o where o.account_id = $2 and o.${keys[1]} = p.${keys[1]}) limit 1`,
      [theirs.accountId, mine.accountId],
    );
    expect([child, n > 0]).toEqual([child, true]);
    const move = sql(`update ${child} set ${own[1]} = $2 where account_id = $1`, [mine.accountId, foreign]);
    await expect(move, `${child} of one account points to ${parent} of another`).rejects.toMatchObject({ code: '23503' });
  }
});

/** Columns without a foreign key, because their target may be deleted. Only the server writes them, with ids that it read in the account. */
const unkeyedColumns = [
  'messages.run_id',
  'run_event_archives.run_id',
  'run_event_archives.tail_message_id',
  'runs.continues_run_id',
  'runs.parent_run_id',
  'runs.resume_from_run_id',
  'runs.root_run_id',
  'threads.parent_thread_id',
  'threads.root_thread_id',
  'usage_records.run_id',
];

test('every column that references an account resource has a foreign key', async () => {
  const columns: { place: string; noun: string }[] = await sql(`
    select c.table_name || '.' || c.column_name as place, substring(c.column_name from '([a-z]+)_id$') || 's' as noun
    from information_schema.columns c
    where c.table_schema = current_schema() and c.column_name <> 'account_id' and c.column_name like '%\\_id'
      and exists (select from information_schema.columns o where o.table_schema = current_schema() and o.table_name = c.table_name and o.column_name = 'account_id')`);
  const nouns = new Set(links.map(({ parent }) => parent).concat('runs', 'messages'));
  const naming = columns.filter(({ noun }) => nouns.has(noun)).map(({ place }) => place);
  const keyed = links.map(({ child, own }) => `${child}.${own[1]}`);
  expect(naming.filter((place) => !keyed.includes(place)).sort()).toEqual(unkeyedColumns);
});

test('every entity of a table with account_id has the property accountId', async () => {
  const owned = await sql(
    `select table_name as name from information_schema.columns where table_schema = current_schema() and column_name = 'account_id'`,
  );
  const silent = entities.filter(({ meta }) => owned.some(({ name }) => name === meta.tableName) && !('accountId' in meta.properties));
  expect(silent.map(({ meta }) => meta.className)).toEqual([]);
});
