import { type EmailKey, emailKeyOf } from '../../kernel/identity.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { type Sql, statement } from '../../kernel/sql.ts';
import { resetAccess } from '../users/resetAccess.ts';

/**
 * Who vouches for an address: somebody with a mailed secret, in a session that the password opened or in another one or none, or an
 * administrator. An administrator does not prove that the holder of the password reads the mail.
 */
export type Voucher = { by: 'mail'; session?: { id: string; method: string } | undefined } | { by: 'administrator' };

const lockAddress = statement<{ proven: boolean }, [userId: string, email: EmailKey]>(`
  select email_proven_at is not null as proven from users
  where id = $1 and email_key = $2 and status <> 'deleted' for no key update`);

const markVerified = statement<never>(`
  update users set email_verified_at = coalesce(email_verified_at, now()),
    email_proven_at = case when $2::boolean then coalesce(email_proven_at, now()) else email_proven_at end
  where id = $1`);

const clearVerified = statement<never>(`
  update users set email_verified_at = null, email_proven_at = case when $2::boolean then null else email_proven_at end where id = $1`);

/**
 * Marks the address `email` of a user as verified; false when it is no longer theirs. No other statement does so. The first proof of an address
 * outside a session of the password ends the password, every other session and every key: another person may have registered the address.
 */
export async function verifyAddress(scope: RequestScope, userId: string, email: string, voucher: Voucher): Promise<boolean> {
  const { tx } = scope;
  const key = emailKeyOf(email);
  const address = key && (await tx.row(lockAddress, [userId, key]));
  if (!address) return false;
  await tx.run(markVerified, [userId, voucher.by === 'mail']);
  if (voucher.by === 'mail' && !address.proven && voucher.session?.method !== 'password')
    await resetAccess(scope, userId, voucher.session?.id);
  return true;
}

/** Clears the verification of an address. One that was replaced has to be proven again; the same one has been proven. */
export async function unverifyAddress(tx: Sql, userId: string, { isReplaced }: { isReplaced: boolean }): Promise<void> {
  await tx.run(clearVerified, [userId, isReplaced]);
}
