import type { Queryable } from '../../database/sql.ts';
import type { PasswordHasher } from '../../platform/crypto/passwords.ts';
import { failWith } from '../../platform/failure.ts';
import { loginKeyOf } from '../../platform/identity/identity.ts';
import { skeletonOf } from '../../platform/identity/lookalikes.ts';
import type { NewUserInput } from '../accounts/createUser.ts';
import { fieldChecks, fieldRules, isGoodPassword, readEmail, readLocale, readLogin } from './fields.ts';
import { selectTaken } from './queries.ts';

type RawNewUser = { login: string; password: string; email?: string | null | undefined; locale?: string | null | undefined };
type ParsedNewUser = Omit<NewUserInput, 'userId' | 'passwordHash'> & { password: string };

/** Throws 400 with all issues, each with its reason. */
export function parseNewUser({ login, password, email, locale }: RawNewUser): ParsedNewUser {
  const { take, done } = fieldChecks();
  const person = {
    login: take('/login', readLogin(login), fieldRules.login),
    password: take('/password', isGoodPassword(password) ? password : undefined, fieldRules.password),
    email: typeof email === 'string' ? take('/email', readEmail(email), fieldRules.email) : null,
    locale: take('/locale', readLocale(locale), fieldRules.locale),
  };
  done('password_policy');
  return person;
}

/** Hashes the password of a new user. Throws 409 first if the login or the address is taken, because a hash costs more than a query. */
export async function prepareNewUser(
  sql: Queryable,
  passwords: PasswordHasher,
  { password, ...person }: ParsedNewUser,
): Promise<Omit<NewUserInput, 'userId'>> {
  const taken = await sql.row(selectTaken, {
    loginKey: loginKeyOf(person.login),
    loginSkeleton: skeletonOf(person.login),
    emailKey: person.email?.key ?? null,
    emailSkeleton: person.email?.skeleton ?? null,
  });
  if (taken?.login) throw failWith('conflict', 'login_taken', 'This login is taken.');
  if (taken?.email) throw failWith('conflict', 'email_taken', 'This email address is taken.');
  return { ...person, passwordHash: await passwords.hash(password) };
}
