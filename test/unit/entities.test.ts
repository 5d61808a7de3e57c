import { MikroORM } from '@mikro-orm/postgresql';
import { PostgresDialect } from 'kysely';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { entities } from '../../server/database/entities.ts';
import { emptyDatabase, freshDatabase } from '../support/app/testApp.ts';

/** Queries for columns, constraints and indexes as PostgreSQL prints them. */
const catalog = {
  columns: `
    select c.relname || '.' || a.attname as name,
      concat_ws(' ', format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end, 'default ' || pg_get_expr(d.adbin, d.adrelid)) as is
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = quote_ident(current_schema())::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
  constraints: `
    select c.relname || '.' || o.conname as name, pg_get_constraintdef(o.oid) as is
    from pg_constraint o join pg_class c on c.oid = o.conrelid
    where o.connamespace = quote_ident(current_schema())::regnamespace and o.contype in ('p', 'u', 'c') and not c.relispartition`,
  indexes: `
    select i.indexrelid::regclass::text as name, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') as is
    from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = quote_ident(current_schema())::regnamespace and not c.relispartition`,
};

async function describe(url: string): Promise<Record<string, Record<string, string>>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const described: Record<string, Record<string, string>> = {};
    for (const [kind, text] of Object.entries(catalog)) {
      const { rows } = await client.query<{ name: string; is: string }>(
        `select * from (${text}) x where name not like 'mikro_orm%' order by name`,
      );
      described[kind] = Object.fromEntries(rows.map(({ name, is }) => [name, is]));
    }
    return described;
  } finally {
    await client.end();
  }
}

test('the entities match the migrated database: columns, types, defaults, keys, checks, indexes', async () => {
  const migrated = await freshDatabase();
  const created = await emptyDatabase();
  const pool = new pg.Pool({ connectionString: created, max: 2 });
  const orm = await MikroORM.init({
    dbName: 'arkloop',
    driverOptions: new PostgresDialect({ pool }),
    entities: [...entities],
    logger: () => {},
    schemaGenerator: { createForeignKeyConstraints: false },
  });
  onTestFinished(async () => void (await orm.close(true)));
  await pool.query("create function new_id() returns uuid language sql as 'select gen_random_uuid()'");
  await pool.query('create function mailbox_of(text) returns text language sql immutable as $$ select $1 $$');
  await pool.query("create function search_keys(uuid, uuid, text) returns bigint[] language sql immutable as 'select null::bigint[]'");
  for (const statement of (await orm.schema.getCreateSchemaSQL({ wrap: false })).split(/;\n/))
    if (statement.trim()) await pool.query(statement);
  await pool.query('alter table tool_providers drop constraint tool_providers_pkey, alter provider_name set not null');
  expect(await describe(created)).toEqual(await describe(migrated));
});
