import { refuse } from '../../kernel/failure.ts';
import { loginKeyOf } from '../../kernel/identity.ts';
import { skeletonOf } from '../../kernel/lookalikes.ts';
import type { Passwords } from '../../kernel/passwords.ts';
import type { Sql } from '../../kernel/sql.ts';
import type { NewPerson } from '../accounts/newUser.ts';
import { expected, fieldChecks, isGoodPassword, readEmail, readLocale, readLogin } from './fields.ts';
import { selectTaken } from './queries.ts';

type Typed = { login: string; password: string; email?: string | null | undefined; locale?: string | null | undefined };
type Read = Omit<NewPerson, 'userId' | 'passwordHash'> & { password: string };

/** The fields of a new user. Throws 400 with all that is wrong, and the reason `password_policy` for the password. */
export function readPerson({ login, password, email, locale }: Typed): Read {
  const { take, done } = fieldChecks();
  const person = {
    login: take('/login', readLogin(login), expected.login),
    password: take('/password', isGoodPassword(password) ? password : undefined, expected.password),
    email: typeof email === 'string' ? take('/email', readEmail(email), expected.email) : null,
    locale: take('/locale', readLocale(locale), expected.locale),
  };
  done({ '/password': 'password_policy' });
  return person;
}

/** Hash the password of somebody new. Who is known already is refused first, with 409: a hash costs more than a look. */
export async function preparePerson(sql: Sql, passwords: Passwords, { password, ...person }: Read): Promise<Omit<NewPerson, 'userId'>> {
  const taken = await sql.row(selectTaken, [
    loginKeyOf(person.login),
    skeletonOf(person.login),
    person.email?.key ?? null,
    person.email?.skeleton ?? null,
  ]);
  if (taken?.login) throw refuse('conflict', 'login_taken', 'This login is taken.');
  if (taken?.email) throw refuse('conflict', 'email_taken', 'This email address is taken.');
  return { ...person, passwordHash: await passwords.hash(password) };
}
