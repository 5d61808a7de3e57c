import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { entities } from '../../../server/database/entities.ts';
import { sortByReferences } from '../../../server/jobs/erasure/order.ts';
import { accountRules, userRules } from '../../../server/jobs/erasure/rules.ts';
import { accountSteps, userSteps } from '../../../server/jobs/erasure/steps.ts';
import { freshDatabase } from '../../support/app/testApp.ts';

const columnsOf = new Map(
  entities.map(({ meta }) => [
    meta.tableName!,
    Object.keys(meta.properties).map((name) => name.replace(/[A-Z]/g, (one) => `_${one.toLowerCase()}`)),
  ]),
);

async function readForeignKeys(): Promise<{ child: string; parent: string }[]> {
  const client = new pg.Client({ connectionString: await freshDatabase() });
  await client.connect();
  onTestFinished(() => client.end());
  const { rows } = await client.query(
    `select distinct conrelid::regclass::text as child, confrelid::regclass::text as parent from pg_constraint
     where contype = 'f' and connamespace = quote_ident(current_schema())::regnamespace and conparentid = 0 and conrelid <> confrelid`,
  );
  return rows;
}

const hasRule = (rules: object, table: string) => table in rules;

/** Tables with a column that names a row of an account, without data of one. */
const withoutData: Record<string, string> = {
  credit_operations: 'the position of an operation on all accounts',
};

test('every table with data of an account has a rule', async () => {
  const keys = await readForeignKeys();
  const nouns = ['account', 'run', 'thread', 'project', 'attachment', 'api_key', 'endpoint', 'workspace'];
  const wrong = [...columnsOf].flatMap(([table, columns]) => {
    if (hasRule(accountRules, table) || table in withoutData) return [];
    const leading = columns.filter((column) => nouns.some((noun) => column === `${noun}_id` || column.endsWith(`_${noun}_id`)));
    const parents = keys.filter(({ child, parent }) => child === table && hasRule(accountRules, parent)).map(({ parent }) => parent);
    return leading.length + parents.length > 0 ? [`${table}: ${[...leading, ...parents].join(', ')}`] : [];
  });
  expect(wrong).toEqual([]);
  expect(Object.keys(accountRules).filter((table) => !columnsOf.has(table))).toEqual([]);
});

test('every table with data of a user alone has a rule', async () => {
  const keys = await readForeignKeys();
  const wrong = [...columnsOf].flatMap(([table, columns]) => {
    if (hasRule(userRules, table) || columns.includes('account_id') || table === 'accounts') return [];
    const refers = columns.includes('user_id') || keys.some(({ child, parent }) => child === table && parent === 'users');
    return refers ? [table] : [];
  });
  // Written by admins about the platform: the id of a user is all that they have of them.
  expect(wrong).toEqual(['broadcasts', 'credit_operations', 'redemption_codes']);
});

test('rows are deleted before those that they refer to, and each kept row refers to kept rows only', async () => {
  const keys = await readForeignKeys();
  for (const steps of [accountSteps, userSteps]) {
    const order = sortByReferences(steps, keys).map(({ table }) => table);
    expect([...order].sort()).toEqual(steps.map(({ table }) => table).sort());
    const deleted = new Set(steps.filter(({ rule }) => rule === 'deleted').map(({ table }) => table));
    for (const { child, parent } of keys) {
      if (!deleted.has(parent) || !order.includes(child)) continue;
      expect([child, parent, deleted.has(child)]).toEqual([child, parent, true]);
      expect([child, parent, order.indexOf(child) < order.indexOf(parent)]).toEqual([child, parent, true]);
    }
  }
  const [a, b] = ['a', 'b'].map((table) => ({ table, rule: 'deleted' as const, isLast: false }));
  const circle = [
    { child: 'a', parent: 'b' },
    { child: 'b', parent: 'a' },
  ];
  expect(() => sortByReferences([a!, b!], circle)).toThrow('refer to each other');
});

test('every rule that keeps rows says why', () => {
  for (const [table, { rule, reason }] of Object.entries({ ...accountRules, ...userRules }))
    expect([table, reason === null]).toEqual([table, rule === 'deleted']);
});
