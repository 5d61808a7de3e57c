import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../server/', import.meta.url);

/** What belongs to a session of PostgreSQL and outlives a transaction: a pooler would give it to another client, or take it away. */
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

/** Connections to PostgreSQL itself, and what they keep. */
const exceptions: Record<string, string[]> = {
  'db/channel.ts': ['a listener'],
  'db/migrate.ts': ['an advisory lock of a session', 'a setting of a session'],
  // A setting on a direct connection alone, and the removal of the statement that finds out about a pooler.
  'db/session.ts': ['a setting of a session', 'a prepared statement by SQL'],
  'db/embedded/lock.ts': ['an advisory lock of a session'],
  'db/embedded/servingRole.ts': ['a setting of a session', 'startup parameters'],
};

const found = (text: string) => state.flatMap(([what, pattern]) => (pattern.test(text.toLowerCase()) ? [what] : []));

test('nothing but migrations, notifications and the embedded database keeps state in a session of PostgreSQL', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/^db\/migrations\//.test(file),
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
