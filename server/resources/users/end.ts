import { refuse } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { endAccess, endAccount } from '../accounts/endAccess.ts';
import { invalidateTokens } from '../auth/queries.ts';
import { unverifyAddress } from '../auth/verifiedAddress.ts';
import { deactivateCodes } from '../inviteCodes/queries.ts';
import { requestCancel } from '../runs/cancel.ts';
import type { TieRow, UserRow } from './queries.ts';
import * as queries from './queries.ts';
import { demandRight, lockUser } from './rights.ts';

/** End what a user does: sessions with their tokens, invite codes and runs. The caller holds the lock of the user, so nothing new begins. */
export async function endActivity(scope: Scope, userId: string, why: 'suspended' | 'deleted'): Promise<void> {
  const { tx } = scope;
  await tx.run(queries.endSessions, [userId, why]);
  await tx.run(invalidateTokens, [userId]);
  await tx.run(deactivateCodes, [userId]);
  for (const { id, account_id: accountId } of await tx.rows(queries.selectOpenRuns, [userId]))
    await requestCancel({ ...scope, accountId }, id, {});
}

/** Delete a user for good; the books and the history stay. Throws 409 `last_admin` with the accounts that would be left without one. */
export async function deleteUser(scope: Scope, { id }: UserRow): Promise<void> {
  const { app, tx } = scope;
  const user = await lockUser(scope, id);
  await demandRight(scope, user, { access: true, adminRight: true });
  const { closing, leaving } = await sortAccounts(scope, id);
  for (const end of [queries.deleteCredential, queries.deleteLoginCode, queries.deleteVerification]) await tx.run(end, [id]);
  await endActivity(scope, id, 'deleted');
  for (const accountId of closing) await endAccount(scope, accountId);
  for (const accountId of leaving) await endAccess(scope, accountId, [id]);
  await tx.run(queries.markDeleted, [id]);
  await unverifyAddress(tx, id, { isReplaced: true });
  scope.audit({
    accountId: null,
    before: { status: user.status },
    after: { status: 'deleted' },
    metadata: { closed_accounts: closing, left_accounts: leaving },
  });
  scope.afterCommit(() => app.access.forgetUser(id));
}

/** Which accounts end with the user, and which go on without; all of them locked. */
async function sortAccounts({ tx }: Scope, userId: string) {
  await tx.rows(queries.lockAccounts, [userId]);
  const ties = await tx.rows(queries.selectTies, [userId]);
  const stranded = idsOf(ties.filter((tie) => !endsWith(tie) && tie.role === 'admin' && tie.other_admins === 0));
  if (stranded.length > 0) throw refuse('conflict', 'last_admin', 'An account needs an admin.', { accounts: stranded });
  return { closing: idsOf(ties.filter(endsWith)), leaving: idsOf(ties.filter((tie) => !endsWith(tie))) };
}

const endsWith = ({ type, others }: TieRow) => type === 'personal' || others === 0;
const idsOf = (ties: readonly TieRow[]) => ties.map(({ account_id }) => account_id);
