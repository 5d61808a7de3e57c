import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../server/', import.meta.url);
/** The one place that marks an address as verified. */
const owner = 'resources/auth/verifiedAddress.ts';
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.startsWith('db/migrations/'),
);

/** Whether a source text writes one of the columns: in a statement, or as the field of an entity. */
function writesVerification(source: string): boolean {
  const column = 'email_?(verified|proven)_?at';
  return new RegExp(`${column}\\s*=[^=>]|insert into users\\s*\\([^)]*${column}|em\\b[^;]*User[^;]*${column}\\s*:`, 'i').test(source);
}

/** Whether a source text replaces the address of a user. */
const replacesAddress = (source: string) => /update users\b[^`']*?\bset\b[^`']*?\bemail\s*=/i.test(source);

const those = (holds: (source: string) => boolean) => files.filter((file) => holds(readFileSync(new URL(file, root), 'utf8')));

test('one file marks an address as verified', () => {
  expect(files.length).toBeGreaterThan(300);
  expect(those(writesVerification)).toEqual([owner]);
});

test('what replaces an address clears its verification', () => {
  const replacing = those(replacesAddress);
  expect(replacing).toEqual(['resources/users/queries.ts']);
  const text = readFileSync(new URL('resources/users/queries.ts', root), 'utf8');
  expect(text.match(/\bemail = (\$2|null)/g)).toEqual(['email = $2', 'email = null']);
  for (const caller of ['resources/users/update.ts', 'resources/users/end.ts'])
    expect(readFileSync(new URL(caller, root), 'utf8')).toContain('await unverifyAddress(');
});

test('a statement elsewhere is found', () => {
  for (const text of [
    'update users set email_verified_at = now() where id = $1',
    'update users u set email_proven_at=coalesce(u.email_proven_at, now())',
    'insert into users (id, username, email, email_verified_at) values ($1, $2, $3, now())',
    'insert into users (id, email) values ($1, $2) on conflict (id) do update set email_verified_at = excluded.email_verified_at',
    'em.assign(user as User, { emailVerifiedAt: new Date() })',
  ])
    expect([text, writesVerification(text)]).toEqual([text, true]);
  for (const text of [
    'u.email_verified_at is not null as verified',
    'email_verified_at: row.email_verified_at',
    'select email_proven_at from users',
  ])
    expect([text, writesVerification(text)]).toEqual([text, false]);
  expect(replacesAddress('update users set username = $2, email = $3 where id = $1')).toBe(true);
});
