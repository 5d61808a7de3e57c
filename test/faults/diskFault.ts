import pg from 'pg';

/** Tables whose inserts fail while the disk is full. */
const tables = [
  'threads',
  'messages',
  'runs',
  'run_events',
  'credit_transactions',
  'usage_records',
  'idempotency_keys',
  'webhook_deliveries',
  'sessions',
];

/**
 * A file system cannot be filled without affecting the machine, so triggers raise the error of PostgreSQL instead. Returns a function that sets
 * the share of inserts that fail.
 */
export async function installDiskFault(databaseUrl: string): Promise<(share: number) => Promise<void>> {
  const run = async (sql: string) => {
    const client = new pg.Client({ connectionString: databaseUrl, application_name: 'arkloop faults', query_timeout: 5_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(sql);
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  await run(`
    create schema faults;
    create table faults.disk (full_share float8 not null);
    insert into faults.disk values (0);
    create function faults.raise_disk_full() returns trigger language plpgsql as $$
    begin
      if random() < (select full_share from faults.disk) then
        raise exception 'could not extend file: No space left on device' using errcode = '53100';
      end if;
      return new;
    end $$;
    ${tables.map((table) => `create trigger faults_disk before insert on ${table} for each row execute function faults.raise_disk_full();`).join('\n')}`);
  return (share) => run(`update faults.disk set full_share = ${share}`);
}
