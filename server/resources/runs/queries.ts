import { expressionBuilder, type RawBuilder, sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement, type WithAlias } from '../../database/statement.ts';
import { isSharedWith } from '../teams/visibility.ts';
import { isThreadAlive } from '../threads/visibility.ts';

export const runColumns = [
  'r.id',
  'r.account_id',
  'r.thread_id',
  'r.parent_run_id',
  'r.resume_from_run_id',
  'r.created_by_user_id',
  'r.status',
  'r.trace_id',
  'r.route_id',
  'r.requested_persona_id',
  'r.requested_model',
  'r.reasoning_mode',
  'r.model',
  'r.persona_id',
  'r.next_seq',
  'r.total_input_tokens',
  'r.total_output_tokens',
  'r.total_cost_usd',
  'r.usage_estimated',
  'r.cache_hit_rate',
  'r.error',
  'r.created_at',
  'r.completed_at',
  'r.failed_at',
  'r.cancelled_at',
] as const;

/** The credits that run `r` has cost its account. */
export function creditsUsed(): RawBuilder<number> {
  const debits = expressionBuilder<WithAlias<'runs', 'r'>, 'r'>()
    .selectFrom('credit_transactions as c')
    .select((eb) => eb.neg(eb.fn.sum<number>('c.amount')).as('sum'))
    .whereRef('c.account_id', '=', 'r.account_id')
    .where('c.reference_type', '=', sql.lit('run' as const))
    .whereRef('c.reference_id', '=', 'r.id')
    .where('c.type', '=', sql.lit('debit' as const));
  return sql<number>`coalesce(${debits}, 0)`;
}

/** The ID of the message that run `r`, with archive `a`, answers. */
export function tailMessageId(): RawBuilder<string> {
  const started = expressionBuilder<WithAlias<'runs', 'r'>, 'r'>()
    .selectFrom('run_events as e')
    .select(sql<string>`(e.data ->> 'thread_tail_message_id')::uuid`.as('id'))
    .whereRef('e.run_id', '=', 'r.id')
    .where('e.seq', '=', sql.lit(1));
  return sql<string>`coalesce(a.tail_message_id, ${started})`;
}

/**
 * Whether a user may read thread `t` through its project: the project is shared, and either their own or shared with them. With `seesAll`,
 * any shared project.
 */
export function isThreadShared({ userId, seesAll }: { userId: RawBuilder<string>; seesAll?: RawBuilder<boolean> }) {
  const eb = expressionBuilder<WithAlias<'threads', 't'>, 't'>();
  const project = eb
    .selectFrom('projects as p')
    .select(sql.lit(1).as('one'))
    .whereRef('p.account_id', '=', 't.account_id')
    .whereRef('p.id', '=', 't.project_id')
    .where('p.deleted_at', 'is', null)
    .where('p.visibility', '=', sql.lit('shared' as const))
    .where((p) => p.or([p('p.owner_user_id', '=', userId), ...(seesAll ? [sql<boolean>`${seesAll}::boolean`] : []), isSharedWith(userId)]));
  return eb.exists(project);
}

export type OfThread = { accountId: string; threadId: string };

type Reader = { accountId: string; userId: string; seesAll: boolean; isPlatformAdmin: boolean };

export const selectRun = statement<Reader & { id: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('runs as r')
    .innerJoin('threads as t', (join) =>
      join.onRef('t.account_id', '=', 'r.account_id').onRef('t.id', '=', 'r.thread_id').on(isThreadAlive()),
    )
    .select([...runColumns, 'r.api_key_id', 't.created_by_user_id as thread_owner_id'])
    .where('r.account_id', '=', $.accountId)
    .where('r.id', '=', $.id)
    .where((eb) =>
      eb.or([
        eb('r.created_by_user_id', '=', $.userId),
        eb('t.created_by_user_id', '=', $.userId),
        sql<boolean>`${$.isPlatformAdmin}::boolean`,
        eb.and([eb('t.is_private', '=', sql.lit(false)), isThreadShared($)]),
      ]),
    ),
);

