import type pg from 'pg';
import { productSchema } from '../../database/productSchema.ts';
import type { BackupContent, BackupTable } from './manifest.ts';

type TableName = Pick<BackupTable, 'schema' | 'name'>;

/** The schema of the product, which a backup calls `public` wherever the tables are, and that of the job queue. */
const isOwn = `(n.oid = ${productSchema} or n.nspname = 'graphile_worker')`;
const schemaLabel = `case n.oid when ${productSchema} then 'public' else n.nspname end`;

/**
 * The bounds of a partition that is detached because a clock says that it is past its retention. The clock may be wrong, so a backup has it as if it
 * were attached.
 */
const detachedBounds = `substring(obj_description(c.oid, 'pg_class') from '^detached at \\S+, (.*)$')`;

/** Which migrations ran is in the manifest, and the schema of a restored database brings these rows itself. */
const notData = `(c.relname = 'mikro_orm_migrations' or n.nspname = 'graphile_worker' and c.relname = 'migrations' or ${detachedBounds} is not null)`;

/** A partitioned table stands for its partitions. Generated columns are computed again. */
const tables = `select ${schemaLabel} as schema, c.relname as name,
    (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where ${isOwn} and c.relkind in ('r', 'p') and not c.relispartition and not ${notData} order by 1, 2`;

const partitions = `select c.relname as name, p.relname as of, pg_get_expr(c.relpartbound, c.oid) as bounds
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_inherits i on i.inhrelid = c.oid join pg_class p on p.oid = i.inhparent
  where n.oid = ${productSchema} and c.relispartition and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' order by 1`;

const detached = `select c.relname as name, p.relname as of, ${detachedBounds} as bounds
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_class p on p.relnamespace = c.relnamespace and p.relkind = 'p' and c.relname ~ ('^' || p.relname || '[0-9_]+$')
  where n.oid = ${productSchema} and c.relkind = 'r' and not c.relispartition and ${detachedBounds} is not null order by 1`;

/** Sequences are outside of snapshots. A value that is too high only leaves a gap. */
const sequences = `select ${schemaLabel} as schema, sequencename as name, last_value::text as "lastValue"
  from pg_sequences join pg_namespace n on n.nspname = schemaname
  where ${isOwn} and last_value is not null and sequencename not like 'mikro_orm_migrations%' order by 1, 2`;

const foreignKeys = `select c.conrelid::regclass::text as table, quote_ident(c.conname) as name, pg_get_constraintdef(c.oid) as definition
  from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = t.relnamespace
  where c.contype = 'f' and c.conparentid = 0 and ${isOwn} order by 1, 2`;

const rowsOf = async <Row extends pg.QueryResultRow>(client: pg.ClientBase, text: string) => (await client.query<Row>(text)).rows;

export const selectTables = (client: pg.ClientBase): Promise<(TableName & { columns: string[] })[]> => rowsOf(client, tables);
export const selectPartitions = (client: pg.ClientBase): Promise<BackupContent['partitions']> => rowsOf(client, partitions);
export const selectDetached = (client: pg.ClientBase): Promise<BackupContent['partitions']> => rowsOf(client, detached);
export const selectSequences = (client: pg.ClientBase): Promise<BackupContent['sequences']> => rowsOf(client, sequences);

/** A foreign key, with the names as SQL. */
type ForeignKey = { table: string; name: string; definition: string };
export const selectForeignKeys = (client: pg.ClientBase): Promise<ForeignKey[]> => rowsOf(client, foreignKeys);

export const selectMigrations = async (client: pg.ClientBase): Promise<string[]> => {
  const { rows } = await client.query<{ name: string }>('select name from mikro_orm_migrations order by name');
  return rows.map(({ name }) => name);
};

/** The name in SQL. The search path leads to the tables of the product. */
export const nameOf = ({ schema, name }: TableName): string => (schema === 'public' ? `"${name}"` : `${schema}."${name}"`);
export const columnsOf = ({ columns }: { columns: readonly string[] }): string => columns.map((column) => `"${column}"`).join(', ');

/** Settings under which `copy` writes and reads the same text on every server, and no time limits: the role may have some. */
export const copySettings = `set local statement_timeout = 0; set local lock_timeout = 0; set local idle_in_transaction_session_timeout = 0;
  set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set local timezone = 'UTC'; set local extra_float_digits = 3;
  set local bytea_output = 'hex'; set local client_encoding = 'UTF8'`;
