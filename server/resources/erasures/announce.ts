import type { Scope } from '../../http/scope.ts';
import { queueMailOfServer } from '../email/queue.ts';
import { notifyUsers } from '../notifications/service.ts';
import { publishEvent } from '../webhooks/outbox.ts';
import { selectMembers } from './queries.ts';

type Announced = { accountId: string; id: string; name: string; dueAt: string; isCancelled: boolean };

/**
 * Announces that an erasure was scheduled or canceled: to all members as a notification, and by mail to confirmed addresses; and to the endpoints of the
 * account. A closed account has neither.
 */
export async function announceErasure(scope: Scope, { accountId, id, name, dueAt, isCancelled }: Announced): Promise<void> {
  const { app, tx, client } = scope;
  const type = isCancelled ? 'account.erasure_cancelled' : 'account.erasure_scheduled';
  await publishEvent(scope, accountId, { type, data: { erasure_id: id, due_at: dueAt } });
  const members = await tx.rows(selectMembers, { accountId });
  if (members.length === 0) return;
  const body = isCancelled
    ? 'The data of the workspace stays.'
    : `The workspace will be closed on ${dueAt}, and then its data is deleted. Until then its owner can cancel this. Export what you need.`;
  await notifyUsers(tx, {
    accountId,
    userIds: members.map((member) => member.id),
    type,
    title: isCancelled ? 'The erasure of the workspace was canceled' : 'The workspace will be erased',
    body,
    payload: { erasure_id: id, due_at: dueAt },
  });
  for (const { email: to, locale } of members)
    if (to) {
      const data = { account: name, due: dueAt, cancelled: isCancelled };
      await queueMailOfServer({ ...app, tx, traceId: client.traceId }, { kind: 'erasure', to, locale, data });
    }
}
