import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../../server/', import.meta.url);

/** State of a PostgreSQL session that outlives a transaction. A pooler would lose it or give it to another client. */
const state: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['an advisory lock of a session', /\bpg_(try_)?advisory_(lock|unlock)/],
  [
    'a setting of a session',
    /\bset_config\([^)]*,\s*false\)|['"`;]\s*set (?!local|constraints|transaction|arkloop)(session )?[a-z_]+ *(=|to )/,
  ],
  ['a listener', /['"`;]\s*(un)?listen (\$\{|[a-z_]+['"`;])/],
  ['a temporary table', /\b(temp|temporary) (table|view|sequence)\b/],
  ['a cursor that outlives its transaction', /\bwith hold\b/],
  ['a prepared statement by SQL', /['"`;]\s*(prepare|deallocate|discard) /],
  ['the last value of a sequence', /\b(currval|lastval)\(/],
  ['startup parameters', /\b(statement_timeout|lock_timeout|idle_in_transaction_session_timeout): \d|\boptions: ['"`]-c/],
];

/** Files with direct connections to PostgreSQL, and the state that they keep. */
const exceptions: Record<string, string[]> = {
  'pubsub/postgresChannel.ts': ['a listener'],
  'database/migrate.ts': ['an advisory lock of a session', 'a setting of a session'],
  // A setting only on a direct connection, and the removal of the statement that detects a pooler.
  'database/connection/sessionSettings.ts': ['a setting of a session', 'a prepared statement by SQL'],
  // The same, for the connections on which runs are taken from the queue.
  'jobs/jobRunner.ts': ['a setting of a session'],
  // Commands with a direct connection of their own.
  'processes/backup/restore.ts': ['a setting of a session'],
  'processes/keyRotation/rotate.ts': ['a setting of a session'],
  'database/embedded/instanceLock.ts': ['an advisory lock of a session'],
  'database/embedded/servingRole.ts': ['a setting of a session', 'startup parameters'],
};

const found = (text: string) => state.flatMap(([what, pattern]) => (pattern.test(text.toLowerCase()) ? [what] : []));

test('only migrations, notifications and the embedded database keep state in a session of PostgreSQL', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('database/migrations/'),
  );
  const keepers = files.flatMap((file) => {
    const kept = found(readFileSync(new URL(file, root), 'utf8'));
    return kept.length > 0 ? [[file, kept] as const] : [];
  });
  expect(Object.fromEntries(keepers)).toEqual(exceptions);
});

test.each([
  ['await client.query("select pg_advisory_lock(1)")', 'an advisory lock of a session'],
  ["select set_config('a', 'b', false)", 'a setting of a session'],
  ["query('SET statement_timeout = 0')", 'a setting of a session'],
  ["query('listen changes')", 'a listener'],
  ['create temp table t (a int)', 'a temporary table'],
  ['statement_timeout: 10_000,', 'startup parameters'],
])('%s is found', (text, what) => {
  expect(found(text)).toEqual([what]);
});