export const selectChildRuns = statement<{ accountId: string; id: string }>({ bound: 'run' })((db, $) =>
  db
    .selectFrom('runs')
    .select('id')
    .where('account_id', '=', $.accountId)
    .where('parent_run_id', '=', $.id)
    .orderBy('created_at')
    .orderBy('id'),
);

export const selectThreadRuns = statement<OfThread & PageKey>({ isShort: true, rowBytes: 8_000 })((db, $) =>
  db
    .selectFrom('runs as r')
    .leftJoin('run_event_archives as a', (join) => join.onRef('a.account_id', '=', 'r.account_id').onRef('a.run_id', '=', 'r.id'))
    .select([...runColumns, tailMessageId().$castTo<string | null>().as('tail_message_id')])
    .where('r.account_id', '=', $.accountId)
    .where('r.thread_id', '=', $.threadId)
    .where(onPage($, 'r.created_at', 'r.id'))
    .orderBy('r.created_at', 'desc')
    .orderBy('r.id', 'desc')
    .limit($.limit),
);

/** The options of run `runId`; if it is null, of the newest run that answered the first message numbered `messageNumber` or later. */
export const selectRunOptions = statement<OfThread & { messageNumber: number; runId: string | null }>()((db, $) =>
  db
    .selectFrom('runs')
    .select(['route_id', 'requested_persona_id', 'requested_model', 'reasoning_mode'])
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('parent_run_id', 'is', null)
    .where((eb) =>
      eb.or([eb('id', '=', $.runId), eb.and([eb(sql`${$.runId}::uuid`, 'is', null), eb('tail_message_number', '>=', $.messageNumber)])]),
    )
    .orderBy('tail_message_number')
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(sql.lit(1)),
);

/** The event types that prove that a run produced output. */
const outputEventTypes = [
  'message.delta',
  'message.image',
  'tool.call',
  'tool.call.delta',
  'tool.result',
  'run.segment.start',
  'run.segment.end',
] as const;

export const selectContinuableRun = statement<OfThread & { id: string }>()((db, $) =>
  db
    .selectFrom('runs as r')
    .select(runColumns)
    .select((eb) =>
      eb
        .and([
          eb('r.status', 'in', [sql.lit('failed' as const), sql.lit('cancelled' as const)]),
          eb.or([
            eb.exists(
              eb
                .selectFrom('messages as m')
                .select(sql.lit(1).as('one'))
                .where('m.account_id', '=', $.accountId)
                .where('m.thread_id', '=', $.threadId)
                .whereRef('m.run_id', '=', 'r.id')
                .where('m.visible', '=', sql.lit(true))
                .where('m.completion', '<>', sql.lit('complete' as const)),
            ),
            eb.exists(
              eb
                .selectFrom('run_events as e')
                .select(sql.lit(1).as('one'))
                .whereRef('e.run_id', '=', 'r.id')
                .where(
                  'e.type',
                  'in',
                  outputEventTypes.map((type) => sql.lit(type)),
                ),
            ),
            eb.exists(
              eb
                .selectFrom('run_event_archives as a')
                .select(sql.lit(1).as('one'))
                .where('a.account_id', '=', $.accountId)
                .whereRef('a.run_id', '=', 'r.id')
                .where(sql<boolean>`a.event_counts ?| array[${sql.join(outputEventTypes.map((type) => sql.lit(type)))}]`),
            ),
          ]),
        ])
        .as('can_continue'),
    )
    .where('r.account_id', '=', $.accountId)
    .where('r.thread_id', '=', $.threadId)
    .where('r.id', '=', $.id)
    .where('r.parent_run_id', 'is', null),
);

export type ThreadRunRow = RowOf<typeof selectThreadRuns>;
export type RunRow = Omit<ThreadRunRow, 'tail_message_id'>;
