import pg from 'pg';
import { codeOf, OperatorError } from '../kernel/operatorError.ts';
import { expectedSchemaVersion } from './expectedSchema.ts';

/** Any number of instances may start at once: one migrates, the others wait for this lock. */
const migrationLock = 7_203_118_401;

/** Bring the schema to the version this build expects, and the job queue with it. */
export async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    if ((await schemaVersion(client)) === expectedSchemaVersion) return;
    await runMigrations(url);
    const { runMigrations: migrateQueue } = await import('graphile-worker');
    await migrateQueue({ connectionString: url, logger: await quiet() });
  } catch (error) {
    throw codeOf(error) === '42501' ? mayNotMigrate(error as Error) : error;
  } finally {
    await client.end();
  }
}

const mayNotMigrate = ({ message }: Error) =>
  new OperatorError(`ARKLOOP_DATABASE_URL: the role may not bring the schema to this version: ${message.split(' - ').at(-1)}`);

// The ORM costs 200 ms to load, and most starts have nothing to migrate.
async function runMigrations(url: string) {
  const { MikroORM } = await import('@mikro-orm/postgresql');
  const { Migrator } = await import('@mikro-orm/migrations');
  const { entities } = await import('./entities.ts');
  const { migrations } = await import('./migrations/index.ts');
  const orm = await MikroORM.init({
    clientUrl: url,
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

async function quiet() {
  const { Logger } = await import('graphile-worker');
  return new Logger(() => () => {});
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
