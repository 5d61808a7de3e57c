import pg from 'pg';

/** Runs one statement on a connection of its own. */
export async function query<Row>(databaseUrl: string, sql: string): Promise<[Row, ...Row[]]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'arkloop test query', query_timeout: 30_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(sql)).rows as [Row, ...Row[]];
  } finally {
    await client.end().catch(() => undefined);
  }
}
