import { type RawBuilder, sql } from 'kysely';
import type { MessageContent } from '../../../contract/messages.ts';
import { onPage, pageInBytes, type PageKey } from '../../database/paging.ts';
import { type Builder, type Parameters, type RowOf, statement } from '../../database/statement.ts';
import { bytesOfMessage, type MessageRow } from '../messages/queries.ts';
import { isThreadAlive } from '../threads/visibility.ts';

const columns = [
  'account_id',
  'id',
  'thread_id',
  'token_sealed',
  'password_hash',
  'live_update',
  'last_message_number',
  'hidden_message_numbers',
  'snapshot_turn_count',
  'created_at',
] as const;
const columnsOfShare = columns.map((name) => `s.${name}` as const);

type NewShare = {
  accountId: string;
  threadId: string;
  id: string;
  userId: string;
  tokenHash: string;
  tokenSealed: Buffer;
  passwordHash: string | null;
  isLive: boolean;
};

/** Reads the state of the thread in one statement, so that the numbers are consistent. */
export const insertShare = statement<NewShare>({ bound: 'thread' })((db, $) =>
  db
    .insertInto('thread_shares')
    .columns([
      'account_id',
      'id',
      'thread_id',
      'created_by_user_id',
      'token_hash',
      'token_sealed',
      'password_hash',
      'live_update',
      'last_message_number',
      'hidden_message_numbers',
      'snapshot_turn_count',
    ])
    .expression(
      db
        .selectFrom('threads as t')
        .crossJoinLateral((eb) =>
          eb
            .selectFrom('messages as m')
            .select(({ fn }) => [
              sql<number>`coalesce(max(m.number), 0)`.as('last'),
              sql<number[]>`coalesce(array_agg(m.number) filter (where not m.visible), '{}')`.as('hidden'),
              fn
                .countAll<number>()
                .filterWhere('m.visible', '=', sql.lit(true))
                .filterWhere('m.role', '=', sql.lit('user' as const))
                .as('turns'),
            ])
            .whereRef('m.account_id', '=', 't.account_id')
            .whereRef('m.thread_id', '=', 't.id')
            .where('m.role', '<>', sql.lit('tool' as const))
            .as('m'),
        )
        .select([
          't.account_id',
          sql<string>`${$.id}::uuid`.as('id'),
          't.id as thread_id',
          sql<string>`${$.userId}::uuid`.as('created_by_user_id'),
          sql<string>`${$.tokenHash}::text`.as('token_hash'),
          sql<Buffer>`${$.tokenSealed}::bytea`.as('token_sealed'),
          sql<string | null>`${$.passwordHash}::text`.as('password_hash'),
          sql<boolean>`${$.isLive}::boolean`.as('live_update'),
          'm.last',
          'm.hidden',
          'm.turns',
        ])
        .where('t.account_id', '=', $.accountId)
        .where('t.id', '=', $.threadId)
        .where('t.created_by_user_id', '=', $.userId)
        .where('t.deleted_at', 'is', null),
    )
    .returning(columns),
);

type OfThread = { accountId: string; threadId: string };

export const selectShares = statement<OfThread & PageKey>()((db, $) =>
  pageInBytes(
    db
      .selectFrom('thread_shares as s')
      .select(columns)
      .where('s.account_id', '=', $.accountId)
      .where('s.thread_id', '=', $.threadId)
      .where(onPage($, 's.created_at', 's.id'))
      .orderBy('s.created_at', 'desc')
      .orderBy('s.id', 'desc')
      .limit($.limit),
    sql`(cardinality(hidden_message_numbers) * 8 + 500)`,
  ),
);

export type ShareRow = RowOf<typeof selectShares>;

export const selectShareOfThread = statement<OfThread & { id: string }>()((db, $) =>
  db
    .selectFrom('thread_shares')
    .select('id')
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('id', '=', $.id),
);

export const deleteShare = statement<OfThread & { id: string }>()((db, $) =>
  db
    .deleteFrom('thread_shares')
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('id', '=', $.id)
    .returning('id'),
);

/** The share with a token; `now` is in Unix seconds. Excludes shares of deleted or expired threads, and of inactive accounts and users. */
export const selectShareByToken = statement<{ tokenHash: string }>()((db, $) =>
  db
    .selectFrom('thread_shares as s')
    .innerJoin('threads as t', (join) => join.onRef('t.account_id', '=', 's.account_id').onRef('t.id', '=', 's.thread_id'))
    .innerJoin('accounts as a', (join) =>
      join
        .onRef('a.id', '=', 's.account_id')
        .on('a.status', '=', sql.lit('active' as const))
        .on('a.deleted_at', 'is', null),
    )
    .innerJoin('users as u', (join) => join.onRef('u.id', '=', 's.created_by_user_id').on('u.status', '=', sql.lit('active' as const)))
    .select(columnsOfShare)
    .select([
      // A snapshot without messages does not tell the words of later ones.
      sql<string | null>`case when s.live_update or s.snapshot_turn_count > 0 or t.title_locked then t.title end`.as('title'),
      't.created_at as thread_created_at',
      sql<number>`extract(epoch from now())::float8`.as('now'),
    ])
    .where('s.token_hash', '=', $.tokenHash)
    .where(isThreadAlive()),
);

