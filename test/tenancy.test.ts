import { beforeAll, expect, test } from 'vitest';
import { entities } from '../server/db/entities.ts';
import { LlmProviderSchema } from '../server/resources/llmProviders/entity.ts';
import { ProjectSchema } from '../server/resources/projects/entity.ts';
import { openThread, startRun } from './setup/conversation.ts';
import { stagedText } from './setup/forms.ts';
import { deliveryOf, endpointOf } from './setup/webhookSamples.ts';
import { type Person, startWorld } from './setup/world.ts';

const world = await startWorld({}, { worker: false });
const { sql, call, database, signUp, join } = world;

type Link = { child: string; parent: string; own: string[]; theirs: string[] };
/** Every foreign key whose both ends belong to accounts. */
const links: Link[] = await sql(`
  select c.conrelid::regclass::text as child, c.confrelid::regclass::text as parent,
    array(select attname::text from unnest(c.conkey) with ordinality k (n, at) join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.n order by at) as own,
    array(select attname::text from unnest(c.confkey) with ordinality k (n, at) join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.n order by at) as theirs
  from pg_constraint c
  where c.contype = 'f' and c.conrelid <> c.confrelid
    and (select count(*) from pg_attribute a where a.attrelid in (c.conrelid, c.confrelid) and a.attname = 'account_id' and a.attnum > 0) = 2
  order by 1, 2`);
const [mine, theirs] = [await signUp(), await signUp()];

/** One of everything that accounts have. */
async function furnish(person: Person) {
  const { token, accountId } = person;
  const threadId = await openThread(world, person);
  await startRun(world, person, threadId);
  await sql(
    `insert into run_turns (account_id, run_id, turn_index, opaque) select account_id, id, 1, '{}' from runs where account_id = $1`,
    [accountId],
  );
  // Over, because of active ones a thread has one.
  await sql(`update runs set status = 'cancelled' where account_id = $1`, [accountId]);
  await call('POST', `/v1/threads/${threadId}/star`, { token });
  await call('POST', `/v1/threads/${threadId}:share`, { token });
  await call('POST', `/v1/threads/${threadId}:report`, { token, body: { categories: ['too_long'] } });
  await sql(
    `insert into thread_share_messages (account_id, share_id, number, content) select account_id, id, 1, '' from thread_shares where account_id = $1`,
    [accountId],
  );
  await sql(
    `insert into thread_summaries (account_id, thread_id, up_to_number, summary, digest) select account_id, id, 1, '', '' from threads where account_id = $1`,
    [accountId],
  );
  await join(await signUp(), person);
  await sql(`insert into teams (account_id, id, name) values ($1, gen_random_uuid(), 'team')`, [accountId]);
  await sql(
    `insert into team_members (account_id, team_id, user_id, role) select $1, t.id, $2, 'member' from teams t where t.account_id = $1`,
    [accountId, person.id],
  );
  await sql(`update projects set team_id = (select id from teams where account_id = $1) where account_id = $1`, [accountId]);
  await sql(`update threads set project_id = (select id from projects where account_id = $1) where account_id = $1`, [accountId]);
  const attachmentId = (await stagedText(world, person)).split('/')[2];
  await sql('insert into thread_attachments (account_id, attachment_id, thread_id) values ($1, $2, $3)', [
    accountId,
    attachmentId,
    threadId,
  ]);
  await deliveryOf({ world, by: person }, { endpoint_id: await endpointOf({ world, by: person }) });
  const [{ id: projectId }] = await sql('select id from projects where account_id = $1', [accountId]);
  await call('GET', `/v1/projects/${projectId}/workspace`, { token });
  await sql(
    `insert into workspace_objects (account_id, workspace_ref, name, size) select account_id, workspace_ref, 'o', 1 from workspaces where account_id = $1`,
    [accountId],
  );
}
beforeAll(async () => {
  for (const person of [mine, theirs]) await furnish(person);
});

test('a link from one account into another is no row', async () => {
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

/** Columns that remember what may be gone by now; only the server writes them, with what it found in the account. */
const memories = [
  'messages.run_id',
  'runs.continues_run_id',
  'runs.parent_run_id',
  'runs.resume_from_run_id',
  'threads.parent_thread_id',
  'usage_records.run_id',
];

test('what names a thing of an account is a key to it', async () => {
  const columns: { place: string; noun: string }[] = await sql(`
    select c.table_name || '.' || c.column_name as place, substring(c.column_name from '([a-z]+)_id$') || 's' as noun
    from information_schema.columns c
    where c.table_schema = 'public' and c.column_name <> 'account_id' and c.column_name like '%\\_id'
      and exists (select from information_schema.columns o where o.table_schema = 'public' and o.table_name = c.table_name and o.column_name = 'account_id')`);
  const nouns = new Set(links.map(({ parent }) => parent).concat('runs', 'messages'));
  const naming = columns.filter(({ noun }) => nouns.has(noun)).map(({ place }) => place);
  const keyed = links.map(({ child, own }) => `${child}.${own[1]}`);
  expect(naming.filter((place) => !keyed.includes(place)).sort()).toEqual(memories);
});

test('the unit of work sees one account, and none when it was told of none', async () => {
  const idOf = async ({ accountId }: Person) => (await sql('select id from projects where account_id = $1', [accountId]))[0].id as string;
  const [own, foreign] = [await idOf(mine), await idOf(theirs)];
  await database.transaction(async (tx) => {
    const em = await tx.em();
    expect((await em.find(ProjectSchema, {})).map(({ accountId }) => accountId)).toEqual([mine.accountId]);
    expect(await em.findOne(ProjectSchema, { id: foreign })).toBeNull();
    expect(await em.findOne(ProjectSchema, { id: foreign, accountId: theirs.accountId })).toBeNull();
    expect(await em.count(ProjectSchema, { id: { $in: [own, foreign] } })).toBe(1);
    expect(await em.nativeUpdate(ProjectSchema, { id: foreign }, { name: 'Taken' })).toBe(0);
    expect(await em.nativeDelete(ProjectSchema, { id: foreign })).toBe(0);
  }, mine.accountId);
  const blind = database.transaction(async (tx) => (await tx.em()).find(ProjectSchema, {}));
  await expect(blind).rejects.toThrow(/ownRows/);
  expect(await sql('select name from projects where id = $1', [foreign])).toEqual([{ name: 'Default' }]);
});

test('what may be of the platform is seen with one’s own', async () => {
  const add = (accountId: string | null, name: string) =>
    sql(`insert into llm_providers (id, account_id, provider, name, api_key_sealed) values (gen_random_uuid(), $1, 'openai', $2, '')`, [
      accountId,
      name,
    ]);
  for (const [accountId, name] of [
    [mine.accountId, 'mine'],
    [theirs.accountId, 'theirs'],
    [null, 'platform'],
  ] as const)
    await add(accountId, name);
  const seen = await database.transaction(async (tx) => (await tx.em()).find(LlmProviderSchema, {}), mine.accountId);
  expect(seen.map(({ name }) => name).sort()).toEqual(['mine', 'platform']);
});

test('every entity of an account says so', async () => {
  const owned = await sql(
    `select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'account_id'`,
  );
  const silent = entities.filter(({ meta }) => owned.some(({ name }) => name === meta.tableName) && !('accountId' in meta.properties));
  expect(silent.map(({ meta }) => meta.className)).toEqual([]);
});
