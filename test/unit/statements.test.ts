import { type OperationNode, sql } from 'kysely';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../server/database/database.ts';
import { entities } from '../../server/database/entities.ts';
import { builder, statement } from '../../server/database/statement.ts';
import { allStatements } from '../statements/declared.ts';
import { isPreparable } from '../statements/releasedStatements.ts';
import { staleStatements, unbounded, unweighed } from '../statements/snapshot.ts';
import { hiddenTables, unguarded } from '../statements/tenancy.ts';

const preparable = (await allStatements()).filter(isPreparable);
const { unboundedStatements } = await import('../statements/bounds.ts');
const { maxRowBytes, unweighedLists } = await import('../statements/weights.ts');
const { bytesOf, pageInBytes } = await import('../../server/database/paging.ts');
const { freshDatabase } = await import('../support/app/testApp.ts');

test('the file of statements is up to date', async () => {
  expect(await staleStatements()).toBe(false);
});

test('every statement that returns rows has a limit or a key, or declares why there are few', async () => {
  expect(await unbounded()).toEqual([]);
});

test('detects statements that return any number of rows', () => {
  const [id, account] = [sql.lit('1'), sql.lit('2')];
  const messages = builder.selectFrom('messages').where('account_id', '=', account).where('thread_id', '=', id);
  const runs = builder.selectFrom('runs as r').where('r.account_id', '=', account);
  const isFound = (each: { toOperationNode(): OperationNode }) => unboundedStatements([{ node: each.toOperationNode() }]).length > 0;
  const caught = [
    messages.select('content'),
    messages
      .select('role')
      .groupBy('role')
      .select(({ fn }) => fn.countAll().as('count')),
    messages.select(sql`array_agg(content)`.as('contents')),
    builder.selectFrom(messages.select('content').as('m')).selectAll(),
    builder.selectNoFrom(({ selectFrom }) =>
      selectFrom('messages')
        .select(sql`jsonb_agg(content)`.as('all'))
        .where('thread_id', '=', id)
        .as('x'),
    ),
    runs.innerJoin('messages as m', 'm.thread_id', 'r.thread_id').select('m.content').where('r.id', '=', id),
    runs.leftJoin('messages as m', 'm.run_id', 'r.id').select('r.id').where('r.id', '=', id),
    builder
      .with('m', (qc) => qc.selectFrom('messages').select('content'))
      .selectFrom('m')
      .selectAll(),
    messages.select('content').where('number', '=', 1).unionAll(messages.select('content')),
    builder.updateTable('messages').set({ visible: false }).where('thread_id', '=', id).returning('id'),
    builder
      .deleteFrom('messages')
      .where(({ or, eb }) => or([eb('id', '=', id), eb('thread_id', '=', id)]))
      .returning('id'),
  ];
  expect(caught.map(isFound)).toEqual(caught.map(() => true));
  const good = [
    messages.select('content').limit(1),
    messages.select(({ fn }) => fn.countAll().as('count')),
    messages.select('content').where('number', '=', 1),
    runs.innerJoin('threads as t', 't.id', 'r.thread_id').select('t.title').where('r.id', 'in', [id, account]),
    builder
      .selectFrom('personas')
      .selectAll()
      .where(({ or, eb }) => or([eb('account_id', '=', account), eb('account_id', 'is', null)])),
    builder.updateTable('messages').set({ visible: false }).where('thread_id', '=', id),
  ];
  expect(good.map(isFound)).toEqual(good.map(() => false));
});

test('every list ends its pages by bytes, or declares that its rows are small', async () => {
  expect(await unweighed()).toEqual([]);
});

test('detects lists whose pages may have any number of bytes', () => {
  const limit = sql<number>`${sql.val(200)}`;
  const list = builder.selectFrom('mcp_configs').select(['id', 'created_at', 'args']).limit(limit);
  const found = (query: { compile(): { sql: string; query: OperationNode } }, declared: object = {}, file = 'resources/made.ts') => {
    const { sql: text, query: node } = query.compile();
    return unweighedLists([{ file, text, node, parameters: ['limit'], ...declared }]).length > 0;
  };
  expect([found(list), found(list, { rowBytes: maxRowBytes + 1 })]).toEqual([true, true]);
  const isGood = [
    !found(list, { rowBytes: maxRowBytes }),
    !found(list, { bound: 'batch' }),
    !found(list, {}, 'jobs/made.ts'),
    !found(pageInBytes(list, bytesOf('args'))),
    !found(builder.deleteFrom('mcp_configs').where('id', 'in', list.clearSelect().select('id'))),
  ];
  expect(isGood).toEqual(isGood.map(() => true));
});

test('every statement that appends to the events of a run needs a synchronous commit, except the one that creates the run', () => {
  const appending = preparable.filter(({ text }) => text.includes('insert into "run_events"'));
  const early = appending.filter(({ needsSynchronousCommit }) => !needsSynchronousCommit).map(({ name }) => name);
  expect(appending.length).toBeGreaterThan(5);
  expect(early).toEqual(['insertRun']);
});

