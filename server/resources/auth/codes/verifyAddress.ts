import { sql } from 'kysely';
import type { Queryable } from '../../../database/sql.ts';
import { statement } from '../../../database/statement.ts';
import type { RequestScope } from '../../../http/scope.ts';
import { failWith } from '../../../platform/failure.ts';
import { type EmailKey, emailKeyOf } from '../../../platform/identity/identity.ts';
import { rewardReferral } from '../../referrals/reward.ts';
import { resetAccess } from '../../users/resetAccess.ts';
import { replacePasswordHash } from '../queries.ts';
import { hasWayToSignIn } from '../waysToSignIn.ts';
import { type PriorAccess, requireUnchangedPassword } from './priorAccess.ts';

/**
 * Who confirms an address: the holder of a mailed secret, with the session of the request if there is one, or an administrator.
 * Confirmation by an administrator does not prove that the user who has the password reads the mail. An identity provider confirms the address of
 * a user that it registers; `isProof` if administrators trust it with the domain.
 */
export type VerificationSource =
  | { by: 'mail'; session?: { id: string; method: string } | undefined; priorAccess: PriorAccess }
  | { by: 'administrator' }
  | { by: 'identity_provider'; isProof: boolean };

const lockAddress = statement<{ userId: string; emailKey: EmailKey }>()((db, $) =>
  db
    .selectFrom('users')
    .select((eb) => [
      eb('email_proven_at', 'is not', null).$castTo<boolean>().as('proven'),
      'created_at',
      eb.selectFrom('credentials').select('login').whereRef('user_id', '=', 'users.id').$asScalar().as('login'),
    ])
    .where('id', '=', $.userId)
    .where('email_key', '=', $.emailKey)
    .where('status', '<>', sql.lit('deleted' as const))
    .forNoKeyUpdate(),
);

const markVerified = statement<{ userId: string; isProven: boolean }>()((db, $) =>
  db
    .updateTable('users')
    .set({
      email_verified_at: sql<string>`coalesce(email_verified_at, now())`,
      email_proven_at: sql<string | null>`case when ${$.isProven}::boolean then coalesce(email_proven_at, now()) else email_proven_at end`,
    })
    .where('id', '=', $.userId),
);

const clearVerified = statement<{ userId: string; isReplaced: boolean }>()((db, $) =>
  db
    .updateTable('users')
    .set({
      email_verified_at: sql.lit(null),
      email_proven_at: sql<string | null>`case when ${$.isReplaced}::boolean then null else email_proven_at end`,
    })
    .where('id', '=', $.userId),
);

/**
 * Marks an address as verified. Returns false if it is no longer the user's address. No other function may do so. Another person may have registered
 * the address (docs/decisions/0018-first-proof-of-an-address.md). So at the first proof outside a session that was opened by password, passkey or
 * identity provider, the password of the user keeps what was given before; or all of it ends. Throws 409 `first_verification` if the request says neither.
 */
export async function verifyAddress(scope: RequestScope, userId: string, email: string, voucher: VerificationSource): Promise<boolean> {
  const { tx } = scope;
  const key = emailKeyOf(email);
  const address = key && (await tx.row(lockAddress, { userId, emailKey: key }));
  if (!address) return false;
  await tx.run(markVerified, { userId, isProven: voucher.by === 'mail' || (voucher.by === 'identity_provider' && voucher.isProof) });
  await rewardReferral(scope, userId);
  if (voucher.by !== 'mail' || address.proven) return true;
  // A session that an emailed code opened says nothing about who registered the address.
  const isByRegistrant = voucher.session !== undefined && voucher.session.method !== 'email_otp';
  if (isByRegistrant) return true;
  const prior = voucher.priorAccess;
  if (prior === undefined && (await hasWayToSignIn(tx, userId))) throw firstVerification(address);
  if (prior?.ends === false) {
    await requireUnchangedPassword(tx, userId, prior.hash);
    return true;
  }
  await resetAccess(scope, userId, voucher.session?.id);
  if (prior?.newHash) await tx.run(replacePasswordHash, { userId, oldHash: null, newHash: prior.newHash });
  return true;
}

const firstVerification = ({ login, created_at: signedUpAt }: { login: string | null; created_at: string }) =>
  failWith('conflict', 'first_verification', 'The address is verified for the first time: send the `password` or `reset_access`.', {
    login,
    signed_up_at: signedUpAt,
  });

/** Clears the verification of an address. A replaced address must be proven again; an unchanged one stays proven. */
export async function unverifyAddress(tx: Queryable, userId: string, { isReplaced }: { isReplaced: boolean }): Promise<void> {
  await tx.run(clearVerified, { userId, isReplaced });
}
