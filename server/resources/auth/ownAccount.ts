import type { AuditNote, RequestScope, Scope } from '../../http/scope.ts';
import { selectPersonalAccount } from './queries.ts';

/** The personal account of a user, whose audit log and notifications tell about their ways to sign in. */
export const ownAccountOf = async ({ tx }: Pick<RequestScope, 'tx'>, userId: string): Promise<string> =>
  (await tx.row(selectPersonalAccount, { userId }))!.id;

/** Completes the audit entry of a change that the caller makes to their own user. */
export async function auditInOwnAccount(scope: Scope, targetId: string, details: Omit<AuditNote, 'accountId' | 'targetId'> = {}) {
  scope.audit({ ...details, accountId: await ownAccountOf(scope, scope.actor.userId), targetId });
}