test('the migrated database can prepare every declared statement', async () => {
  const client = new pg.Client({ connectionString: await freshDatabase() });
  await client.connect();
  onTestFinished(() => client.end());
  const wrong: string[] = [];
  for (const [number, { file, name, text }] of preparable.entries())
    await client.query(`prepare s${number} as ${text}`).catch(({ message }: Error) => wrong.push(`${file} ${name}: ${message}`));
  expect(preparable.length).toBeGreaterThan(500);
  expect(wrong).toEqual([]);
});

test('a statement that binds a value in its declaration throws when it is compiled', () => {
  const wrong = statement<{ id: string }>()((db, $) =>
    db.selectFrom('users').select('id').where('id', '=', $.id).where('status', '=', 'active'),
  );
  expect(() => wrong.text).toThrow('sql.lit');
});

test('parameters are bound by name, in any order and number of uses', async () => {
  const database = openDatabase(await freshDatabase(), { max: 1, log: undefined as never, applicationName: 'arkloop test' });
  onTestFinished(() => database.close());
  const select = statement<{ one: number; two: string }>()((db, $) =>
    db.selectNoFrom((eb) => [
      eb.cast<string>($.two, 'text').as('two'),
      eb.cast<number>($.one, 'integer').as('one'),
      eb.cast<string>($.two, 'text').as('again'),
    ]),
  );
  expect(select.parameters).toEqual(['two', 'one', 'two']);
  expect(await database.rows(select, { one: 1, two: 'two' })).toEqual([{ two: 'two', one: 1, again: 'two' }]);
});

test('a value that cannot be sent fails its query only, on the first execution and later', async () => {
  const database = openDatabase(await freshDatabase(), { max: 1, log: undefined as never, applicationName: 'arkloop test' });
  onTestFinished(() => database.close());
  const select = statement<{ value: unknown }>()((db, $) => db.selectNoFrom((eb) => eb.cast<unknown>($.value, 'jsonb').as('value')));
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  for (let round = 0; round < 3; round++) {
    await expect(database.row(select, { value: circular })).rejects.toThrow('circular');
    expect(await database.row(select, { value: { round } })).toEqual({ value: { round } });
  }
});

test('rows are read by their columns, also by statements sent together and after an error', async () => {
  const database = openDatabase(await freshDatabase(), { max: 1, log: undefined as never, applicationName: 'arkloop test' });
  onTestFinished(() => database.close());
  const divide = statement<{ by: number }>()((db, $) =>
    db.selectNoFrom([sql<number>`6 / ${$.by}::int`.as('result'), sql<Date>`now()`.as('at')]),
  );
  const nothing = statement<{ id: string }>()((db, $) => db.deleteFrom('users').where('id', '=', $.id));
  const id = '00000000-0000-0000-0000-000000000000';
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.allSettled([
      database.row(divide, { by: 2 }),
      database.run(nothing, { id }),
      database.row(divide, { by: 0 }),
      database.rows(divide, { by: 3 }),
    ]);
    expect(answers).toMatchObject([
      { value: { result: 3, at: expect.stringMatching(/Z$/) } },
      { value: 0 },
      { reason: { code: '22012' } },
      { value: [{ result: 2 }] },
    ]);
  }
});

const tenantTables = new Set(entities.filter(({ meta }) => 'accountId' in meta.properties).map(({ meta }) => meta.tableName!));

/** The statements that a request can execute. */
const statements = (await allStatements()).filter(
  ({ file }) =>
    /^(http|resources|chatCompletions|mcpServer|runs\/(create|follow))\//.test(file) && !file.startsWith('resources/webhooks/sending/'),
);
const nameOf = ({ file, name }: { file: string; name: string }) => `${file} ${name}`;
const isExcepted = (each: { file: string; name: string }) => (nameOf(each).split(' by ')[0] ?? '') in exceptions;

