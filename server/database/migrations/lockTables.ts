import { setTimeout as sleep } from 'node:timers/promises';
import { errorCodeOf, OperatorError } from '../../platform/operatorError.ts';
import { productSchema } from '../productSchema.ts';

/** Runs a statement in the transaction of the migrations. */
type Run = (sql: string) => Promise<Record<string, unknown>[]>;

/** How long the tables may be in use by others, in milliseconds. A backup holds them until it is complete. */
const maxWaitMs = 30 * 60_000;
const pauseMs = 300;

/**
 * Locks all tables until the end of the transaction. Migrations that lock one table after the other while requests are served get into deadlocks,
 * and PostgreSQL may choose to end a request. Here the wait is shorter than `deadlock_timeout`, after which a request would look for a deadlock, and
 * nothing is held during the pause, so that others wait only briefly for a migration that waits for a long transaction.
 */
export async function lockTables(run: Run, { waitMs = maxWaitMs } = {}): Promise<void> {
  const names = (await run(ownTables)).map(({ name }) => name as string);
  if (names.length === 0) return;
  const [{ ms } = { ms: 1_000 }] = (await run(`select setting::int as ms from pg_settings where name = 'deadlock_timeout'`)) as {
    ms: number;
  }[];
  for (const until = performance.now() + waitMs; ; await sleep(pauseMs * (1 + Math.random()))) {
    await run('savepoint before_locks');
    try {
      await run(`set local statement_timeout = ${Math.max(1, Math.floor(ms * 0.6))}`);
      await run(`lock table ${names.join(', ')} in access exclusive mode`);
      await run('set local statement_timeout = 0');
      return;
    } catch (error) {
      await run('rollback to savepoint before_locks');
      await run('release savepoint before_locks');
      // 57014: the timeout. 40P01: the request was not the first to look.
      if (!['57014', '40P01'].includes(errorCodeOf(error) ?? '')) throw error;
      if (performance.now() > until) throw await inUse(run, waitMs);
    }
  }
}

/**
 * Without partitions, which are locked with their tables, and without the list of migrations, which `/readyz` and the migrator read meanwhile.
 * Extensions may own others.
 */
const ownTables = `select c.oid::regclass::text as name from pg_class c
  where c.relnamespace = ${productSchema} and c.relkind in ('r', 'p') and not c.relispartition and pg_has_role(c.relowner, 'usage') and c.relname <> 'mikro_orm_migrations'
  order by c.oid`;

async function inUse(run: Run, waitMs: number): Promise<OperatorError> {
  const others = await run(`select format('%s (%s)', pid, coalesce(nullif(application_name, ''), usename)) as session from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null order by xact_start limit 3`);
  return new OperatorError(
    `the tables are in use for ${Math.round(waitMs / 1_000)} s and cannot be migrated; the oldest transactions are of the sessions ${others.map(({ session }) => session).join(', ')}`,
  );
}
