import { beforeAll, expect, test } from 'vitest';
import { entities } from '../../server/database/entities.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { stagedText } from '../support/http/forms.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';
import { deliveryOf, endpointOf } from '../support/samples/webhooks.ts';

const app = await startTestApp({}, { worker: false });
const { sql, call, signUp, joinAccount } = app;

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

/** Creates one resource of every type that an account owns. */
async function createAccountData(person: Person) {
  const { token, accountId } = person;
  const threadId = await openThread(app, person);
  await startRun(app, person, threadId);
  await sql(
    `insert into run_turns (account_id, run_id, turn_index, opaque) select account_id, id, 1, '{}' from runs where account_id = $1`,
    [accountId],
  );
  // Ended, because a thread has at most one active run.
  await sql(`update runs set status = 'cancelled' where account_id = $1`, [accountId]);
  await call('POST', `/v1/threads/${threadId}/star`, { token });
  await call('POST', '/v1/schedules', { token, body: { name: 'Daily', cron: '0 9 * * *', input: 'Hi!', thread_id: threadId } });
  await sql(
    `insert into schedule_occurrences (account_id, id, schedule_id, scheduled_for, trigger, status, run_id)
     select s.account_id, gen_random_uuid(), s.id, now(), 'schedule', 'started', r.id
     from schedules s join runs r on r.account_id = s.account_id where s.account_id = $1`,
    [accountId],
  );
  await sql(`update schedules s set last_run_id = o.run_id from schedule_occurrences o where o.schedule_id = s.id and s.account_id = $1`, [
    accountId,
  ]);
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
  await call('POST', '/v1/skills', { token, body: { files: [{ path: 'SKILL.md', content: '---\nname: own\ndescription: Own.\n---\n' }] } });
  await joinAccount(await signUp(), person);
  await sql(`insert into teams (account_id, id, name) values ($1, gen_random_uuid(), 'team')`, [accountId]);
  await sql(
    `insert into team_members (account_id, team_id, user_id, role) select $1, t.id, $2, 'member' from teams t where t.account_id = $1`,
    [accountId, person.id],
  );
  await sql(`update projects set team_id = (select id from teams where account_id = $1) where account_id = $1`, [accountId]);
  await sql(`update threads set project_id = (select id from projects where account_id = $1) where account_id = $1`, [accountId]);
  await sql(
    `insert into memories (account_id, id, user_id, content, search_keys, fact_hash, source, thread_id) values ($1, gen_random_uuid(), $2, '', '{}', '', 'agent', $3)`,
    [accountId, person.id, threadId],
  );
  const attachmentId = (await stagedText(app, person)).split('/')[2];
  await sql('insert into thread_attachments (account_id, attachment_id, thread_id) values ($1, $2, $3)', [
    accountId,
    attachmentId,
    threadId,
  ]);
  await deliveryOf({ app, by: person }, { endpoint_id: await endpointOf({ app, by: person }) });
  const [{ id: projectId }] = await sql('select id from projects where account_id = $1', [accountId]);
  await call('GET', `/v1/projects/${projectId}/workspace`, { token });
  await sql(
    `insert into workspace_objects (account_id, workspace_ref, name, size) select account_id, workspace_ref, 'o', 1 from workspaces where account_id = $1`,
    [accountId],
  );
}
beforeAll(async () => {
  for (const person of [mine, theirs]) await createAccountData(person);
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
    where c.table_schema = 'public' and c.column_name <> 'account_id' and c.column_name like '%\\_id'
      and exists (select from information_schema.columns o where o.table_schema = 'public' and o.table_name = c.table_name and o.column_name = 'account_id')`);
  const nouns = new Set(links.map(({ parent }) => parent).concat('runs', 'messages'));
  const naming = columns.filter(({ noun }) => nouns.has(noun)).map(({ place }) => place);
  const keyed = links.map(({ child, own }) => `${child}.${own[1]}`);
  expect(naming.filter((place) => !keyed.includes(place)).sort()).toEqual(unkeyedColumns);
});

test('every entity of a table with account_id has the property accountId', async () => {
  const owned = await sql(
    `select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'account_id'`,
  );
  const silent = entities.filter(({ meta }) => owned.some(({ name }) => name === meta.tableName) && !('accountId' in meta.properties));
  expect(silent.map(({ meta }) => meta.className)).toEqual([]);
});
