import pg from 'pg';
import { world } from './world.ts';

/** Creates a database of the role of this world. A template other than `template0` has its schema already. `admin` is connected as the superuser of `superuserUrl`. */
export async function makeDatabase(
  admin: pg.Client,
  { name, template, superuserUrl }: { name: string; template: string; superuserUrl: string },
) {
  const { role, schema } = world();
  const owner = pg.escapeIdentifier(role);
  await admin.query(`create database ${pg.escapeIdentifier(name)} owner ${owner} template ${template} strategy file_copy`);
  // The search path of the superuser, whom some tests are, is a setting of the database, which is not copied.
  if (schema === 'public') return;
  const path = pg.escapeIdentifier(schema);
  await admin.query(`alter database ${pg.escapeIdentifier(name)} set search_path = ${path}, public`);
  if (template !== 'template0') return;
  const client = new pg.Client({ connectionString: Object.assign(new URL(superuserUrl), { pathname: `/${encodeURI(name)}` }).href });
  await client.connect();
  await client.query(`create schema ${path} authorization ${owner}`);
  await client.end();
}

/** The name of the database of a URL. */
export const databaseOf = (url: string): string => decodeURI(new URL(url).pathname.slice(1));
