import type pg from 'pg';
import type { RecordedText } from './leaks.ts';

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** The text of every column of every table, and the last statement of each session. */
export async function everyRow(client: pg.Client): Promise<RecordedText[]> {
  const { rows: columns } = await client.query<{ schema: string; name: string; column: string }>(
    `select n.nspname as schema, c.relname as name, a.attname as column
     from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
     where c.relkind in ('r', 'p', 'm') and not c.relispartition and n.nspname <> 'information_schema' and n.nspname !~ '^pg_' and a.attnum > 0 and not a.attisdropped`,
  );
  const traces: RecordedText[] = [];
  for (const { schema, name, column } of columns) {
    const { rows } = await client.query<{ text: string }>(
      `select t.${quoted(column)}::text as text from ${quoted(schema)}.${quoted(name)} t where t.${quoted(column)} is not null`,
    );
    if (rows.length > 0) traces.push({ place: `${schema}.${name}.${column}`, text: rows.map(({ text }) => text).join('\n') });
  }
  const { rows } = await client.query<{ query: string }>('select query from pg_stat_activity where pid <> pg_backend_pid()');
  return [...traces, { place: 'pg_stat_activity', text: rows.map(({ query }) => query).join('\n') }];
}

/** From now on, copies every queued job to `kept.jobs`, because workers delete finished jobs. */
export const keepJobs = (client: pg.Client) =>
  client.query(`
    create schema kept;
    create table kept.jobs (job jsonb);
    create function kept.job() returns trigger language plpgsql as $$ begin insert into kept.jobs values (to_jsonb(new)); return null; end $$;
    create trigger kept after insert or update on graphile_worker._private_jobs for each row execute function kept.job()`);
