import { expect, test } from 'vitest';
import { freshDatabase } from '../../support/app/testApp.ts';
import { query } from '../../support/cluster/query.ts';
import { overSocket } from '../../support/cluster/socketUrl.ts';
import { databaseOf } from '../../support/world/databases.ts';
import { home, newSeed, world, worldOf } from '../../support/world/world.ts';

test('a seed repeats its world, and seeds reach every choice', () => {
  const seed = newSeed();
  expect(worldOf(seed)).toEqual(worldOf(seed));
  const worlds = Array.from({ length: 300 }, (_, at) => worldOf(`${at}`));
  for (const name of ['role', 'schema', 'databaseHost', 'processZone', 'databaseZone', 'locale'] as const)
    expect(new Set(worlds.map((each) => each[name])).size, name).toBeGreaterThan(3);
  expect(worldOf(home)).toMatchObject({ role: 'arkloop_app', schema: 'public', databaseHost: 'socket', processZone: 'UTC' });
});

test('the databases of the tests are in the world of the run', async () => {
  const { database, role, schema, databaseZone } = world();
  const url = await freshDatabase();
  expect(databaseOf(url).startsWith(`${database}_`)).toBe(true);
  const asked = `select current_database() as name, current_user as role, current_schema() as schema, current_setting('timezone') as zone`;
  expect(await query(overSocket(url), asked)).toEqual([{ name: databaseOf(url), role, schema, zone: databaseZone }]);
});
