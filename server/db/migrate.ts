import pg from 'pg';
import { codeOf, OperatorError } from '../kernel/operatorError.ts';
import { expectedSchemaVersion } from './expectedSchema.ts';

/** Any number of instances may start at once: one migrates, the others wait for this lock. */
const migrationLock = 7_203_118_401;

/**
 * Bring the schema to the version this build expects, and the job queue with it. The URL must lead to PostgreSQL itself: the lock belongs to
 * a session.
 */
export async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    await withoutTimeouts(client);
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    if ((await schemaVersion(client)) === expectedSchemaVersion) return;
    await runMigrations(url);
    await migrateQueue(url);
  } catch (error) {
    throw codeOf(error) === '42501' ? mayNotMigrate(error as Error) : error;
  } finally {
    await client.end();
  }
}

/** A role that serves behind a pooler has time limits of its own (`giveRoleSettings`), which are not for migrations. */
const withoutTimeouts = async (client: pg.ClientBase) =>
  void (await client.query('set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0'));

const mayNotMigrate = ({ message }: Error) =>
  new OperatorError(`ARKLOOP_DATABASE_URL: the role may not bring the schema to this version: ${message.split(' - ').at(-1)}`);

// The ORM costs 200 ms to load, and most starts have nothing to migrate.
async function runMigrations(url: string) {
  const { MikroORM } = await import('@mikro-orm/postgresql');
  const { PostgresDialect } = await import('kysely');
  const { Migrator } = await import('@mikro-orm/migrations');
  const { entities } = await import('./entities.ts');
  const { migrations } = await import('./migrations/index.ts');
  const orm = await MikroORM.init({
    dbName: 'arkloop',
    driverOptions: new PostgresDialect({ pool: openPool(url) }),
    entities: [...entities],
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, allOrNothing: true },
    logger: () => {},
  });
  try {
    await orm.migrator.up();
  } finally {
    await orm.close(true);
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
  // pg-pool waits for the promise; its types do not say so.
  // oxlint-disable-next-line typescript/no-misused-promises
  const pool = new pg.Pool({ connectionString: url, max: 2, onConnect: withoutTimeouts });
  pool.on('error', () => {});
  // The queue asks for a listener on each client, too.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** The newest migration applied, as five digits; `00000` when there is none. */
export async function schemaVersion(client: { query: (text: string) => Promise<{ rows: unknown[] }> }): Promise<string> {
  try {
    const { rows } = await client.query('select right(max(name), 5) as version from mikro_orm_migrations');
    return (rows[0] as { version: string | null }).version ?? '00000';
  } catch (error) {
    if ((error as { code?: string }).code === '42P01') return '00000';
    throw error;
  }
}
