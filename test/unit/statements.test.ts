import { sql } from 'kysely';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../server/database/database.ts';
import { statement } from '../../server/database/statement.ts';
import { allStatements } from '../statements/declared.ts';

// Commands of transactions cannot be prepared with PREPARE.
const statements = (await allStatements()).filter(({ text }) => !/^(savepoint|rollback|release) /.test(text));
const { freshDatabase } = await import('../support/app/testApp.ts');

test('the migrated database can prepare every declared statement', async () => {
  const client = new pg.Client({ connectionString: await freshDatabase() });
  await client.connect();
  onTestFinished(() => client.end());
  const wrong: string[] = [];
  for (const [number, { file, name, text }] of statements.entries())
    await client.query(`prepare s${number} as ${text}`).catch(({ message }: Error) => wrong.push(`${file} ${name}: ${message}`));
  expect(statements.length).toBeGreaterThan(500);
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
