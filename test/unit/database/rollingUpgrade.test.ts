import pg from 'pg';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { expectedSchemaVersion, oldestCompatibleVersion } from '../../../server/database/expectedSchema.ts';
import { migrate, requireSchema, schemaVersion } from '../../../server/database/migrate.ts';
import { migrations } from '../../../server/database/migrations/index.ts';
import {
  columnTypes,
  compatibilityProblems,
  declaredRelease,
  type ReleasedStatements,
  releasedStatements,
} from '../../statements/releasedStatements.ts';
import { emptyDatabase, freshDatabase } from '../../support/app/testApp.ts';

const databaseUrl = await freshDatabase();
const client = new pg.Client({ connectionString: databaseUrl });
await client.connect();
afterAll(() => client.end());

test('processes of the last release can serve with the schema of this version', async () => {
  const release = releasedStatements();
  expect(declaredRelease()).toEqual({ release: release?.release ?? null, schemaVersion: release?.schemaVersion ?? null });
  if (!release) return;
  expect(release.statements.length).toBeGreaterThan(500);
  expect(release.schemaVersion <= expectedSchemaVersion).toBe(true);
  expect(await compatibilityProblems(await freshDatabase(), release)).toEqual([]);
});

test('a migration says which processes can serve with the new schema, and one that fails changes nothing and is completed by the next', async () => {
  const upgraded = await emptyDatabase();
  const owner = new pg.Client({ connectionString: upgraded });
  await owner.connect();
  onTestFinished(() => owner.end());
  const names = migrations.map(({ name }) => name);
  await migrate(upgraded, names.slice(0, -1));
  const previous = names.at(-2)!.slice(-5);
  expect((await schemaVersion(owner)).version).toBe(previous);
  const declared = { version: previous, oldest: '00001' };
  await owner.query(`comment on table mikro_orm_migrations is 'version ${previous} is compatible with processes of version 00001'`);
  await owner.query(
    'drop schema graphile_worker cascade; create schema graphile_worker; create view graphile_worker.migrations as select 1',
  );
  await expect(migrate(upgraded)).rejects.toThrow('migrations');
  expect(await schemaVersion(owner)).toEqual(declared);
  await owner.query('drop schema graphile_worker cascade');
  expect(await migrate(upgraded)).toMatchObject({ version: expectedSchemaVersion });
  expect((await owner.query(`select to_regclass('graphile_worker.jobs') as jobs`)).rows).toEqual([{ jobs: 'graphile_worker.jobs' }]);
  const { rows } = await owner.query(`select obj_description('mikro_orm_migrations'::regclass) as remark`);
  const remark = `version ${expectedSchemaVersion} is compatible with processes of version ${oldestCompatibleVersion}`;
  expect(rows).toEqual([{ remark }]);
  expect(await schemaVersion(owner)).toEqual({ version: expectedSchemaVersion, oldest: oldestCompatibleVersion });
});

test('only an API starts with a schema that its release does not know, and a rotation with no other than its own', () => {
  const own = { version: expectedSchemaVersion, oldest: expectedSchemaVersion };
  const [next, later] = [
    { version: '99998', oldest: expectedSchemaVersion },
    { version: '99999', oldest: '99998' },
  ];
  const accepts = (role: string) =>
    [own, next, later].map((schema) => {
      try {
        requireSchema(role, schema);
        return true;
      } catch {
        return false;
      }
    });
  expect(['api', 'worker', 'migrate', 'rotate'].map(accepts)).toEqual([
    [true, true, true],
    [true, true, false],
    [true, true, false],
    [true, false, false],
  ]);
});

describe('a migration that breaks processes of the last release is found:', () => {
  const statement = (name: string, text: string) => ({ file: 'a.ts', name, text });
  const statements = [
    statement('select', 'select id, title from threads where account_id = $1'),
    statement('insert', 'insert into plans (id, name, display_name) values ($1, $2, $3)'),
    statement('conflict', 'insert into feature_flags (id, key, default_value) values ($1, $2, true) on conflict (key) do nothing'),
    statement('function', `select fold_text($1::text)`),
  ];
  const problemsAfter = async (...changes: string[]) => {
    const columns = await columnTypes(databaseUrl);
    const release: ReleasedStatements = { release: '1.0.0', schemaVersion: '00001', statements, columns };
    await client.query('create function fold_text(text) returns text language sql as $$ select $1 $$');
    try {
      for (const change of changes) await client.query(change);
      return await compatibilityProblems(databaseUrl, release);
    } finally {
      await client.query('drop function if exists fold_text(text)');
    }
  };

  test.each([
    [
      'alter table threads rename title to heading',
      'alter table threads rename heading to title',
      'a.ts select: column "title" does not exist',
    ],
    [
      'alter table plans add tier text not null',
      'alter table plans drop tier',
      'plans.tier: a new column of an existing table needs a default, or must be nullable',
    ],
    [
      'alter table plans alter display_name type varchar(9)',
      'alter table plans alter display_name type text',
      'plans.display_name: the type is character varying(9), and was text',
    ],
    ['drop function fold_text(text)', 'select 1', 'a.ts function: function fold_text(text) does not exist'],
    ['alter table plans rename to tariffs', 'alter table tariffs rename to plans', 'a.ts insert: relation "plans" does not exist'],
  ])('%s', async (change, undo, problem) => {
    try {
      expect(await problemsAfter(change)).toEqual([problem]);
    } finally {
      await client.query(undo);
    }
  });

  test('additions are no problem', async () => {
    const changes = [
      'alter table plans add tier text',
      `alter table plans add kind text not null default 'own'`,
      'create table extras (id uuid primary key, name text not null)',
    ];
    expect(await problemsAfter(...changes)).toEqual([]);
    await client.query('drop table extras; alter table plans drop tier, drop kind');
  });
});
