import { newId } from '../../kernel/ids.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import type { Sql } from '../../kernel/sql.ts';
import { selectPersonalAccount } from '../auth/queries.ts';
import { addCreditsIfRoom } from '../credits/ledger.ts';
import { readSettings } from '../settings/settings.ts';
import { insertReferral } from './queries.ts';

type Invited = { userId: string; accountId: string; by: { inviterUserId: string; codeId: string } };

/** Link a new user to the inviter and reward both, in the transaction of the registration (specification, platform 5). */
export async function recordReferral(scope: RequestScope, { userId, accountId, by }: Invited): Promise<void> {
  const { tx } = scope;
  const settings = await readSettings(scope.app.database, tx);
  const home = await tx.row(selectPersonalAccount, [by.inviterUserId]);
  const id = newId();
  const isPaid = home !== undefined && (await pay(tx, home.id, settings['credit.invite_reward'], id, 'inviter'));
  await pay(tx, accountId, settings['credit.invitee_reward'], id, 'invitee');
  await tx.run(insertReferral, [id, by.inviterUserId, userId, by.codeId, isPaid]);
  const metadata = { inviter_user_id: by.inviterUserId, invite_code_id: by.codeId };
  scope.audit({ action: 'referral.create', accountId, actorId: userId, targetType: 'referral', targetId: id, metadata });
}

/** Whether anything was paid: an account that can have no more credits keeps nobody from registering. */
const pay = async (tx: Sql, accountId: string, amount: number, referenceId: string, role: 'inviter' | 'invitee'): Promise<boolean> =>
  amount > 0 && (await addCreditsIfRoom(tx, { accountId, amount, referenceType: 'referral', referenceId, metadata: { role } }));
