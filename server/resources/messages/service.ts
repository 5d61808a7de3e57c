import type { NewMessage } from '../../../contract/messages.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import { provisionalTitle } from '../../../contract/titles.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { notFound } from '../../platform/failure.ts';
import type { ThreadRow } from '../threads/queries.ts';
import { storeContent } from './content.ts';
import type { MessageRow } from './queries.ts';
import * as queries from './queries.ts';

/** An active run does not read messages that are added after its creation. */
export async function createMessage(scope: Scope, thread: ThreadRow, input: NewMessage): Promise<MessageRow> {
  const { tx, accountId, actor } = scope;
  const { content, contentJson } = await storeContent(scope, thread.id, input);
  const row = await tx.row(queries.insertMessage, {
    accountId,
    threadId: thread.id,
    id: newId(),
    userId: actor.userId,
    content,
    contentJson: contentJson && JSON.stringify(contentJson),
    title: provisionalTitle({ content, content_json: contentJson }),
  });
  if (!row) throw notFound();
  return row;
}

/** The newest visible messages, in ascending order unless `desc` is requested. */
export async function listMessages(
  { app, db, accountId }: Scope,
  thread: ThreadRow,
  { limit, before, order }: PageQuery & { order: 'asc' | 'desc' },
) {
  const list = ['messages', accountId, thread.id];
  const [number] = app.cursors.decode(before, list) ?? [];
  const beforeNumber = typeof number === 'number' ? number : null;
  const found = await db.rows(queries.selectMessages, { accountId, threadId: thread.id, beforeNumber, limit: limit + 1 });
  const { rows, next } = app.cursors.page(found, limit, list, (row) => [row.number]);
  return { rows: order === 'asc' ? rows.reverse() : rows, next };
}
