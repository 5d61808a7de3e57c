import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import pg from 'pg';

/** What processes of a release need of the schema: their statements, and the columns of its tables with their types. */
export type ReleasedStatements = {
  release: string;
  schemaVersion: string;
  statements: { file: string; name: string; text: string }[];
  columns: Record<string, string>;
};

const folder = new URL('./released/', import.meta.url);
const compatibleRelease = new URL('../../server/database/compatibleRelease.json', import.meta.url);

const names = () => readdirSync(folder).filter((name) => name.endsWith('.json.gz'));

/** That of the last release. Undefined before the first one that keeps its statements. */
export function releasedStatements(): ReleasedStatements | undefined {
  const [name] = names();
  return name === undefined ? undefined : (JSON.parse(gunzipSync(readFileSync(new URL(name, folder))).toString()) as ReleasedStatements);
}

/** Replaces those of the release before, whose processes need not serve any more, and tells the server which processes it must be compatible with. */
export function keepStatements(kept: ReleasedStatements): void {
  for (const name of names()) rmSync(new URL(name, folder));
  writeFileSync(new URL(`${kept.release}.json.gz`, folder), gzipSync(JSON.stringify(kept), { level: 9 }));
  const { release, schemaVersion } = kept;
  writeFileSync(compatibleRelease, `{ "release": "${release}", "schemaVersion": "${schemaVersion}" }\n`);
}

/** What the server says of the release that it is compatible with. */
export const declaredRelease = () =>
  JSON.parse(readFileSync(compatibleRelease, 'utf8')) as { release: string | null; schemaVersion: string | null };

type Column = { name: string; type: string; isRequired: boolean };

async function columnsOf(client: pg.Client): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select c.relname || '.' || attname as name, format_type(atttypid, atttypmod) as type,
       attnotnull and not atthasdef and attidentity = '' as "isRequired"
     from pg_attribute join pg_class c on c.oid = attrelid
     where attnum > 0 and not attisdropped and relnamespace = quote_ident(current_schema())::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     order by 1`,
  );
  return rows;
}

async function withClient<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export const columnTypes = (databaseUrl: string): Promise<Record<string, string>> =>
  withClient(databaseUrl, async (client) => Object.fromEntries((await columnsOf(client)).map(({ name, type }) => [name, type])));

/**
 * Why processes of the release could not serve with the schema of a database: statements that PostgreSQL cannot prepare, columns of another type, and new
 * columns that their inserts would have to set.
 */
export const compatibilityProblems = (databaseUrl: string, { statements, columns }: ReleasedStatements): Promise<string[]> =>
  withClient(databaseUrl, async (client) => {
    const problems: string[] = [];
    for (const [number, { file, name, text }] of statements.entries())
      await client.query(`prepare s${number} as ${text}`).catch(({ message }: Error) => problems.push(`${file} ${name}: ${message}`));
    const tables = new Set(Object.keys(columns).map((name) => name.split('.')[0]));
    for (const { name, type, isRequired } of await columnsOf(client)) {
      const before = columns[name];
      if (before !== undefined && before !== type) problems.push(`${name}: the type is ${type}, and was ${before}`);
      if (before === undefined && isRequired && tables.has(name.split('.')[0]))
        problems.push(`${name}: a new column of an existing table needs a default, or must be nullable`);
    }
    return problems;
  });

/** Commands of transactions cannot be prepared with PREPARE. */
export const isPreparable = ({ text }: { text: string }): boolean => !/^(savepoint|rollback|release) /.test(text);
