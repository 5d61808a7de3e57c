import { expressionBuilder, sql } from 'kysely';
import type { Parameters, WithAlias } from '../../database/statement.ts';
import { isThreadReadable } from '../threads/visibility.ts';

/** Whether a user may read a thread that uses attachment `a`. */
export function isAttachmentVisible(seer: Parameters<{ accountId: string; userId: string; seesAll: boolean }>) {
  const eb = expressionBuilder<WithAlias<'attachments', 'a'>, 'a'>();
  return eb.exists(
    eb
      .selectFrom('thread_attachments as u')
      .innerJoin('threads as t', (join) => join.onRef('t.account_id', '=', 'u.account_id').onRef('t.id', '=', 'u.thread_id'))
      .select(sql.lit(1).as('one'))
      .whereRef('u.account_id', '=', 'a.account_id')
      .whereRef('u.attachment_id', '=', 'a.id')
      .where(isThreadReadable(seer)),
  );
}
