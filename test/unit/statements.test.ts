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
