import { type RawBuilder, sql } from 'kysely';
import type { MessageContent } from '../../../contract/messages.ts';
import { pageInBytes } from '../../database/paging.ts';
import { type Builder, jsonb, type Parameters, type RowOf, statement } from '../../database/statement.ts';

export const columns = [
  'id',
  'account_id',
  'thread_id',
  'number',
  'created_by_user_id',
  'role',
  'content',
  'content_json',
  'run_id',
  'completion',
  'created_at',
] as const;

/** A message that the API returns. Messages with the role `tool` are internal: they store the turns of a run. */
export type VisibleMessage<Role extends 'user' | 'assistant' = 'user' | 'assistant'> = { role: Role; content_json: MessageContent | null };

export type OfThread = { accountId: string; threadId: string };
/** `title` is the title of the thread if it has none. */
type NewMessage = OfThread & { id: string; userId: string; content: string; contentJson: string | null; title: string | null };

/** Takes the next `count` numbers of a thread that is not deleted. Its row counts, so that concurrent inserts leave no gaps. */
export const takeNumbers = (db: Pick<Builder, 'updateTable'>, { accountId, threadId }: Parameters<OfThread>, count: RawBuilder<number>) =>
  db
    .updateTable('threads')
    .set({ last_message_number: sql<number>`last_message_number + ${count}` })
    .where('account_id', '=', accountId)
    .where('id', '=', threadId)
    .where('deleted_at', 'is', null)
    .returning(['account_id', 'id', 'created_by_user_id as owner_id']);

export const insertMessage = statement<NewMessage>()((db, $) =>
  db
    .with('thread', (qc) =>
      takeNumbers(qc, $, sql.lit(1))
        .set({
          updated_at: sql<string>`now()`,
          archived_at: sql<null>`null`,
          title: sql<string>`coalesce(title, ${$.title})`,
          title_provisional: sql<boolean>`title_provisional or title is null`,
        })
        .returning('last_message_number'),
    )
    .insertInto('messages')
    .columns(['account_id', 'thread_id', 'thread_owner_id', 'number', 'id', 'created_by_user_id', 'role', 'content', 'content_json'])
    .expression((eb) =>
      eb
        .selectFrom('thread')
        .select([
          'account_id',
          'id as thread_id',
          'owner_id',
          'last_message_number',
          sql<string>`${$.id}::uuid`.as('id'),
          sql<string>`${$.userId}::uuid`.as('created_by_user_id'),
          sql.lit('user').as('role'),
          sql<string>`${$.content}::text`.as('content'),
          jsonb($.contentJson).as('content_json'),
        ]),
    )
    .returning(columns)
    .$narrowType<VisibleMessage>(),
);

/** `content` also has the texts of `content_json`, so its length is enough: PostgreSQL knows it without reading the text. */
export const bytesOfMessage = sql<number>`(coalesce(octet_length(content), 0) * case when content_json is null then 1 else 2 end + 500)`;

export const selectMessages = statement<OfThread & { beforeNumber: number | null; limit: number }>({ isShort: true })((db, $) =>
  pageInBytes(
    db
      .selectFrom('messages')
      .select(columns)
      .where('account_id', '=', $.accountId)
      .where('thread_id', '=', $.threadId)
      .where('visible', '=', sql.lit(true))
      .where('role', '<>', sql.lit('tool' as const))
      .where(sql<boolean>`(${$.beforeNumber}::integer is null or number < ${$.beforeNumber}::integer)`)
      .orderBy('number', 'desc')
      .limit($.limit)
      .$narrowType<VisibleMessage>(),
    bytesOfMessage,
    { order: sql`number desc` },
  ),
);

export type MessageRow = RowOf<typeof selectMessages>;

export const selectMessage = statement<OfThread & { id: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('messages')
    .select(columns)
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('id', '=', $.id)
    .where('visible', '=', sql.lit(true))
    .where('role', '=', sql.lit('user' as const))
    .$narrowType<VisibleMessage>(),
);

export const selectLastVisible = statement<OfThread>()((db, $) =>
  db
    .selectFrom('messages')
    .select(columns)
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('visible', '=', sql.lit(true))
    .where('role', '<>', sql.lit('tool' as const))
    .orderBy('number', 'desc')
    .limit(sql.lit(1))
    .$narrowType<VisibleMessage>(),
);

export const updateContent = statement<OfThread & { id: string; content: string; contentJson: string | null }>()((db, $) =>
  db
    .updateTable('messages')
    .set({ content: $.content, content_json: jsonb($.contentJson) })
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('id', '=', $.id),
);

export const hideAfter = statement<OfThread & { number: number }>()((db, $) =>
  db
    .updateTable('messages')
    .set({ visible: sql.lit(false) })
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('number', '>', $.number)
    .where('visible', '=', sql.lit(true)),
);

/**
 * Hides the messages of a run, and the turns stored after message `number` by runs that stored no answer. Turns that a replay has copied from
 * another thread remain.
 */
export const hideRun = statement<OfThread & { runId: string | null; number: number }>()((db, $) =>
  db
    .updateTable('messages')
    .set({ visible: sql.lit(false) })
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('visible', '=', sql.lit(true))
    .where((eb) =>
      eb.or([
        eb('run_id', '=', $.runId),
        eb.and([
          eb('role', '=', sql.lit('tool' as const)),
          eb('number', '>', $.number),
          eb.exists(
            eb
              .selectFrom('runs as r')
              .select(sql.lit(1).as('one'))
              .where('r.account_id', '=', $.accountId)
              .where('r.thread_id', '=', $.threadId)
              .whereRef('r.id', '=', 'messages.run_id'),
          ),
        ]),
      ]),
    ),
);
