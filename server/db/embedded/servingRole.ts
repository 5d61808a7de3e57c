import pg from 'pg';
import { type Cluster, owner } from './cluster.ts';
import { urlOf } from './lock.ts';

/**
 * The role that serves. It owns the product's database and what is in it, because partitions come and go while it serves and each version brings
 * migrations; it has no attribute but LOGIN and is a member of no other role.
 */
const servingRole = 'arkloop_app';

/** The URL of the product's database for the serving role. */
export const servingUrl = ({ servingPassword }: Cluster, port: number): string =>
  `postgres://${servingRole}:${encodeURIComponent(servingPassword)}@127.0.0.1:${port}/${owner}`;

/** Make the serving role and its database, or hand both over that a version before it owned as superuser. `client` is the superuser's. */
export async function ensureServing(cluster: Cluster, port: number, client: pg.Client): Promise<void> {
  // One of the statements holds the password: none is logged, whatever the cluster logs otherwise.
  await client.query('set log_statement to none; set log_min_duration_statement to -1; set log_min_error_statement to panic');
  const { rowCount: roles } = await client.query('select 1 from pg_roles where rolname = $1', [servingRole]);
  if (roles === 0) await client.query(`create role ${servingRole}`);
  await client.query(
    `alter role ${servingRole} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password ${pg.escapeLiteral(cluster.servingPassword)}`,
  );
  const { rows } = await client.query<{ owned: boolean }>(
    'select pg_get_userbyid(datdba) = $2 as owned from pg_database where datname = $1',
    [owner, servingRole],
  );
  if (rows.length === 0) return void (await client.query(`create database ${owner} owner ${servingRole}`));
  await handOver(cluster, port);
  if (!rows[0]!.owned) await client.query(`alter database ${owner} owner to ${servingRole}`);
}

/** What the superuser owns in the product's database, in the words that give it away. Sequences of columns and types of tables follow their tables. */
const gifts = `
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

/** All at once or nothing, so that an interrupted start is made up for by the next one. */
async function handOver(cluster: Cluster, port: number) {
  // Names are looked up in the catalog alone: the serving role could have made functions and operators of the same names elsewhere.
  const client = new pg.Client({
    connectionString: urlOf(cluster, port),
    options: '-c search_path=pg_catalog',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('begin');
    const { rows } = await client.query<{ object: string }>(gifts);
    for (const { object } of rows) await client.query(`alter ${object} owner to ${servingRole}`);
    await client.query('commit');
  } finally {
    await client.end().catch(() => undefined);
  }
}