export type PublicShareRow = RowOf<typeof selectShareByToken>;

/** Call before editing a message: snapshots that show the message keep its current content. */
export const snapshotMessage = statement<OfThread & { messageId: string }>()((db, $) =>
  db
    .insertInto('thread_share_messages')
    .columns(['account_id', 'share_id', 'number', 'content', 'content_json'])
    .expression(
      db
        .selectFrom('thread_shares as s')
        .innerJoin('messages as m', (join) => join.onRef('m.account_id', '=', 's.account_id').onRef('m.thread_id', '=', 's.thread_id'))
        .select(['s.account_id', 's.id', 'm.number', 'm.content', 'm.content_json'])
        .where('s.account_id', '=', $.accountId)
        .where('s.thread_id', '=', $.threadId)
        .where('m.id', '=', $.messageId)
        .where('s.live_update', '=', sql.lit(false))
        .whereRef('m.number', '<=', 's.last_message_number')
        .where(sql<boolean>`m.number <> all (s.hidden_message_numbers)`),
    )
    .onConflict((conflict) => conflict.doNothing()),
);

/** The messages that a share shows: those visible now if live, else those up to `lastMessageNumber` except `hiddenMessageNumbers`. */
export type SharedMessagesFilter = OfThread & {
  shareId: string;
  isLive: boolean;
  lastMessageNumber: number;
  hiddenMessageNumbers: readonly number[];
};

const sharedMessages = (db: Builder, $: Parameters<SharedMessagesFilter>, condition: RawBuilder<boolean> = sql.lit(true)) =>
  db
    .selectFrom('thread_shares as s')
    .leftJoin('messages as m', (join) =>
      join
        .on('m.account_id', '=', $.accountId)
        .on('m.thread_id', '=', $.threadId)
        .on('m.role', '<>', sql.lit('tool' as const))
        .on(condition)
        .on((eb) =>
          eb
            .case()
            .when(sql<boolean>`${$.isLive}::boolean`)
            .then(eb.ref('m.visible'))
            .else(
              eb.and([
                eb('m.number', '<=', $.lastMessageNumber),
                eb('m.number', 'not in', db.selectNoFrom(sql<number>`unnest(${$.hiddenMessageNumbers}::integer[])`.as('number'))),
              ]),
            )
            .end(),
        ),
    )
    .leftJoin('thread_share_messages as kept', (join) =>
      join.on('kept.account_id', '=', $.accountId).on('kept.share_id', '=', $.shareId).onRef('kept.number', '=', 'm.number'),
    )
    .where('s.account_id', '=', $.accountId)
    .where('s.id', '=', $.shareId);

const contentJson = sql<MessageContent | null>`case when kept.number is null then m.content_json else kept.content_json end`;

export type SharedMessageRow = Pick<MessageRow, 'id' | 'role' | 'content' | 'content_json' | 'completion' | 'created_at'>;

const content = sql<string>`coalesce(kept.content, m.content)`;

/** Enough for any share page, and little enough for many at once: anybody may read them. */
export const maxSharedPageBytes = 1_000_000;

/** Returns one row without a message if the share shows none after `afterNumber`, and no row if the share was deleted. */
export const selectSharedMessages = statement<SharedMessagesFilter & { afterNumber: number; limit: number }>()((db, $) =>
  pageInBytes(
    sharedMessages(db, $, sql<boolean>`m.number > ${$.afterNumber}`)
      .select(['m.id', 'm.number', 'm.role', 'm.completion', 'm.created_at', content.as('content'), contentJson.as('content_json')])
      .orderBy('m.number')
      .limit($.limit)
      .$narrowType<(SharedMessageRow & { number: number }) | { id: null }>(),
    bytesOfMessage,
    { order: sql`number`, maxBytes: maxSharedPageBytes },
  ),
);

/** Returns a row if a message of the share references the attachment. Messages are read only if a message of the thread, maybe hidden, does or did. */
export const selectAttachmentReference = statement<SharedMessagesFilter & { attachmentId: string; key: string }>()((db, $) =>
  sharedMessages(db, $)
    .select('m.id')
    .where((eb) =>
      eb.exists(
        db
          .selectFrom('thread_attachments')
          .select(sql.lit(1).as('one'))
          .where('account_id', '=', $.accountId)
          .where('attachment_id', '=', $.attachmentId)
          .where('thread_id', '=', $.threadId),
      ),
    )
    .where(
      sql<boolean>`${contentJson} @> jsonb_build_object('parts', jsonb_build_array(jsonb_build_object('attachment', jsonb_build_object('key', ${$.key}::text))))`,
    )
    .limit(sql.lit(1)),
);
