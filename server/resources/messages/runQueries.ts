import { sql } from 'kysely';
import type { MessageCompletion, MessageContent } from '../../../contract/messages.ts';
import { jsonb, type RowOf, statement } from '../../database/statement.ts';
import { columns, type OfThread, takeNumbers, type VisibleMessage } from './queries.ts';

const columnsOfMessage = columns.map((name) => `m.${name}` as const);

/** `contentJson` is null for an answer without images. */
export type AnswerValues = OfThread & {
  id: string;
  content: string;
  contentJson: string | null;
  runId: string;
  completion: MessageCompletion;
};

/** Inserts the answer of a run. Does not change `updated_at` of the thread. Inserts nothing if the thread is deleted. */
export const insertAnswer = statement<AnswerValues>()((db, $) =>
  db
    .with('thread', (qc) => takeNumbers(qc, $, sql.lit(1)).returning('last_message_number'))
    .insertInto('messages')
    .columns(['account_id', 'thread_id', 'thread_owner_id', 'number', 'id', 'role', 'content', 'content_json', 'run_id', 'completion'])
    .expression((eb) =>
      eb
        .selectFrom('thread')
        .select([
          'account_id',
          'id as thread_id',
          'owner_id',
          'last_message_number',
          sql<string>`${$.id}::uuid`.as('id'),
          sql.lit('assistant').as('role'),
          sql<string>`${$.content}::text`.as('content'),
          jsonb($.contentJson).as('content_json'),
          sql<string>`${$.runId}::uuid`.as('run_id'),
          sql<MessageCompletion>`${$.completion}::text`.as('completion'),
        ]),
    ),
);

/** `ids`, `contents` and `contentJsons` have `count` elements each. `contentJsons` holds JSON text. */
type NewTurnHistory = OfThread & {
  runId: string;
  completion: MessageCompletion;
  count: number;
  ids: readonly string[];
  contents: readonly string[];
  contentJsons: readonly string[];
};

/** Inserts the internal messages of a run, in order: its turns before the answer. */
export const insertTurnHistory = statement<NewTurnHistory>()((db, $) =>
  db
    .with('thread', (qc) =>
      takeNumbers(qc, $, sql`${$.count}::integer`).returning(sql<number>`last_message_number - ${$.count}::integer`.as('before')),
    )
    .insertInto('messages')
    .columns(['account_id', 'thread_id', 'thread_owner_id', 'number', 'id', 'role', 'content', 'content_json', 'run_id', 'completion'])
    .expression((eb) =>
      eb
        .selectFrom('thread')
        .crossJoin(
          sql<{
            id: string;
            content: string;
            content_json: string;
            n: number;
          }>`unnest(${$.ids}::uuid[], ${$.contents}::text[], ${$.contentJsons}::text[]) with ordinality`.as<'m'>(
            sql`m (id, content, content_json, n)`,
          ),
        )
        .select([
          'thread.account_id',
          'thread.id as thread_id',
          'thread.owner_id',
          sql<number>`thread.before + m.n`.as('number'),
          'm.id',
          sql.lit('tool').as('role'),
          'm.content',
          sql<unknown>`m.content_json::jsonb`.as('content_json'),
          sql<string>`${$.runId}::uuid`.as('run_id'),
          sql<MessageCompletion>`${$.completion}::text`.as('completion'),
        ]),
    ),
);

/**
 * Messages that a run reads, newest first: up to `upTo`, at most `limit` of them, and of those only as many as `bytes` hold, but at least one. For an
 * incomplete answer, returns its internal messages and not the message shown to users. `place` orders those after the message they answer,
 * except for the run that this one continues.
 */
