import type { RequestScope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { insertReferral } from './queries.ts';

type Invited = { userId: string; accountId: string; by: { inviterUserId: string; codeId: string } };

/** Links a new user to their inviter, in the transaction of the registration. `rewardReferral` grants the credits. */
export async function recordReferral(scope: RequestScope, { userId, accountId, by }: Invited): Promise<void> {
  const id = newId();
  await scope.tx.run(insertReferral, { id, inviterId: by.inviterUserId, inviteeId: userId, codeId: by.codeId });
  const metadata = { inviter_user_id: by.inviterUserId, invite_code_id: by.codeId };
  scope.audit({ action: 'referral.create', accountId, actorId: userId, targetType: 'referral', targetId: id, metadata });
}
