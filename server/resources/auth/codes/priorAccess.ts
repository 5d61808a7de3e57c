import type { EmailConfirmation } from '../../../../contract/auth.ts';
import type { Transaction } from '../../../database/sql.ts';
import type { App } from '../../../http/app.ts';
import { failWith, invalidField } from '../../../platform/failure.ts';
import { fieldRules, isGoodPassword } from '../fields.ts';
import { lockPasswordHash } from '../queries.ts';

/**
 * What the request says about the access that was given before the first proof of an address: that it ends, and which password the user gets; or that it
 * stays, with the hash for which the password of the request was right. `hash` is null if it was wrong. Undefined if it says neither.
 */
export type PriorAccess = { ends: true; newHash: string | null } | { ends: false; hash: string | null } | undefined;

/** Hashes and compares passwords before anything is locked. Takes as long for a user without a password. Throws 400 for a bad new password. */
export async function readPriorAccess(
  { passwords }: App,
  hash: string | null,
  { password, reset_access: isReset = false, new_password: wanted }: Omit<EmailConfirmation, 'token'>,
): Promise<PriorAccess> {
  if (wanted !== undefined && !isReset) throw invalidField('/new_password', 'needs reset_access');
  if (wanted !== undefined && !isGoodPassword(wanted)) throw invalidField('/new_password', ...fieldRules.password);
  if (isReset) return { ends: true, newHash: wanted === undefined ? null : await passwords.hash(wanted) };
  if (password === undefined) return undefined;
  return { ends: false, hash: (await passwords.verify(hash, password)) ? hash : null };
}

/** Throws 401 `invalid_credentials` if the password was wrong for the hash, or has been changed since. */
export async function requireUnchangedPassword(tx: Transaction, userId: string, hash: string | null): Promise<void> {
  const isSame = hash !== null && (await tx.row(lockPasswordHash, { userId }))?.password_hash === hash;
  if (!isSame) throw failWith('unauthenticated', 'invalid_credentials', 'The password is wrong.');
}
