import type { Scope } from '../../http/scope.ts';
import { failWith } from '../../platform/failure.ts';
import { closeLockedAccount, endAccess } from '../accounts/endAccess.ts';
import { unverifyAddress } from '../auth/codes/verifyAddress.ts';
import { invalidateTokens } from '../auth/queries.ts';
import { deleteIdentities } from '../identities/queries.ts';
import { deactivateCodes } from '../inviteCodes/queries.ts';
import { deletePasskeys } from '../passkeys/deletePasskeys.ts';
import { requestCancel } from '../runs/cancel.ts';
import { turnOff } from '../secondFactor/turnOff.ts';
import type { MembershipRow, UserRow } from './queries.ts';
import * as queries from './queries.ts';
import { checkChangeAllowed, lockUser } from './rights.ts';

/** Ends sessions with their tokens, invite codes and runs. The caller holds the lock of the user, so nothing new can start. */
export async function endActivity(scope: Scope, userId: string, why: 'suspended' | 'deleted'): Promise<void> {
  const { tx } = scope;
  await tx.run(queries.endSessions, { userId, reason: why });
  await tx.run(invalidateTokens, { userId });
  await tx.run(deactivateCodes, { userId });
  for (const { id, account_id: accountId } of await tx.rows(queries.selectOpenRuns, { userId }))
    await requestCancel({ ...scope, accountId }, id, {});
}

/**
 * Deletes a user permanently; credit transactions and history remain. Throws 409 `last_admin` with the accounts that would have no admin.
 */
export async function deleteUser(scope: Scope, { id }: UserRow): Promise<void> {
  const { app, tx } = scope;
  const user = await lockUser(scope, id);
  await checkChangeAllowed(scope, user, { access: true, adminRight: true });
  const { closing, leaving } = await splitAccounts(scope, id);
  for (const end of [queries.deleteCredential, queries.deleteLoginCode, queries.deleteVerification, deleteIdentities])
    await tx.run(end, { userId: id });
  await turnOff(scope, id);
  await deletePasskeys(scope, id);
  await endActivity(scope, id, 'deleted');
  for (const accountId of closing) await closeLockedAccount(scope, accountId);
  for (const accountId of leaving) await endAccess(scope, accountId, [id]);
  await tx.run(queries.forgetEndUsers, { userId: id });
  await tx.run(queries.markDeleted, { id });
  await unverifyAddress(tx, id, { isReplaced: true });
  scope.audit({
    accountId: null,
    before: { status: user.status },
    after: { status: 'deleted' },
    metadata: { closed_accounts: closing, left_accounts: leaving },
  });
  scope.afterCommit(() => app.accessControl.invalidateUser(id));
}

/** Locks the accounts of a user and splits them: `closing` have no other members or are personal, `leaving` continue without the user. */
async function splitAccounts({ tx }: Scope, userId: string) {
  await tx.rows(queries.lockAccounts, { userId });
  const ties = await tx.rows(queries.selectMemberships, { userId });
  const stranded = idsOf(ties.filter((tie) => !isClosedWithUser(tie) && tie.role === 'admin' && tie.other_admins === 0));
  if (stranded.length > 0) throw failWith('conflict', 'last_admin', 'An account needs an admin.', { accounts: stranded });
  return { closing: idsOf(ties.filter(isClosedWithUser)), leaving: idsOf(ties.filter((tie) => !isClosedWithUser(tie))) };
}

const isClosedWithUser = ({ type, others }: MembershipRow) => type === 'personal' || others === 0;
const idsOf = (ties: readonly MembershipRow[]) => ties.map(({ account_id }) => account_id);
