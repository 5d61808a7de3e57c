import { expressionBuilder, sql } from 'kysely';
import { type Parameters, type RowOf, statement, type WithAlias } from '../../database/statement.ts';
import { isAttachmentVisible } from './visible.ts';

const columns = ['a.id', 'a.account_id', 'a.state', 'a.name', 'a.mime_type', 'a.kind', 'a.size', 'a.sha256'] as const;

type NewAttachment = {
  accountId: string;
  id: string;
  userId: string;
  name: string;
  mimeType: string;
  kind: 'image' | 'file';
  size: number;
  sha256: string;
  /** Null for images. */
  extractedText: string | null;
};

/** An attachment is `arriving` until its bytes are stored, `staged` until a message uses it, then `kept`. */
export const insertArriving = statement<NewAttachment>()((db, $) =>
  db.insertInto('attachments').values({
    account_id: $.accountId,
    id: $.id,
    state: sql.lit('arriving' as const),
    uploader_user_id: $.userId,
    name: $.name,
    mime_type: $.mimeType,
    kind: $.kind,
    size: $.size,
    sha256: $.sha256,
    extracted_text: $.extractedText,
  }),
);

type One = { accountId: string; id: string };

export const deleteArriving = statement<One>()((db, $) =>
  db
    .deleteFrom('attachments')
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('state', '=', sql.lit('arriving' as const)),
);

export const markStaged = statement<One>()((db, $) =>
  db
    .updateTable('attachments as a')
    .set({ state: sql.lit('staged' as const), created_at: sql<string>`now()` })
    .where('a.account_id', '=', $.accountId)
    .where('a.id', '=', $.id)
    .where('a.state', '=', sql.lit('arriving' as const))
    .returning(columns),
);

/** The reader and the parts of a key. `staged`: the key is that of a staged attachment. */
export type ReadParameters = One & { userId: string; seesAll: boolean; name: string; staged: boolean };

/** Whether a key names attachment `a` and the user may read it. */
function isReadable($: Parameters<ReadParameters>) {
  const eb = expressionBuilder<WithAlias<'attachments', 'a'>, 'a'>();
  const isStagedKey = sql<boolean>`${$.staged}::boolean`;
  return eb.and([
    eb('a.account_id', '=', $.accountId),
    eb('a.id', '=', $.id),
    eb('a.name', '=', $.name),
    eb.or([
      eb.and([eb('a.state', '=', sql.lit('staged' as const)), isStagedKey, eb('a.uploader_user_id', '=', $.userId)]),
      eb.and([eb('a.state', '=', sql.lit('kept' as const)), eb.not(isStagedKey), isAttachmentVisible($)]),
    ]),
  ]);
}

export const selectReadable = statement<ReadParameters>()((db, $) =>
  db.selectFrom('attachments as a').select(columns).where(isReadable($)),
);

export type AttachmentRow = RowOf<typeof selectReadable>;

/** Links an attachment to the thread of a message. Of concurrent claims of a staged key, one succeeds; the others find no row. */
export const claim = statement<ReadParameters & { threadId: string }>()((db, $) =>
  db
    .with('found', (qc) =>
      qc
        .updateTable('attachments as a')
        .set({ state: sql.lit('kept' as const) })
        .where(isReadable($))
        .returning(columns),
    )
    .with('used', (qc) =>
      qc
        .insertInto('thread_attachments')
        .columns(['account_id', 'attachment_id', 'thread_id'])
        .expression(qc.selectFrom('found').select(['account_id', 'id', sql<string>`${$.threadId}::uuid`.as('thread_id')]))
        .onConflict((conflict) => conflict.doNothing()),
    )
    .selectFrom('found')
    .selectAll(),
);

/**
 * Links the images of an answer to its thread. Returns those that are still stored. The lock of the thread makes its deletion wait, which then removes
 * the links.
 */
export const keepImages = statement<{ accountId: string; threadId: string; ids: readonly string[] }>()((db, $) =>
  db
    .with('thread', (qc) =>
      qc
        .selectFrom('threads')
        .select('id')
        .where('account_id', '=', $.accountId)
        .where('id', '=', $.threadId)
        .where('deleted_at', 'is', null)
        .forUpdate(),
    )
    .with('found', (qc) =>
      qc
        .updateTable('attachments as a')
        .from('thread')
        .set({ state: sql.lit('kept' as const) })
        .where('a.account_id', '=', $.accountId)
        .where('a.id', '=', sql<string>`any(${$.ids}::uuid[])`)
        .where('a.state', '=', sql.lit('staged' as const))
        .returning(['a.account_id', 'a.id', 'thread.id as thread_id']),
    )
    .with('used', (qc) =>
      qc
        .insertInto('thread_attachments')
        .columns(['account_id', 'attachment_id', 'thread_id'])
        .expression(qc.selectFrom('found').select(['account_id', 'id', 'thread_id'])),
    )
    .selectFrom('found')
    .select('id'),
);

export const selectKept = statement<One & { name: string }>()((db, $) =>
  db
    .selectFrom('attachments as a')
    .select(columns)
    .where('a.account_id', '=', $.accountId)
    .where('a.id', '=', $.id)
    .where('a.name', '=', $.name)
    .where('a.state', '=', sql.lit('kept' as const)),
);

/** The texts of files. Null if they were stored before texts were kept. */
export const selectTexts = statement<{ accountId: string; ids: readonly string[] }>()((db, $) =>
  db
    .selectFrom('attachments as a')
    .select(['a.id', 'a.extracted_text'])
    .where('a.account_id', '=', $.accountId)
    .where('a.id', '=', sql<string>`any(${$.ids}::uuid[])`)
    .where('a.kind', '=', sql.lit('file' as const)),
);

/** Links a fork to those attachments of the original thread that its own messages name. */
export const copyThreadAttachments = statement<{ accountId: string; threadId: string; forkId: string }>()((db, $) =>
  db
    .insertInto('thread_attachments')
    .columns(['account_id', 'attachment_id', 'thread_id'])
    .expression((eb) =>
      eb
        .selectFrom('thread_attachments as u')
        .select(['u.account_id', 'u.attachment_id', sql<string>`${$.forkId}::uuid`.as('thread_id')])
        .where('u.account_id', '=', $.accountId)
        .where('u.thread_id', '=', $.threadId)
        .where(sql<string>`u.attachment_id::text`, 'in', ({ selectFrom }) =>
          selectFrom('messages as m')
            .crossJoin(sql<{ key: string }>`jsonb_path_query(m.content_json, '$.parts[*].attachment.key')`.as<'named'>(sql`named (key)`))
            .select(sql<string>`split_part(named.key #>> '{}', '/', 3)`.as('id'))
            .where('m.account_id', '=', $.accountId)
            .where('m.thread_id', '=', $.forkId)
            .where('m.role', '<>', sql.lit('tool' as const)),
        ),
    ),
);
