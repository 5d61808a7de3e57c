import type { NewMessage } from '../../../contract/messages.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { notFound } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { ThreadRow } from '../threads/queries.ts';
import { storeContent } from './content.ts';
import type { MessageRow } from './queries.ts';
import * as queries from './queries.ts';

/** Add a message of the caller to a thread. A run that is active does not see it. */
export async function createMessage(scope: Scope, thread: ThreadRow, input: NewMessage): Promise<MessageRow> {
  const { content, contentJson } = await storeContent(scope, thread.id, input);
  const id = newId();
  const json = contentJson && JSON.stringify(contentJson);
  const row = await scope.tx.row(queries.insertMessage, [scope.accountId, thread.id, id, scope.actor.userId, 'user', content, json, null]);
  if (!row) throw notFound();
  return row;
}

/** The newest visible messages, in the order of the conversation unless `desc` is asked. */
export async function listMessages(
  { app, read, accountId }: Scope,
  thread: ThreadRow,
  { limit, before, order }: PageQuery & { order: 'asc' | 'desc' },
) {
  const list = ['messages', accountId, thread.id];
  const [number = null] = app.cursors.open(before, list) ?? [];
  const found = await read.rows(queries.selectMessages, [accountId, thread.id, number, limit + 1]);
  const { rows, next } = app.cursors.page(found, limit, list, (row) => [row.number]);
  return { rows: order === 'asc' ? rows.reverse() : rows, next };
}
