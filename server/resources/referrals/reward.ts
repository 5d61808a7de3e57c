import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { RequestScope } from '../../http/scope.ts';
import { selectPersonalAccount } from '../auth/queries.ts';
import { tryAddCredits } from '../credits/ledger.ts';
import { readSettings } from '../settings/settings.ts';

/** Referrals of an inviter that are rewarded within 24 hours. The rest is never rewarded. */
const maxRewardsPerDay = 10;

const isUnsettled = statement<{ userId: string }>({ isShort: true })((db, $) =>
  db.selectFrom('referrals').select('id').where('invitee_user_id', '=', $.userId).where('rewarded_at', 'is', null),
);

/** Rewards are rare, so they are serialized. */
const lockRewards = statement()((db) =>
  db.selectNoFrom(sql<unknown>`pg_advisory_xact_lock(hashtextextended('referral rewards', 0))`.as('lock')),
);

/**
 * Settles the referral of an invitee with a verified address, whose mailbox is neither that of the inviter nor of another verified user, and was not
 * rewarded before.
 */
const settle = statement<{ userId: string; max: number }>()((db, $) =>
  db
    .updateTable('referrals as r')
    .from('users as u')
    .innerJoin('users as i', (join) => join.onTrue())
    .set({
      rewarded_at: sql<string>`now()`,
      mailbox_hash: sql<string>`encode(sha256(convert_to(mailbox_of(u.email_key), 'UTF8')), 'hex')`,
    })
    .where('r.invitee_user_id', '=', $.userId)
    .where('r.rewarded_at', 'is', null)
    .whereRef('u.id', '=', 'r.invitee_user_id')
    .where('u.email_verified_at', 'is not', null)
    .whereRef('i.id', '=', 'r.inviter_user_id')
    .where('i.status', '=', sql.lit('active' as const))
    .where(sql<boolean>`mailbox_of(u.email_key) is distinct from mailbox_of(i.email_key)`)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('users as o')
            .select(sql.lit(1).as('one'))
            .where(sql<boolean>`mailbox_of(o.email_key) = mailbox_of(u.email_key)`)
            .where('o.email_key', 'is not', null)
            .whereRef('o.id', '<>', 'u.id')
            .where('o.email_verified_at', 'is not', null),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('referrals as p')
            .select(sql.lit(1).as('one'))
            .where('p.mailbox_hash', '=', sql<string>`encode(sha256(convert_to(mailbox_of(u.email_key), 'UTF8')), 'hex')`),
        ),
      ),
    )
    .where(
      ({ selectFrom }) =>
        sql<boolean>`(${selectFrom('referrals as d')
          .select(sql<number>`count(*)`.as('count'))
          .whereRef('d.inviter_user_id', '=', 'r.inviter_user_id')
          .where('d.rewarded_at', '>', sql<string>`now() - interval '24 hours'`)}) < ${$.max}`,
    )
    .returning(['r.id', 'r.inviter_user_id', sql<boolean>`i.email_verified_at is not null`.as('is_inviter_verified')]),
);

const markCredited = statement<{ id: string }>()((db, $) =>
  db
    .updateTable('referrals')
    .set({ credited: sql.lit(true) })
    .where('id', '=', $.id),
);

/**
 * Grants the credits of a referral to the invitee, who has verified their address in this transaction, and to the inviter if theirs is verified. See
 * docs/decisions/0111-rewards-of-referrals.md.
 */
export async function rewardReferral({ app, tx }: Pick<RequestScope, 'app' | 'tx'>, userId: string): Promise<void> {
  if (!(await tx.row(isUnsettled, { userId }))) return;
  await tx.row(lockRewards);
  const settled = await tx.row(settle, { userId, max: maxRewardsPerDay });
  if (!settled) return;
  const settings = await readSettings(app.database, tx);
  const { id, inviter_user_id: inviterId, is_inviter_verified: isInviterVerified } = settled;
  if (isInviterVerified && (await grant(tx, inviterId, settings['credit.invite_reward'], id, 'inviter')))
    await tx.run(markCredited, { id });
  await grant(tx, userId, settings['credit.invitee_reward'], id, 'invitee');
}

/** Returns whether credits were granted. An account at its maximum balance is no error. */
async function grant(tx: Queryable, userId: string, amount: number, referenceId: string, role: 'inviter' | 'invitee'): Promise<boolean> {
  const home = amount > 0 ? await tx.row(selectPersonalAccount, { userId }) : undefined;
  return (
    home !== undefined && tryAddCredits(tx, { accountId: home.id, amount, referenceType: 'referral', referenceId, metadata: { role } })
  );
}
