import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { allStatements } from '../statements/declared.ts';
import { generateAccounts, generateGrowth, generateRest, settle } from '../statements/growthData.ts';
import { type Finding, findLinear, type PlanNode } from '../statements/plans.ts';

/** Tables whose rows increase with every request or run, or with people. */
const growing = new Set([
  'access_log',
  'accounts',
  'attachments',
  'attempt_counts',
  'audit_logs',
  'chat_completions',
  'credit_balances',
  'credit_transactions',
  'email_verifications',
  'idempotency_keys',
  'identity_flows',
  'login_codes',
  'memberships',
  'messages',
  'notifications',
  'passkey_challenges',
  'projects',
  'quota_usage',
  'refresh_tokens',
  'run_event_archives',
  'run_events',
  'run_turns',
  'runs',
  'schedule_occurrences',
  'schedules',
  'sessions',
  'sign_in_challenges',
  'thread_attachments',
  'thread_reports',
  'thread_share_messages',
  'thread_shares',
  'thread_stars',
  'thread_summaries',
  'threads',
  'usage_records',
  'usage_rollups',
  'users',
  'webhook_deliveries',
  'webhook_messages',
  'workspace_objects',
  'workspaces',
]);

/** Statements that may read whole tables, with the reason. */
const exceptions: Record<string, string> = {
  'jobs/erasure/ownBatches.ts 7': 'some rows of the account, in any order',
  'jobs/erasure/steps.ts 55': 'tokens of the sessions of an account, which the planner joins if the account has many of all sessions',
  'jobs/erasure/steps.ts 119': 'the same',
  'resources/credits/operationQueries.ts insertOperation': 'once per operation on the balances of all accounts',
  'resources/credits/operationQueries.ts selectOverflow': 'the same',
  'resources/reports/queries.ts selectReports':
    'for platform administrators; PostgreSQL plans it with the values, and without filters reads the index in order',
  'resources/runs/list.ts runs of all accounts by modelPattern':
    'a substring has no index: the newest runs are read until the page is full',
  'resources/runs/list.ts runs of all accounts by personaPattern': 'the same',
  'resources/runs/list.ts runs of all accounts by status completed': 'most runs are completed',
  'resources/users/queries.ts selectUsers':
    'for platform administrators: a substring has no index, and without filters the index is read in order until the page is full',
};

// Commands of transactions have no plan.
const statements = (await allStatements()).filter(({ text }) => !/^(savepoint|rollback|release) /.test(text));
const { freshDatabase } = await import('../support/app/testApp.ts');
const nameOf = ({ file, name }: { file: string; name: string }) => `${file} ${name}`;

let superuser: pg.Client;
const partialIndexes = new Set<string>();
beforeAll(async () => {
  const url = new URL(inject('postgresSuperuserUrl'));
  url.pathname = new URL(await freshDatabase()).pathname;
  superuser = new pg.Client({ connectionString: url.href });
  await superuser.connect();
  await dropMonths();
  const people = Array.from({ length: 60 }, () => ({ userId: randomUUID(), accountId: randomUUID(), threads: 200 }));
  await generateGrowth(superuser, people, { messages: 4, runs: 2, eventsPerRun: 2 });
  await generateRest(superuser);
  await settle(superuser);
  const { rows } = await superuser.query<{ name: string }>(
    'select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid where i.indpred is not null and c.reltuples < 1000',
  );
  for (const { name } of rows) partialIndexes.add(name);
});
afterAll(() => superuser.end());

/** Without the partitions made ahead: on the first days of a month the planner would scan that of the month, because it has few rows. */
async function dropMonths() {
  const { rows } = await superuser.query<{ name: string }>(
    `select relname as name from pg_class where relispartition and relkind = 'r' and relname ~ '^(run_events|audit_logs)_\\d{4}_\\d\\d$'
     and pg_get_expr(relpartbound, oid) not like '%MINVALUE%'`,
  );
  for (const { name } of rows) await superuser.query(`drop table ${name}`);
}

async function planOf(text: string): Promise<PlanNode> {
  const { rows } = await superuser.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(`explain (generic_plan, format json) ${text}`);
  return rows[0]!['QUERY PLAN'][0]!.Plan;
}
const findingsOf = async (text: string): Promise<Finding[]> => findLinear(await planOf(text), { growing, partialIndexes });

test('all statements are found', () => expect(statements.length).toBeGreaterThan(500));

/** In units of the planner: about 25 index lookups. */
const maxShortCost = 30;

test('statements marked as short only read, lock nothing, and cost little with few accounts', async () => {
  const short = statements.filter(({ isShort }) => isShort);
  expect(short.length).toBeGreaterThan(20);
  const wrong: string[] = [];
  for (const each of short) {
    const plan = await planOf(each.text);
    const cost = plan['Total Cost'];
    if (cost > maxShortCost) wrong.push(`${nameOf(each)}: cost ${cost}`);
    if (/"(ModifyTable|LockRows)"/.test(JSON.stringify(plan))) wrong.push(`${nameOf(each)}: changes or locks rows`);
  }
  expect(wrong).toEqual([]);
});

describe('with many accounts', () => {
  beforeAll(async () => {
    await generateAccounts(superuser);
    await settle(superuser);
  });

  test('every growing table has rows', async () => {
    const empty: string[] = [];
    for (const table of growing) {
      const { rowCount } = await superuser.query(`select from ${table} offset 1000 limit 1`);
      if (rowCount === 0) empty.push(table);
    }
    expect(empty).toEqual([]);
  });

  test('no statement scans or sorts a table that grows with use', async () => {
    const found: string[] = [];
    const needed = new Set<string>();
    for (const each of statements) {
      const findings = await findingsOf(each.text);
      if (findings.length === 0) continue;
      if (nameOf(each) in exceptions) needed.add(nameOf(each));
      else found.push(`${nameOf(each)}: ${findings.map(({ table, problem, rows }) => `${problem} of ${table} (${rows} rows)`).join(', ')}`);
    }
    expect(found).toEqual([]);
    expect(
      Object.keys(exceptions).filter((name) => !needed.has(name)),
      'exceptions that are not needed',
    ).toEqual([]);
  });
});
