import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { lockTables } from '../../../server/database/migrations/lockTables.ts';
import { freshDatabase } from '../../support/app/testApp.ts';

async function connected(connectionString: string) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

const runOn = (client: pg.Client) => async (sql: string) => (await client.query(sql)).rows;

test('a migration never makes PostgreSQL end a request: it waits for all tables before it changes one', async () => {
  const url = await freshDatabase();
  const [migration, request] = [await connected(url), await connected(url)];
  // The tables in the order opposite to that of the migration, so that each holds what the other waits for.
  await request.query('begin; select from runs limit 1');
  await migration.query('begin');
  const locked = lockTables(runOn(migration));
  await sleep(200);
  await request.query('select from users limit 1');
  await sleep(2_500);
  await request.query('select from threads limit 1; commit');
  await locked;
  const late = request.query('select count(*)::int as n from users');
  await migration.query('alter table runs add column extra int; alter table users add column extra int; commit');
  expect((await late).rows).toHaveLength(1);
});

test('a migration that waits for a long transaction lets others pass, and ends with one line that names the session', async () => {
  const url = await freshDatabase();
  const [migration, report, request] = [await connected(url), await connected(url), await connected(url)];
  await report.query(`set application_name = 'nightly report'; begin; select from messages limit 1`);
  await migration.query('begin');
  const refused = lockTables(runOn(migration), { waitMs: 3_000 }).catch((error: Error) => error);
  const waits: number[] = [];
  for (const until = Date.now() + 3_000; Date.now() < until; await sleep(20)) {
    const began = performance.now();
    await request.query('select from users limit 1');
    waits.push(performance.now() - began);
  }
  expect(Math.max(...waits)).toTakeLessThan(1_500);
  expect(waits.length).toBeGreaterThan(5);
  expect(await refused).toMatchObject({
    name: 'OperatorError',
    message: expect.stringMatching(/^the tables are in use for 3 s and cannot be migrated; .* \d+ \(nightly report\)/),
  });
  await migration.query('rollback');
});