/** Statements that do not filter by account, with the reason. An entry covers the variants of a statement by filter. */
const exceptions: Record<string, string> = {
  'resources/accessLog/queries.ts selectEntries': 'the access log of all accounts, for platform administrators',
  'resources/auditLogs/queries.ts count of all accounts': 'the audit log of all accounts, for platform administrators',
  'resources/auditLogs/queries.ts export of all accounts': 'the same',
  'resources/auditLogs/queries.ts page of all accounts': 'the same',
  'resources/auditLogs/queries.ts page with states of all accounts': 'the same, with the states before and after',
  'resources/credits/monthlyGrants.ts 2': 'the subscriptions of all accounts that are due for credits',
  'resources/featureFlags/queries.ts selectOverrides': 'the accounts that override a flag, for platform administrators',
  'resources/invitations/queries.ts selectAccountOfToken': 'the secret names the invitation; the caller is not a member yet',
  'resources/notifications/queries.ts selectNotifications': 'a user reads their notifications in all of their accounts',
  'resources/redemptionCodes/queries.ts selectCodeState': 'a user redeems a code once, whatever the account',
  'resources/reports/queries.ts selectAnyThread': 'whether a thread of any account exists, for platform administrators',
  'resources/reports/queries.ts selectReports': 'the reports of all accounts, for platform administrators',
  'resources/runDetails/queries.ts selectRun': 'a run of any account, for platform administrators',
  'resources/runs/list.ts runs of all accounts': 'the runs of all accounts, for platform administrators',
  'resources/runs/eventQueries.ts appendEvents': 'the run was found in its account, or belongs to a job of the worker',
  'runs/follow/archivedEvents.ts 1': 'the run was found in its account',
  'resources/subscriptions/queries.ts selectSubscription': 'platform administrators give no account',
  'resources/subscriptions/queries.ts selectSubscriptions': 'platform administrators give no account',
  'resources/usage/export.ts 2': 'the usage of all accounts, for platform administrators',
  'resources/users/queries.ts forgetEndUsers': 'the chat completions of a deleted user in all of their accounts',
  'resources/users/queries.ts selectOpenRuns': 'the runs of a suspended or deleted user in all of their accounts',
  'resources/users/resetQueries.ts deleteInvitations': 'access that ends with the first proof of an address, in all accounts',
  'resources/users/resetQueries.ts deleteShares': 'the same',
  'resources/users/resetQueries.ts revokeKeys': 'the same',
  'resources/users/resetQueries.ts selectOwnAccounts': 'the same',
};

test('tenant tables are detected', () => {
  expect([...tenantTables]).toEqual(
    expect.arrayContaining(['memberships', 'projects', 'threads', 'messages', 'runs', 'teams', 'workspaces']),
  );
  expect(tenantTables.has('users')).toBe(false);
});

test('every statement of a request filters each tenant table by account', () => {
  const wrong = statements
    .filter((each) => !isExcepted(each))
    .flatMap((each) => unguarded(each.node, tenantTables).map((table) => `${nameOf(each)}: ${table}`));
  expect(wrong).toEqual([]);
});

test('every listed exception is needed', () => {
  for (const name of Object.keys(exceptions)) {
    const found = statements.find((each) => nameOf(each) === name);
    expect([name, found !== undefined && unguarded(found.node, tenantTables).length > 0]).toEqual([name, true]);
  }
});

test('raw SQL fragments contain no table names', async () => {
  const wrong = (await allStatements())
    .filter(({ node }) => node.kind !== 'RawNode')
    .flatMap((each) => hiddenTables(each.node).map((text) => `${nameOf(each)}: ${text}`));
  expect(wrong).toEqual([]);
});

test('detects statements without an account filter', () => {
  const [id, account] = ['1', '2'];
  const threads = builder.selectFrom('threads as t').select('t.id');
  const messages = builder.selectFrom('messages as m').select(sql.lit(1).as('one'));
  const caught = [
    builder.selectFrom('threads').selectAll().where('id', '=', id),
    builder.selectFrom('threads').select('account_id').where('id', '=', id),
    builder.updateTable('runs').set({ status: 'failed' }).where('id', '=', id),
    builder.deleteFrom('projects').where('id', '=', id).returning('account_id'),
    builder
      .insertInto('teams')
      .columns(['id', 'name'])
      .expression(builder.selectFrom('users').select(['id', 'username'])),
    threads.innerJoin('projects as p', 'p.id', 't.project_id').where('t.account_id', '=', account),
    threads.where((eb) => eb.or([eb('t.account_id', '=', account), eb('t.id', '=', id)])),
    threads.where('t.account_id', '=', account).where((eb) => eb.exists(messages.where('m.id', '=', id))),
    threads.whereRef('t.account_id', '=', 't.account_id'),
  ];
  for (const each of caught)
    expect([each.compile().sql, unguarded(each.toOperationNode(), tenantTables).length]).toEqual([each.compile().sql, 1]);
  const good = [
    builder.selectFrom('threads').selectAll().where('account_id', '=', account).where('id', '=', id),
    threads
      .innerJoin('projects as p', (join) => join.onRef('p.account_id', '=', 't.account_id').onRef('p.id', '=', 't.project_id'))
      .where('t.account_id', '=', account),
    builder.deleteFrom('llm_providers').where('account_id', 'is not distinct from', account).where('id', '=', id),
    builder.selectFrom('users').selectAll().where('id', '=', id),
  ];
  for (const each of good) expect([each.compile().sql, ...unguarded(each.toOperationNode(), tenantTables)]).toEqual([each.compile().sql]);
});

test('detects a raw SQL fragment with a table name', () => {
  const fragment = sql<boolean>`exists (select from runs where id = ${'1'})`;
  expect(hiddenTables(builder.selectFrom('users').select('id').where(fragment).toOperationNode())).toHaveLength(1);
});
