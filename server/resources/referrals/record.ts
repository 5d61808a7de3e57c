import type { Queryable } from '../../database/sql.ts';
import type { RequestScope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { selectPersonalAccount } from '../auth/queries.ts';
import { tryAddCredits } from '../credits/ledger.ts';
import { readSettings } from '../settings/settings.ts';
import { insertReferral } from './queries.ts';

type Invited = { userId: string; accountId: string; by: { inviterUserId: string; codeId: string } };

/** Links a new user to their inviter and grants both their credits, in the transaction of the registration. */
export async function recordReferral(scope: RequestScope, { userId, accountId, by }: Invited): Promise<void> {
  const { tx } = scope;
  const settings = await readSettings(scope.app.database, tx);
  const home = await tx.row(selectPersonalAccount, { userId: by.inviterUserId });
  const id = newId();
  const isPaid = home !== undefined && (await grantCredits(tx, home.id, settings['credit.invite_reward'], id, 'inviter'));
  await grantCredits(tx, accountId, settings['credit.invitee_reward'], id, 'invitee');
  await tx.run(insertReferral, { id, inviterId: by.inviterUserId, inviteeId: userId, codeId: by.codeId, isCredited: isPaid });
  const metadata = { inviter_user_id: by.inviterUserId, invite_code_id: by.codeId };
  scope.audit({ action: 'referral.create', accountId, actorId: userId, targetType: 'referral', targetId: id, metadata });
}

/** Returns whether credits were granted. An account at its maximum balance does not prevent registration. */
const grantCredits = async (
  tx: Queryable,
  accountId: string,
  amount: number,
  referenceId: string,
  role: 'inviter' | 'invitee',
): Promise<boolean> =>
  amount > 0 && (await tryAddCredits(tx, { accountId, amount, referenceType: 'referral', referenceId, metadata: { role } }));
