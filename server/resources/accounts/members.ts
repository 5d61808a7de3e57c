import type { MemberChanges } from '../../../contract/accounts.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { endAccess } from './endAccess.ts';
import type { MemberRow } from './memberQueries.ts';
import * as queries from './memberQueries.ts';
import { lockAccount, lockAccountFor, personalAccountError } from './service.ts';

export async function findMember({ db, accountId }: Scope, userId: string): Promise<MemberRow> {
  const member = await db.row(queries.selectMember, { accountId, userId });
  if (!member) throw notFound();
  return member;
}

export const listMembers = ({ app, db, accountId }: Scope, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['members', accountId],
    (key) => db.rows(queries.selectMembers, { accountId, ...key }),
    (row) => [row.created_at, row.user_id],
  );

/** Throws 409 `personal_account` or `last_admin`. */
export async function updateMember(scope: Scope, member: MemberRow, { role }: MemberChanges): Promise<MemberRow> {
  const { app, tx, accountId } = scope;
  const { role: before, open_invitations: open } = await lockMember(scope, member, role);
  await tx.run(queries.updateRole, { accountId, userId: member.user_id, role });
  scope.audit({ before: { role: before }, after: { role }, metadata: voided(before === role ? 0 : open) });
  scope.afterCommit(() => app.accessControl.invalidateUser(member.user_id));
  return { ...member, role };
}

/** Removes a member and revokes their API keys of the account. Throws 409 `personal_account` or `last_admin`. */
export async function removeMember(scope: Scope, member: MemberRow): Promise<void> {
  const { role, open_invitations: open } = await lockMember(scope, member, null);
  await endAccess(scope, scope.accountId, [member.user_id]);
  scope.audit({ before: { role }, metadata: voided(open) });
}

const voided = (invitations: number) => (invitations > 0 ? { voided_invitations: invitations } : {});

/**
 * Locks the account and returns the state of a member before a change of role or, if `next` is null, a removal. Throws 409 `last_admin` if
 * the account would be left without an admin. Members can remove themselves without a permission.
 */
async function lockMember(scope: Scope, { user_id: userId }: MemberRow, next: string | null) {
  const isLeaving = next === null && userId === scope.actor.userId;
  const { type } = isLeaving
    ? await lockAccount(scope)
    : await lockAccountFor(scope, next === null ? 'account.members.revoke' : 'account.members.invite');
  if (type === 'personal') throw personalAccountError();
  const standing = await scope.tx.row(queries.selectMemberState, { accountId: scope.accountId, userId });
  if (!standing) throw notFound();
  if (standing.role === 'admin' && next !== 'admin' && standing.other_admins === 0)
    throw failWith('conflict', 'last_admin', 'An account needs an admin.');
  return standing;
}
