import type { MemberChanges } from '../../../contract/accounts.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { endAccess } from './endAccess.ts';
import type { MemberRow } from './memberQueries.ts';
import * as queries from './memberQueries.ts';
import { lockAccount, lockAccountFor, personalAccount } from './service.ts';

/** The member of the account that a path names. */
export async function findMember({ read, accountId }: Scope, userId: string): Promise<MemberRow> {
  const member = await read.row(queries.selectMember, [accountId, userId]);
  if (!member) throw notFound();
  return member;
}

/** Who belongs to the account, newest first. */
export async function listMembers({ app, read, accountId }: Scope, { limit, before }: PageQuery) {
  const list = ['members', accountId];
  const [createdAt = null, userId = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectMembers, [accountId, createdAt, userId, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.user_id]);
}

/** Give a member another role. Throws 409 `personal_account` or `last_admin`. */
export async function updateMember(scope: Scope, member: MemberRow, { role }: MemberChanges): Promise<MemberRow> {
  const { app, tx, accountId } = scope;
  const { role: before, open_invitations: open } = await lockMember(scope, member, role);
  await tx.run(queries.updateRole, [accountId, member.user_id, role]);
  scope.audit({ before: { role: before }, after: { role }, metadata: voided(before === role ? 0 : open) });
  scope.afterCommit(() => app.access.forgetUser(member.user_id));
  return { ...member, role };
}

/** Remove a member, with the keys he has in the account. Throws 409 `personal_account` or `last_admin`. */
export async function removeMember(scope: Scope, member: MemberRow): Promise<void> {
  const { role, open_invitations: open } = await lockMember(scope, member, null);
  await endAccess(scope, scope.accountId, [member.user_id]);
  scope.audit({ before: { role }, metadata: voided(open) });
}

const voided = (invitations: number) => (invitations > 0 ? { voided_invitations: invitations } : {});

/** The standing of a member before a change of role or, with null, a removal. Locks the account; it always keeps an admin. */
async function lockMember(scope: Scope, { user_id: userId }: MemberRow, next: string | null) {
  const isLeaving = next === null && userId === scope.actor.userId;
  const { type } = isLeaving
    ? await lockAccount(scope)
    : await lockAccountFor(scope, next === null ? 'account.members.revoke' : 'account.members.invite');
  if (type === 'personal') throw personalAccount();
  const standing = await scope.tx.row(queries.selectStanding, [scope.accountId, userId]);
  if (!standing) throw notFound();
  if (standing.role === 'admin' && next !== 'admin' && standing.other_admins === 0)
    throw refuse('conflict', 'last_admin', 'An account needs an admin.');
  return standing;
}
