import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { query } from '../../support/cluster/query.ts';

/** Columns, indexes and constraints without those of partitions, which depend on the date. */
type SchemaRow = { kind: string; name: string; what: string };

/** The user of the data. */
export const releasedLogin = { login: 'somebody', password: 'Passw0rd-1' };

/** A response of the release, as its user, with a key, or without a credential. */
export type Read = { path: string; as: 'user' | 'nobody' | { key: string }; body: unknown };

/** The data of a release, in the format of a backup, made by its own server through its API. `schema` is that of its database. Releases since 0.2.0 have `reads`. */
type Release = { schema: SchemaRow[]; files: Record<string, string>; reads?: Read[] };

const folder = new URL('./released/', import.meta.url);
const fileOf = (version: string) => new URL(`${version}.json.gz`, folder);

export const releases = (): string[] => readdirSync(folder).map((name) => name.replace('.json.gz', ''));

/** Writes the files of the backup to `path`. */
export function unpackRelease(version: string, path: string): Omit<Release, 'files'> {
  const { files, ...rest } = JSON.parse(gunzipSync(readFileSync(fileOf(version))).toString()) as Release;
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content, 'base64');
  }
  return rest;
}

export function packRelease(version: string, path: string, schema: SchemaRow[], reads: Read[]): void {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const read = files.map(({ parentPath, name }) => {
    const file = join(parentPath, name);
    return [file.slice(path.length).replace(/^\//, ''), readFileSync(file).toString('base64')] as const;
  });
  const release: Release = { schema, reads, files: Object.fromEntries(read.toSorted(([left], [right]) => (left < right ? -1 : 1))) };
  writeFileSync(fileOf(version), gzipSync(JSON.stringify(release), { level: 9 }));
}

export const schemaOf = (databaseUrl: string): Promise<SchemaRow[]> =>
  query<SchemaRow>(
    databaseUrl,
    `select 'column' as kind, attrelid::regclass::text || '.' || attname as name, format_type(atttypid, atttypmod) as what
       from pg_attribute join pg_class c on c.oid = attrelid where attnum > 0 and not attisdropped and relnamespace = quote_ident(current_schema())::regnamespace
         and c.relkind in ('r','p') and not c.relispartition
     union all select 'index', indexname, replace(indexdef, ' ' || quote_ident(schemaname) || '.', ' public.')
       from pg_indexes where schemaname = current_schema() and tablename !~ '_\\d{4}_'
     union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) from pg_constraint
       where connamespace = quote_ident(current_schema())::regnamespace and conrelid::regclass::text !~ '_\\d{4}_'
     order by 1, 2, 3`,
  );
