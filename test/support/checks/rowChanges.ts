import type { TestApp } from '../app/testApp.ts';

/** The number of rows of a table, and of those written since the start. */
type TableState = { table_name: string; rows: number; written: number };

/**
 * Starts to watch all tables. The returned function lists those whose rows were inserted, updated or deleted since: the transaction ID that
 * wrote a row (`xmin`, PostgreSQL documentation, "System Columns") is not older than the start, or the number of rows differs. Takes
 * milliseconds. No transaction may be in progress at the start.
 */
export async function watchRows({ database, sql }: Pick<TestApp, 'database' | 'sql'>): Promise<() => Promise<string[]>> {
  const [{ start }] = await sql('select pg_snapshot_xmax(pg_current_snapshot())::text as start');
  const tables: { table_name: string }[] = await sql(
    `select table_name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1`,
  );
  const text = tables
    .map(
      ({ table_name: name }) =>
        `select '${name}' as table_name, count(*)::int as rows, count(*) filter (where xmin::text::bigint >= $1::bigint)::int as written from "${name}"`,
    )
    .join(' union all ');
  // Named, because planning it takes longer than executing it.
  const query = { name: `rows of ${tables.length} tables`, text };
  const read = async (): Promise<TableState[]> => (await database.pool.query({ ...query, values: [start] })).rows;
  const before = new Map((await read()).map(({ table_name, rows }) => [table_name, rows]));
  return async () =>
    (await read())
      .filter(({ table_name, rows, written }) => written > 0 || rows !== before.get(table_name))
      .map(({ table_name }) => table_name);
}
