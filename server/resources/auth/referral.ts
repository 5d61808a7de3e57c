import { newId } from '../../kernel/ids.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { statement, type Transaction } from '../../kernel/sql.ts';
import { addCredits } from '../credits/ledger.ts';
import { readSettings } from '../settings/settings.ts';

const insertReferral = statement<never>(`
  insert into referrals (id, inviter_user_id, invitee_user_id, invite_code_id, credited) values ($1, $2, $3, $4, $5)`);
const selectHome = statement<{ id: string }>(
  `select id from accounts where owner_user_id = $1 and type = 'personal' and deleted_at is null`,
);
type Invited = { userId: string; accountId: string; by: { inviterUserId: string; codeId: string } };

/** Link a new user to the inviter, and reward both. */
export async function recordReferral(scope: RequestScope, { userId, accountId, by }: Invited): Promise<void> {
  const { tx } = scope;
  const settings = await readSettings(scope.app.database, tx);
  const home = await tx.row(selectHome, [by.inviterUserId]);
  const id = newId();
  const ofInviter = settings['credit.invite_reward'];
  const isPaid = home !== undefined && ofInviter > 0;
  await tx.run(insertReferral, [id, by.inviterUserId, userId, by.codeId, isPaid]);
  if (isPaid) await pay(tx, home.id, ofInviter, id, 'inviter');
  await pay(tx, accountId, settings['credit.invitee_reward'], id, 'invitee');
  const metadata = { inviter_user_id: by.inviterUserId, invite_code_id: by.codeId };
  scope.audit({ action: 'referral.create', accountId, actorId: userId, targetType: 'referral', targetId: id, metadata });
}

async function pay(tx: Transaction, accountId: string, amount: number, referenceId: string, role: 'inviter' | 'invitee') {
  if (amount > 0) await addCredits(tx, { accountId, amount, referenceType: 'referral', referenceId, metadata: { role } });
}
