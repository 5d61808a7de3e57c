import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { queryableOf } from '../../../server/database/database.ts';
import { expectedSchemaVersion } from '../../../server/database/expectedSchema.ts';
import { migrate, schemaVersion } from '../../../server/database/migrate.ts';
import { migrations } from '../../../server/database/migrations/index.ts';
import { lockTables } from '../../../server/database/migrations/lockTables.ts';
import { inOrder } from '../../../server/jobs/erasure/order.ts';
import { accountSteps } from '../../../server/jobs/erasure/steps.ts';
import { emptyDatabase } from '../../support/app/testApp.ts';

async function connect(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** A database and the role that owns it, without the right to create others. Dropped when the test ends. */
async function ownedDatabase(database: string, role: string): Promise<{ url: string; superuserUrl: string }> {
  const admin = await connect(inject('postgresSuperuserUrl'));
  const [name, owner] = [pg.escapeIdentifier(database), pg.escapeIdentifier(role)];
  await admin.query(`create role ${owner} login nocreatedb password 'own'`);
  await admin.query(`create database ${name} owner ${owner} template template0`);
  onTestFinished(async () => {
    await admin.query(`drop database ${name} (force)`);
    await admin.query(`drop role ${owner}`);
    await admin.end();
  });
  const place = { pathname: `/${encodeURIComponent(database)}` };
  const url = Object.assign(new URL(inject('postgresUrl')), place, { username: encodeURIComponent(role), password: 'own' });
  return { url: url.href, superuserUrl: Object.assign(new URL(inject('postgresSuperuserUrl')), place).href };
}

test('a database may have any name, and its owner needs no right to create databases', async () => {
  const { url } = await ownedDatabase(`Fünf "zwei" o'brien-2`, 'Eigentümer "x"');
  expect(await migrate(url)).toMatchObject({ version: expectedSchemaVersion });
  expect(await migrate(url)).toMatchObject({ version: expectedSchemaVersion });
});

test('the search path of the role selects the schema, in which all tables are locked, deleted from and found again', async () => {
  const { url, superuserUrl } = await ownedDatabase('schema of its own', 'schema_owner');
  const admin = await connect(superuserUrl);
  await admin.query('create schema "My App" authorization schema_owner; alter role schema_owner set search_path = "My App"');
  await admin.query('drop schema public');
  await admin.end();
  await migrate(url);
  const client = await connect(url);
  onTestFinished(() => client.end());
  expect(await schemaVersion(client)).toMatchObject({ version: expectedSchemaVersion });
  const { rows: elsewhere } = await client.query(`select n.nspname from pg_class c join pg_namespace n on n.oid = relnamespace
    where c.relkind in ('r', 'p') and n.nspname not in ('My App', 'graphile_worker', 'pg_catalog', 'information_schema', 'pg_toast')`);
  expect(elsewhere).toEqual([]);
  await client.query('begin');
  await lockTables(async (sql) => (await client.query(sql)).rows);
  const { rows } = await client.query(
    `select count(*)::int as locked from pg_locks where pid = pg_backend_pid() and mode = 'AccessExclusiveLock'`,
  );
  expect(rows[0].locked).toBeGreaterThan(50);
  await client.query('rollback');
  const order = (await inOrder(queryableOf(client), accountSteps)).map(({ table }) => table);
  expect(order.indexOf('messages')).toBeLessThan(order.indexOf('threads'));
});

test('a migration that is merged after one with a higher number reaches a database that has the higher one', async () => {
  const url = await emptyDatabase();
  const late = migrations.at(-2)!.name;
  await migrate(
    url,
    migrations.map(({ name }) => name).filter((name) => name !== late),
  );
  const client = await connect(url);
  onTestFinished(() => client.end());
  expect(await schemaVersion(client)).toMatchObject({ version: expectedSchemaVersion });
  const isApplied = async () => (await client.query('select from mikro_orm_migrations where name = $1', [late])).rowCount === 1;
  expect(await isApplied()).toBe(false);
  await migrate(url);
  expect(await isApplied()).toBe(true);
});

test('an error of a migration is reported in one line, whatever closing the connections reports', async () => {
  const { url, superuserUrl } = await ownedDatabase('occupied', 'occupied_owner');
  const admin = await connect(superuserUrl);
  await admin.query('create table runs (id int)');
  await admin.end();
  await expect(migrate(url)).rejects.toMatchObject({
    name: 'OperatorError',
    message: 'ARKLOOP_DATABASE_URL: the schema cannot be brought to this version: relation "runs" already exists (error 42P07)',
  });
});