export const selectHistory = statement<OfThread & { upTo: number; continuedRunId: string | null; limit: number; bytes: number }>({
  bound: 'thread',
})((db, $) => {
  const newest = db
    .selectFrom('messages as m')
    .select(columnsOfMessage)
    .select((eb) => {
      const asked = eb
        .selectFrom('runs as r')
        .select('r.tail_message_number')
        .where('r.account_id', '=', $.accountId)
        .where('r.thread_id', '=', $.threadId)
        .whereRef('r.id', '=', 'm.run_id');
      return [
        // A join would look up the runs of all messages.
        sql<number>`least(case when m.completion <> 'complete' and m.run_id is distinct from ${$.continuedRunId}::uuid then ${asked} end, m.number)`.as(
          'place',
        ),
        sql<number>`message_bytes(m.content, m.content_json)::float8`.as('bytes'),
      ];
    })
    .where('m.account_id', '=', $.accountId)
    .where('m.thread_id', '=', $.threadId)
    .where('m.visible', '=', sql.lit(true))
    .where('m.number', '<=', $.upTo)
    .where((eb) => eb.or([eb('m.completion', '=', sql.lit('complete' as const)), eb('m.role', '=', sql.lit('tool' as const))]))
    .orderBy('m.number', 'desc')
    .limit(sql<number>`${$.limit}::integer`);
  const summed = db
    .selectFrom(newest.as('m'))
    .selectAll('m')
    .select(sql<number>`sum(m.bytes) over (order by m.number desc) - m.bytes`.as('newer_bytes'));
  return db
    .selectFrom(summed.as('m'))
    .select([...columnsOfMessage, 'm.place', 'm.bytes'])
    .where('m.newer_bytes', '<', $.bytes)
    .orderBy('m.number', 'desc')
    .$narrowType<VisibleMessage<'user'> | VisibleMessage<'assistant'> | { role: 'tool' }>();
});

/** The newest message of a user that a run reads. */
export const selectLastUserMessage = statement<OfThread & { upTo: number }>()((db, $) =>
  db
    .selectFrom('messages as m')
    .select(columnsOfMessage)
    .select(['m.number as place', sql<number>`message_bytes(m.content, m.content_json)::float8`.as('bytes')])
    .where('m.account_id', '=', $.accountId)
    .where('m.thread_id', '=', $.threadId)
    .where('m.visible', '=', sql.lit(true))
    .where('m.number', '<=', $.upTo)
    .where('m.role', '=', sql.lit('user' as const))
    .orderBy('m.number', 'desc')
    .limit(sql.lit(1))
    .$narrowType<VisibleMessage<'user'>>(),
);

export type HistoryRow = RowOf<typeof selectHistory>;

type OfRun = OfThread & { runId: string };

/** The incomplete answer of a run: `shown` is the message shown to users, `text` the text of its last turn if that was cut off. */
export const selectIncompleteAnswer = statement<OfRun>({ bound: 'run' })((db, $) =>
  db
    .selectFrom('messages')
    .select([
      sql<string | null>`max(content) filter (where role = 'assistant')`.as('shown'),
      sql<MessageContent | null>`(array_agg(content_json) filter (where role = 'assistant'))[1]`.as('structured'),
      sql<string | null>`max(content) filter (where content_json ->> 'kind' = 'unfinished')`.as('text'),
    ])
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('run_id', '=', $.runId)
    .where('visible', '=', sql.lit(true))
    .where('completion', '<>', sql.lit('complete' as const)),
);

type MessageReassignment = OfRun & { continuingRunId: string; completion: MessageCompletion; isExtended: boolean };

/**
 * Assigns the internal messages of a run to the run that continues it, and hides its answer. With `isExtended`, the first turn of the
 * continuing run already includes the cut-off text, so that message is hidden too. Drops opaque provider data once the answer is complete.
 */
export const reassignMessages = statement<MessageReassignment>()((db, $) =>
  db
    .updateTable('messages')
    .set({
      visible: sql<boolean>`role = 'tool' and not (${$.isExtended}::boolean and content_json ->> 'kind' = 'unfinished')`,
      run_id: sql<string>`case when role = 'tool' then ${$.continuingRunId}::uuid else run_id end`,
      completion: sql<MessageCompletion>`case when role = 'tool' then ${$.completion} else completion end`,
      content_json: sql<unknown>`case when content_json ->> 'kind' = 'unfinished' then '{"kind": "assistant"}'::jsonb
        when ${$.completion}::text = 'complete' then content_json - 'opaque' else content_json end`,
    })
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('run_id', '=', $.runId)
    .where('visible', '=', sql.lit(true))
    .where('completion', '<>', sql.lit('complete' as const)),
);
