import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { overSocket } from '../cluster/socketUrl.ts';
import { databaseOf } from '../world/databases.ts';

const endings: (() => Promise<unknown>)[] = [];
const databases: string[] = [];

/**
 * Runs `end` after the last test of the file, in reverse order of registration. Works inside tests and hooks, where Vitest ignores
 * `afterAll`.
 */
export const onFileFinished = (end: () => Promise<unknown>): void => void endings.push(end);

/** Drops the database of this URL after the last test of the file. Fails the file if connections to it are still open 10 s later. */
export function closedWithFile(databaseUrl: string): string {
  databases.push(databaseOf(databaseUrl));
  return databaseUrl;
}

/** Called by `fileCleanup.setup.ts`. */
export async function finishFile(): Promise<void> {
  for (let end = endings.pop(); end; end = endings.pop()) await end();
  const names = databases.splice(0);
  if (names.length > 0) await dropDatabases(names);
}

/** Many files share a worker, so leaked connections add up. Autovacuum visits each database that exists. */
async function dropDatabases(names: readonly string[]) {
  const admin = new pg.Client({ connectionString: overSocket(inject('postgresSuperuserUrl')) });
  await admin.connect();
  try {
    await expectClosed(admin, names);
    for (const name of names) await admin.query(`drop database ${pg.escapeIdentifier(name)}`);
  } finally {
    await admin.end();
  }
}

async function expectClosed(admin: pg.Client, names: readonly string[]) {
  let open: { application_name: string; query: string }[] = [];
  for (const until = Date.now() + 60_000; Date.now() < until; await sleep(50)) {
    open = (await admin.query('select application_name, query from pg_stat_activity where datname = any ($1)', [names])).rows;
    if (open.length === 0) return;
  }
  const lines = open.map(({ application_name: name, query }) => `${name || 'unnamed'}: ${query.slice(0, 80)}`);
  throw new Error(`The file left connections open:\n${lines.join('\n')}`);
}
