import { expressionBuilder, type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { type Parameters, type RowOf, statement } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';
import { activeStatuses } from '../../resources/runs/statuses.ts';

type InThread = { accountId: string; threadId: string };

/** Changes when a message that the summary covers is hidden or edited. */
const digest = ({ accountId, threadId }: Parameters<InThread>, upTo: RawBuilder<number>) =>
  expressionBuilder<Tables>()
    .selectFrom('messages as m')
    .select(
      sql<string>`encode(sha256(convert_to(string_agg(concat_ws(E'\\x1f', m.number, m.role, m.content, m.content_json), E'\\x1e' order by m.number), 'UTF8')), 'hex')`.as(
        'digest',
      ),
    )
    .where('m.account_id', '=', accountId)
    .where('m.thread_id', '=', threadId)
    .where('m.visible', '=', sql.lit(true))
    .where('m.number', '<=', upTo);

const selectSummary = statement<InThread & { tail: number }>()((db, $) =>
  db
    .selectFrom('thread_summaries as s')
    .select(['s.up_to_number', 's.summary'])
    .where('s.account_id', '=', $.accountId)
    .where('s.thread_id', '=', $.threadId)
    .where('s.up_to_number', '<', $.tail)
    .where('s.digest', '=', digest($, sql.ref('s.up_to_number')))
    .orderBy('s.up_to_number', 'desc')
    .limit(sql.lit(1)),
);

/** Replaces the messages of a thread up to and including a number. */
export type Summary = RowOf<typeof selectSummary>;

// A thread cannot be edited while a run is active. The lock on the run's row keeps the run active until the summary is stored.
const insertSummary = statement<InThread & { runId: string; upToNumber: number; summary: string }>()((db, $) =>
  db
    .with('run', (qc) =>
      qc
        .selectFrom('runs as r')
        .select('r.id')
        .where('r.account_id', '=', $.accountId)
        .where('r.thread_id', '=', $.threadId)
        .where('r.id', '=', $.runId)
        .where('r.status', 'in', activeStatuses)
        .forShare(),
    )
    .insertInto('thread_summaries')
    .columns(['account_id', 'thread_id', 'up_to_number', 'summary', 'digest'])
    .expression((eb) =>
      eb
        .selectFrom('run')
        .select([
          sql<string>`${$.accountId}::uuid`.as('account_id'),
          sql<string>`${$.threadId}::uuid`.as('thread_id'),
          sql<number>`${$.upToNumber}::integer`.as('up_to_number'),
          sql<string>`${$.summary}::text`.as('summary'),
          digest($, sql<number>`${$.upToNumber}::integer`).as('digest'),
        ]),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['account_id', 'thread_id', 'up_to_number'])
        .doUpdateSet((eb) => ({ summary: eb.ref('excluded.summary'), digest: eb.ref('excluded.digest') })),
    ),
);

/** Returns the newest valid summary that ends before message `tail`. Message `tail` is never part of a summary. */
export const readSummary = (connection: Queryable, accountId: string, threadId: string, tail: number): Promise<Summary | undefined> =>
  connection.row(selectSummary, { accountId, threadId, tail });

/** Stores a summary for later runs of the thread. Stores nothing if the run has ended. */
export async function saveSummary(
  connection: Queryable,
  run: { account_id: string; thread_id: string; id: string },
  { up_to_number, summary }: Summary,
): Promise<void> {
  await connection.run(insertSummary, {
    accountId: run.account_id,
    threadId: run.thread_id,
    runId: run.id,
    upToNumber: up_to_number,
    summary: summary.toWellFormed().replaceAll('\0', ''),
  });
}
