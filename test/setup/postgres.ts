import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../server/db/embedded.ts';
import { migrate } from '../../server/db/migrate.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
    postgresSuperuserUrl: string;
  }
}

/** The name of the migrated database that every test file clones. */
export const template = 'arkloop_template';

/**
 * Nothing waits for the disk: this server ends with the tests. Autovacuum stays on: plans of large tables need its statistics. A file that leaves
 * connections open keeps them until its worker ends, after many files.
 */
const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '1000' };

/** Compiled modules for the workers and for the processes that tests start: their imports take half the time. */
const compileCache = new URL('../../node_modules/.cache/compiled', import.meta.url).pathname;

/** One real PostgreSQL for the whole run, with one migrated template. */
export default async function setup(project: TestProject) {
  process.env.NODE_COMPILE_CACHE ??= compileCache;
  const dataDir = await mkdtemp(join(tmpdir(), 'arkloop-test-'));
  const { url, superuserUrl, stop } = await startEmbedded({ dataDir, log: pino({ level: 'silent' }), settings });
  const admin = new pg.Client({ connectionString: superuserUrl });
  await admin.connect();
  await admin.query(`create database ${template} owner ${new URL(url).username}`);
  const templateUrl = new URL(url);
  templateUrl.pathname = `/${template}`;
  await migrate(templateUrl.href);
  await admin.end();
  project.provide('postgresUrl', url);
  project.provide('postgresSuperuserUrl', superuserUrl);
  return async () => {
    await stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
