import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../server/', import.meta.url);
/** The only file that may mark an address as verified. */
const owner = 'resources/auth/codes/verifyAddress.ts';
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.startsWith('database/migrations/'),
);

/** Whether the source writes a verification column, in a statement or as an entity field. */
function writesVerification(source: string): boolean {
  const column = 'email_?(verified|proven)_?at';
  const inText = `${column}\\s*=[^=>]|insert into users\\s*\\([^)]*${column}`;
  const inBuilder = `\\.(?:set|values|doUpdateSet)\\([^;]*?\\b${column}\\s*:|\\.columns\\([^)]*'${column}'`;
  return new RegExp(`${inText}|${inBuilder}`, 'i').test(source);
}

/** Whether the source replaces the email address of a user. */
const replacesAddress = (source: string) =>
  /update users\b[^`']*?\bset\b[^`']*?\bemail\s*=|updateTable\('users\b[^;]*?\.set\([^;]*?\bemail\s*:/i.test(source);

const those = (holds: (source: string) => boolean) => files.filter((file) => holds(readFileSync(new URL(file, root), 'utf8')));

test('only one file marks an address as verified', () => {
  expect(files.length).toBeGreaterThan(300);
  expect(those(writesVerification)).toEqual([owner]);
});

test('every replacement of an address clears its verification', () => {
  const replacing = those(replacesAddress);
  expect(replacing).toEqual(['resources/users/queries.ts']);
  const text = readFileSync(new URL('resources/users/queries.ts', root), 'utf8');
  expect(text.match(/\bemail: (\$\.email|sql\.lit\(null\))/g)).toEqual(['email: $.email', 'email: sql.lit(null)']);
  for (const caller of ['resources/users/updateUser.ts', 'resources/users/deleteUser.ts'])
    expect(readFileSync(new URL(caller, root), 'utf8')).toContain('await unverifyAddress(');
});

test('detects writes of verification and addresses', () => {
  for (const text of [
    'update users set email_verified_at = now() where id = $1',
    'update users u set email_proven_at=coalesce(u.email_proven_at, now())',
    'insert into users (id, username, email, email_verified_at) values ($1, $2, $3, now())',
    'insert into users (id, email) values ($1, $2) on conflict (id) do update set email_verified_at = excluded.email_verified_at',
    "db.updateTable('users').set({ email_verified_at: sql`now()` }).where('id', '=', $.id)",
    "db.updateTable('users as u').set((eb) => ({ locale: $.locale, email_proven_at: eb.fn.coalesce('u.email_proven_at', now) }))",
    "db.insertInto('users').values({ id: $.id, username: $.name, email_verified_at: now })",
    "db.insertInto('users').columns(['id', 'email_verified_at']).expression(source)",
  ])
    expect([text, writesVerification(text)]).toEqual([text, true]);
  for (const text of [
    'u.email_verified_at is not null as verified',
    'email_verified_at: row.email_verified_at',
    'select email_proven_at from users',
    "db.updateTable('users').set({ username: $.name }).where('email_verified_at', 'is', null)",
    "db.selectFrom('users').select((eb) => eb('email_proven_at', 'is not', null).as('proven'))",
  ])
    expect([text, writesVerification(text)]).toEqual([text, false]);
  expect(replacesAddress('update users set username = $2, email = $3 where id = $1')).toBe(true);
  expect(replacesAddress("db.updateTable('users').set({ username: $.name, email: $.email })")).toBe(true);
  expect(replacesAddress("db.updateTable('users').set({ username: $.name }).where('email', '=', $.email)")).toBe(false);
});
