import type { Transaction } from '../../../database/sql.ts';
import type { App } from '../../../http/app.ts';
import { failWith, invalidField } from '../../../platform/failure.ts';
import { fieldRules, isGoodPassword } from '../fields.ts';
import { lockPasswordHash } from '../queries.ts';

/**
 * What is to become of the access that was given before the first proof of an address: it ends, and the user may get a new password; or it stays, because
 * the password of the request was right for `hash`. Undefined if the request does not say.
 */
export type PriorAccess = { ends: true; newHash: string | null } | { ends: false; hash: string } | 'wrong password' | undefined;

type Choice = { password?: string | undefined; reset_access?: boolean | undefined; new_password?: string | undefined };

/** Hashes and compares passwords before anything is locked. Without a hash of the user, it takes as long. Throws 400 for a bad new password. */
export async function readPriorAccess({ passwords }: App, hash: string | null, choice: Choice): Promise<PriorAccess> {
  const { password, reset_access: isReset = false, new_password: wanted } = choice;
  if (wanted !== undefined && !isReset) throw invalidField('/new_password', 'needs reset_access');
  if (wanted !== undefined && !isGoodPassword(wanted)) throw invalidField('/new_password', ...fieldRules.password);
  if (isReset) return { ends: true, newHash: wanted === undefined ? null : await passwords.hash(wanted) };
  if (password === undefined) return undefined;
  return (await passwords.verify(hash, password)) && hash !== null ? { ends: false, hash } : 'wrong password';
}

/** Throws 401 `invalid_credentials` if the password is wrong, or was changed after it was compared. */
export async function requireSamePassword(tx: Transaction, userId: string, prior: PriorAccess): Promise<void> {
  const { password_hash: now } = (await tx.row(lockPasswordHash, { userId }))!;
  const isSame = typeof prior === 'object' && !prior.ends && prior.hash === now;
  if (!isSame) throw failWith('unauthenticated', 'invalid_credentials', 'The password is wrong.');
}
