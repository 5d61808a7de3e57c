import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/postgresql';
import { PostgresDialect } from 'kysely';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from './embedded.ts';
import { entities } from './entities.ts';
import { expectedSchemaVersion } from './expectedSchema.ts';
import { migrate } from './migrate.ts';

const folder = new URL('./migrations/', import.meta.url);

/**
 * Statements that migrate the database from the existing migrations to the entities. Entities do not describe foreign keys, views, functions and
 * triggers.
 */
async function difference(): Promise<string[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'arkloop-draft-'));
  const { url, stop } = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) });
  try {
    await migrate(url);
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    const orm = await MikroORM.init({
      dbName: new URL(url).pathname.slice(1),
      driverOptions: new PostgresDialect({ pool }),
      entities: [...entities],
      logger: () => {},
      schemaGenerator: { createForeignKeyConstraints: false },
    });
    try {
      const { rows } = await pool.query<{ name: string }>(`select conname as name from pg_constraint where contype = 'f'`);
      const foreignKeys = rows.map(({ name }) => `drop constraint "${name}"`);
      const statements = (await orm.schema.getUpdateSchemaSQL({ wrap: false, safe: false })).split(/;\n/).map((each) => each.trim());
      return statements.filter(
        (each) => each && !/^drop (schema|table|view|function|trigger) /.test(each) && !foreignKeys.some((end) => each.endsWith(end)),
      );
    } finally {
      await orm.close(true);
    }
  } finally {
    await stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const migration = (name: string, comment: string, statements: readonly string[]) => `import { Migration } from '@mikro-orm/migrations';

/** ${comment} */
export class ${name} extends Migration {
  override up(): void {
${statements.map((each) => `    this.addSql(\`${each.replaceAll('`', '\\`').replaceAll('${', '\\${')}\`);`).join('\n')}
  }

  override down(): void {
    throw new Error('down is not written yet');
  }
}
`;

async function main([comment]: string[]) {
  if (!comment) throw new Error('Give the comment of the migration: npm run migration -- "Notes of users."');
  const statements = await difference();
  if (statements.length === 0)
    throw new Error('Nothing to write: the entities match the migrations. Is the entity in server/database/entities.ts?');
  const name = `Migration${String(Number(expectedSchemaVersion) + 1).padStart(5, '0')}`;
  await writeFile(new URL(`${name}.ts`, folder), migration(name, comment, statements));
  const index = new URL('index.ts', folder);
  const text = await readFile(index, 'utf8');
  const imported = `import { ${name} } from './${name}.ts';\n`;
  const lastImport = text.lastIndexOf('\nimport ') + 1;
  const end = text.indexOf('\n', lastImport) + 1;
  const listed = `${text.slice(0, end)}${imported}${text.slice(end)}`.replace(/\n\];/, `\n  { name: '${name}', class: ${name} },\n];`);
  await writeFile(index, listed);
  console.log(`wrote server/database/migrations/${name}.ts and its line in index.ts`);
  console.log('Add what entities do not describe (foreign keys, triggers, functions), and write `down`.');
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
