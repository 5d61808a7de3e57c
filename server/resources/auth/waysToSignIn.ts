import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith } from '../../platform/failure.ts';
import { mailTransport } from '../email/transport.ts';

const selectWays = statement<{ userId: string }>()((db, $) =>
  db
    .selectFrom('users as u')
    .innerJoin('credentials as c', 'c.user_id', 'u.id')
    .select((eb) => [
      eb('c.password_hash', 'is not', null).$castTo<boolean>().as('has_password'),
      eb('u.email_key', 'is not', null).$castTo<boolean>().as('has_address'),
      eb
        .exists(eb.selectFrom('passkeys as k').select(sql.lit(1).as('one')).whereRef('k.user_id', '=', 'u.id'))
        .$castTo<boolean>()
        .as('has_passkey'),
      eb
        .exists(
          eb
            .selectFrom('user_identities as i')
            .innerJoin('identity_providers as p', 'p.issuer', 'i.issuer')
            .select(sql.lit(1).as('one'))
            .whereRef('i.user_id', '=', 'u.id')
            .where('p.enabled', '=', sql.lit(true)),
        )
        .$castTo<boolean>()
        .as('has_identity'),
    ])
    .where('u.id', '=', $.userId),
);

/** Whether the user has a password, a passkey or an identity of a provider that is enabled. */
export async function hasWayToSignIn(tx: Queryable, userId: string): Promise<boolean> {
  const ways = await tx.row(selectWays, { userId });
  return ways !== undefined && (ways.has_password || ways.has_passkey || ways.has_identity);
}

/** Throws 409 `last_sign_in_method` if the user could not sign in any more. The caller has locked the user and removed a way. */
export async function requireWayToSignIn({ app, tx }: Scope, userId: string): Promise<void> {
  const ways = await tx.row(selectWays, { userId });
  if (ways?.has_password || ways?.has_passkey || ways?.has_identity) return;
  if (ways?.has_address && (await mailTransport(app.config, app.database, tx)).to !== 'nowhere') return;
  throw failWith('conflict', 'last_sign_in_method', 'This is your last way to sign in. Set a password or register a passkey first.');
}
