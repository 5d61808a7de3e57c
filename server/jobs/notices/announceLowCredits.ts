import { sql } from 'kysely';
import { statement } from '../../database/statement.ts';
import { newTraceId } from '../../platform/telemetry/spans.ts';
import { type MailSource, queueMailOfServer } from '../../resources/email/queue.ts';
import { notifyUsers } from '../../resources/notifications/service.ts';
import { publishAccountEvent } from '../../resources/webhooks/outbox.ts';

/** Alerts announced by one transaction, at most. */
const batch = 100;

/** Takes alerts away from other workers until the commit removes them. `is_open`: whether the account is neither closed nor suspended. */
const takeAlerts = statement<{ limit: number }>()((db, $) =>
  db
    .with('taken', (qc) =>
      qc
        .deleteFrom('credit_alerts')
        .where(({ eb, refTuple, selectFrom }) =>
          eb(
            refTuple('account_id', 'id'),
            'in',
            selectFrom('credit_alerts as c')
              .select(['c.account_id', 'c.id'])
              .orderBy('c.account_id')
              .orderBy('c.id')
              .limit($.limit)
              .forUpdate()
              .skipLocked()
              .$asTuple('account_id', 'id'),
          ),
        )
        .returning(['account_id', 'id', 'balance', 'threshold']),
    )
    .selectFrom('taken as t')
    .innerJoin('accounts as a', 'a.id', 't.account_id')
    .select(['t.account_id', 't.balance', 't.threshold', 'a.name'])
    .select(sql<boolean>`a.deleted_at is null and a.status = 'active'`.as('is_open'))
    .orderBy('t.account_id')
    .orderBy('t.id'),
);

/** Mail goes to confirmed addresses only. */
const selectAdmins = statement<{ accountId: string }>({ bound: 'members' })((db, $) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('users as u', (join) => join.onRef('u.id', '=', 'm.user_id').on('u.status', '=', sql.lit('active' as const)))
    .select(['u.id', 'u.locale', sql<string | null>`case when u.email_verified_at is not null then u.email end`.as('email')])
    .where('m.account_id', '=', $.accountId)
    .where('m.role', '=', sql.lit('admin' as const)),
);

/** Announces balances that have fallen below their threshold since the last call, once for each account: to the admins of the account, and as `credits.low`. */
export async function announceLowCredits(source: MailSource): Promise<void> {
  while ((await announceBatch(source)) === batch);
}

const announceBatch = (source: MailSource): Promise<number> =>
  source.database.transaction(async (tx) => {
    const alerts = await tx.rows(takeAlerts, { limit: batch });
    for (const [at, { account_id: accountId, balance, threshold, name: account, is_open: isOpen }] of alerts.entries()) {
      // Of several crossings of an account since the last time, only the newest is news.
      if (!isOpen || alerts[at + 1]?.account_id === accountId) continue;
      const traceId = newTraceId();
      const admins = await tx.rows(selectAdmins, { accountId });
      await notifyUsers(tx, {
        accountId,
        userIds: admins.map(({ id }) => id),
        type: 'credits.low',
        title: 'Credits are low',
        body: `${balance} credits are left, which is below the threshold of ${threshold}. Without credits, no run starts.`,
        payload: { balance, threshold },
      });
      await publishAccountEvent(tx, traceId, accountId, { type: 'credits.low', data: { balance, threshold } });
      for (const { email: to, locale } of admins)
        if (to)
          await queueMailOfServer({ ...source, tx, traceId }, { kind: 'credits_low', to, locale, data: { account, balance, threshold } });
    }
    return alerts.length;
  });
