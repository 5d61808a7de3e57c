import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { machinePath, missingPrograms } from '../../support/app/programs.ts';
import { freshDatabase } from '../../support/app/testApp.ts';
import { query } from '../../support/cluster/query.ts';
import { overSocket } from '../../support/cluster/socketUrl.ts';
import { databaseOf } from '../../support/world/databases.ts';
import { home, newSeed, seedOfCommit, world, worldOf } from '../../support/world/world.ts';

test('a seed repeats its world, and seeds reach every choice', () => {
  const seed = newSeed();
  expect(worldOf(seed)).toEqual(worldOf(seed));
  const worlds = Array.from({ length: 300 }, (_, at) => worldOf(`${at}`));
  for (const name of ['role', 'schema', 'databaseHost', 'processZone', 'databaseZone', 'locale'] as const)
    expect(new Set(worlds.map((each) => each[name])).size, name).toBeGreaterThan(3);
  expect(worldOf(home)).toMatchObject({ role: 'arkloop_app', schema: 'public', databaseHost: 'socket', processZone: 'UTC' });
});

test('a run without a seed has that of its commit, and is at home outside a repository', async ({ skip }) => {
  const missing = missingPrograms('git');
  skip(missing !== undefined, missing);
  const folder = await mkdtemp(join(tmpdir(), 'arkloop-commits-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  expect(seedOfCommit(folder)).toBe(home);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.test', ...args], {
      cwd: folder,
      env: { PATH: machinePath() },
    });
  git('init', '--quiet');
  const commit = (message: string) => {
    git('commit', '--quiet', '--allow-empty', '-m', message);
    return seedOfCommit(folder);
  };
  const seeds = [commit('one'), seedOfCommit(folder), commit('two')];
  expect(seeds).toEqual([expect.stringMatching(/^[0-9a-f]{8,}$/), seeds[0], expect.not.stringMatching(seeds[0]!)]);
});

test('the databases of the tests are in the world of the run', async () => {
  const { database, role, schema, databaseZone } = world();
  const url = await freshDatabase();
  expect(databaseOf(url).startsWith(`${database}_`)).toBe(true);
  const asked = `select current_database() as name, current_user as role, current_schema() as schema, current_setting('timezone') as zone`;
  expect(await query(overSocket(url), asked)).toEqual([{ name: databaseOf(url), role, schema, zone: databaseZone }]);
});
