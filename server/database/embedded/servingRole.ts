import pg from 'pg';
import { type Cluster, superuserAndDatabaseName } from './cluster.ts';
import { superuserUrlOf, urlOf } from './instanceLock.ts';
import type { Address } from './postmaster.ts';

/**
 * The role that serving processes use. It owns the product database and the objects in it, because serving creates and drops partitions, and new
 * versions bring migrations. It has no attribute except LOGIN and is not a member of any role.
 */
const servingRole = 'arkloop_app';

/** The URL of the product database for the serving role. */
export const servingUrl = ({ servingPassword }: Cluster, address: Address): string =>
  urlOf(address, servingRole, servingPassword, superuserAndDatabaseName);

/**
 * Creates the serving role and its database. A database that the superuser owns, as in earlier versions, is transferred to the role. `client` is
 * connected as the superuser.
 */
export async function ensureServingRole(cluster: Cluster, address: Address, client: pg.Client): Promise<void> {
  // One of the statements contains the password: log none of them, whatever the cluster is configured to log.
  await client.query('set log_statement to none; set log_min_duration_statement to -1; set log_min_error_statement to panic');
  const { rowCount: roles } = await client.query('select 1 from pg_roles where rolname = $1', [servingRole]);
  if (roles === 0) await client.query(`create role ${servingRole}`);
  await client.query(
    `alter role ${servingRole} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password ${pg.escapeLiteral(cluster.servingPassword)}`,
  );
  const { rows } = await client.query<{ owned: boolean }>(
    'select pg_get_userbyid(datdba) = $2 as owned from pg_database where datname = $1',
    [superuserAndDatabaseName, servingRole],
  );
  if (rows.length === 0) return void (await client.query(`create database ${superuserAndDatabaseName} owner ${servingRole}`));
  await transferOwnership(cluster, address);
  if (!rows[0]!.owned) await client.query(`alter database ${superuserAndDatabaseName} owner to ${servingRole}`);
}

/**
 * The objects that the superuser owns in the product database, as `alter … owner` names them. Sequences of columns and types of tables follow their
 * tables.
 */
const selectSuperuserObjects = `
  with superuser as (select oid from pg_roles where rolname = current_user),
  own as (select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'),
  parts as (select classid, objid, deptype from pg_depend where deptype in ('e', 'a', 'i'))
  select format('schema %I', nspname) as object from pg_namespace n
  where n.oid in (select oid from own) and nspowner in (select oid from superuser)
  union all
  select format('table %s', c.oid::regclass) from pg_class c
  where relnamespace in (select oid from own) and relkind in ('r', 'p', 'v', 'm', 'f', 'S') and relowner in (select oid from superuser)
    and not exists (select from parts p where p.classid = 'pg_class'::regclass and p.objid = c.oid and (p.deptype = 'e' or relkind = 'S'))
  union all
  select format('routine %s', p.oid::regprocedure) from pg_proc p
  where pronamespace in (select oid from own) and proowner in (select oid from superuser)
    and not exists (select from parts e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
  union all
  select format('type %s', t.oid::regtype) from pg_type t left join pg_class c on c.oid = t.typrelid
  where typnamespace in (select oid from own) and typowner in (select oid from superuser) and (typtype in ('e', 'd', 'r') or c.relkind = 'c')
    and not exists (select from parts e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')`;

/** A single transaction, so that the next start completes an interrupted one. */
async function transferOwnership(cluster: Cluster, address: Address) {
  // Look up names in the catalog only: the serving role could have created functions and operators with the same names elsewhere.
  const client = new pg.Client({
    connectionString: superuserUrlOf(cluster, address),
    options: '-c search_path=pg_catalog',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('begin');
    const { rows } = await client.query<{ object: string }>(selectSuperuserObjects);
    for (const { object } of rows) await client.query(`alter ${object} owner to ${servingRole}`);
    await client.query('commit');
  } finally {
    await client.end().catch(() => undefined);
  }
}
