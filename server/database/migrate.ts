import pg from 'pg';
import { isRotation } from '../platform/config/shape.ts';
import { errorCodeOf, OperatorError } from '../platform/operatorError.ts';
import { isTransientDatabaseError } from './connection/connectionErrors.ts';
import { expectedSchemaVersion, migrationNumbers, oldestCompatibleVersion } from './expectedSchema.ts';
import { lockTables } from './migrations/lockTables.ts';

/** An advisory lock. If several instances start at once, one migrates and the others wait. */
const migrationLock = 7_203_118_401;

/**
 * Migrates the schema to the version that this build expects, and the job queue with it. The URL must lead to PostgreSQL itself, not to a pooler: the
 * lock belongs to a session. With `only`, runs only the migrations of that list, as for data of an earlier version. Returns the version that the schema
 * has then, which can be newer.
 */
export async function migrate(url: string, only?: readonly string[]): Promise<SchemaVersion> {
  const client = new pg.Client({ connectionString: url, keepAlive: true });
  client.on('error', () => {});
  await client.connect();
  try {
    await withoutTimeouts(client);
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    // A process of the release before may start again after a newer one has migrated.
    const found = await schemaVersion(client);
    if (found.version > expectedSchemaVersion || (found.version === expectedSchemaVersion && (await isComplete(client)))) return found;
    const place = await placeOf(client);
    // First, because the version is what says that nothing is left to do.
    await migrateQueue(url);
    await runMigrations(url, place, only);
    return await schemaVersion(client);
  } catch (error) {
    throw migrationError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Of two changes that are made side by side, the one with the lower number can be merged, and reach a database, after the other. */
async function isComplete(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ name: string }>('select name from mikro_orm_migrations');
  const applied = new Set(rows.map(({ name }) => name.slice(-5)));
  return migrationNumbers.every((each) => applied.has(each));
}

/** A role that is used behind a pooler has time limits (`setRoleDefaults`), which must not apply to migrations. */
const withoutTimeouts = async (client: pg.ClientBase) =>
  void (await client.query('set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0'));

type Place = { database: string; schema: string };

/** The tables are in the first schema of the search path that exists. Earlier releases created the list of migrations in `public` in any case. */
async function placeOf(client: pg.ClientBase): Promise<Place> {
  const { rows } = await client.query<{ database: string; schema: string | null }>(
    `select current_database() as database, coalesce(
      (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass('mikro_orm_migrations')),
      current_schema()) as schema`,
  );
  const { database, schema } = rows[0]!;
  if (schema === null) throw new OperatorError('ARKLOOP_DATABASE_URL: no schema of the search path of the role exists');
  return { database, schema };
}

/** One line for what PostgreSQL reports. The ORM puts the statement in front of its message. */
function migrationError(error: unknown): unknown {
  const code = errorCodeOf(error);
  if (error instanceof OperatorError || isTransientDatabaseError(error) || !isSqlState(code)) return error;
  const reason = (error as Error).message.split(' - ').at(-1)!.split('\n')[0];
  return code === '42501'
    ? new OperatorError(`ARKLOOP_DATABASE_URL: the role may not bring the schema to this version: ${reason}`)
    : new OperatorError(`ARKLOOP_DATABASE_URL: the schema cannot be brought to this version: ${reason} (error ${code})`);
}

const isSqlState = (code: string | undefined) => /^[0-9A-Z]{5}$/.test(code ?? '');

// Imported on demand: the ORM takes 200 ms to load, and most starts have nothing to migrate.
async function runMigrations(url: string, { database, schema }: Place, only: readonly string[] | undefined) {
  const { MikroORM } = await import('@mikro-orm/postgresql');
  const { PostgresDialect } = await import('kysely');
  const { Migrator } = await import('@mikro-orm/migrations');
  const { migrations } = await import('./migrations/index.ts');
  const orm = await MikroORM.init({
    dbName: database,
    schema,
    driverOptions: new PostgresDialect({ pool: openPool(url) }),
    entities: [],
    discovery: { warnWhenNoEntities: false },
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, allOrNothing: true },
    logger: () => {},
  });
  // Otherwise it looks for the database in the catalog, and creates it over a connection to another one.
  orm.schema.ensureDatabase = async () => false;
  const connection = orm.em.getDriver().getConnection();
  try {
    await connection.transactional(async (transaction) => {
      const run = (sql: string) => connection.execute<Record<string, unknown>[]>(sql, [], 'all', transaction);
      await lockTables(run);
      await orm.migrator.up({ transaction, ...(only && { migrations: [...only] }) });
      // In the same transaction, so that processes of the release before stay ready when it is committed, and if it fails.
      await run(`comment on table mikro_orm_migrations is '${remarkOf(expectedSchemaVersion, oldestCompatibleVersion)}'`);
    });
  } finally {
    // An error here would hide that of a migration.
    await orm.close(true).catch(() => {});
  }
}

async function migrateQueue(url: string) {
  const { Logger, runMigrations: migrate } = await import('graphile-worker');
  const pgPool = openPool(url);
  try {
    await migrate({ pgPool, logger: new Logger(() => () => {}) });
  } finally {
    await pgPool.end();
  }
}

function openPool(url: string) {
  // pg-pool awaits the promise, although its types do not say so.
  // oxlint-disable-next-line typescript/no-misused-promises
  const pool = new pg.Pool({ connectionString: url, max: 2, onConnect: withoutTimeouts });
  pool.on('error', () => {});
  // graphile-worker requires an error listener on each client too.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

const remarkOf = (version: string, oldest: string) => `version ${version} is compatible with processes of version ${oldest}`;

/**
 * `version` is the newest applied migration as five digits; `00000` if there is none. `oldest` is the version that a process must at least expect to
 * serve with this schema.
 */
export type SchemaVersion = { version: string; oldest: string };

export async function schemaVersion(client: { query: (text: string) => Promise<{ rows: unknown[] }> }): Promise<SchemaVersion> {
  try {
    const { rows } = await client.query(
      `select right(max(name), 5) as version, obj_description('mikro_orm_migrations'::regclass) as remark from mikro_orm_migrations`,
    );
    const { version, remark } = rows[0] as { version: string | null; remark: string | null };
    const known = version ?? '00000';
    const oldest = remark?.slice(-known.length) ?? known;
    return { version: known, oldest: remark === remarkOf(known, oldest) ? oldest : known };
  } catch (error) {
    if ((error as { code?: string }).code === '42P01') return { version: '00000', oldest: '00000' };
    throw error;
  }
}

/**
 * Refuses roles that would work with a schema that they do not know. An API starts and reports it at `/readyz`. A rotation needs exactly its own schema:
 * it would leave what a later release seals under the old key, and say that nothing is left.
 */
export function requireSchema(role: string, schema: SchemaVersion): void {
  if (role === 'api' || (isRotation(role) ? schema.version === expectedSchemaVersion : isServed(schema))) return;
  throw new OperatorError(
    `the schema of the database has version ${schema.version}, and this release ${isRotation(role) ? 'rotates keys' : 'serves'} with ${expectedSchemaVersion}: use the release that migrated it`,
  );
}

/** Whether a process of this build can serve: with its own schema, or with a newer one that is compatible with it. */
export const isServed = ({ version, oldest }: SchemaVersion): boolean =>
  version >= expectedSchemaVersion && oldest <= expectedSchemaVersion;
