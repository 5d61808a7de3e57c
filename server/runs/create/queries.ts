import { expressionBuilder, sql } from 'kysely';
import { type Builder, type Parameters, statement, type WithAlias } from '../../database/statement.ts';
import { keyBudget } from '../../resources/credits/keyBudget.ts';
import { reservedByCompletions } from '../../resources/credits/reserved.ts';
import { usedOf } from '../../resources/quotas/queries.ts';
import { appendRunEvents, type NewRunEvents } from '../../resources/runs/appendRunEvents.ts';
import type { OfThread } from '../../resources/runs/queries.ts';
import { openStatuses } from '../../resources/runs/statuses.ts';

/** Locks the thread of a new run, so that it gets no other. */
export const lockThread = statement<OfThread>()((db, $) =>
  db
    .selectFrom('threads as t')
    .select((eb) => [
      't.last_message_number',
      eb
        .selectFrom('messages as m')
        .select('m.id')
        .whereRef('m.account_id', '=', 't.account_id')
        .whereRef('m.thread_id', '=', 't.id')
        .whereRef('m.number', '<=', 't.last_message_number')
        .where('m.visible', '=', sql.lit(true))
        .where('m.role', '<>', sql.lit('tool' as const))
        .orderBy('m.number', 'desc')
        .limit(sql.lit(1))
        .as('tail_message_id'),
    ])
    .where('t.account_id', '=', $.accountId)
    .where('t.id', '=', $.threadId)
    .where('t.deleted_at', 'is', null)
    .forUpdate('t'),
);

type OfCreator = OfThread & { userId: string };

const limitsOf = (db: Builder, $: Parameters<OfCreator>) =>
  db
    .selectFrom(
      db
        .selectFrom('runs')
        .select(({ fn }) => [
          fn.countAll<number>().filterWhere('parent_run_id', 'is', null).as('active_runs'),
          fn.coalesce(fn.sum<number>('reserved_credits'), sql.lit(0)).as('reserved'),
        ])
        .where('account_id', '=', $.accountId)
        .where('status', 'in', openStatuses)
        .as('open'),
    )
    .select((eb) => [
      eb.selectFrom('accounts').select('status').where('id', '=', $.accountId).where('deleted_at', 'is', null).as('account_status'),
      eb
        .exists(
          eb.selectFrom('memberships').select(sql.lit(1).as('one')).where('account_id', '=', $.accountId).where('user_id', '=', $.userId),
        )
        .as('is_member'),
      eb
        .exists(
          eb
            .selectFrom('runs')
            .select(sql.lit(1).as('one'))
            .where('account_id', '=', $.accountId)
            .where('thread_id', '=', $.threadId)
            .where('parent_run_id', 'is', null)
            .where('status', 'in', openStatuses),
        )
        .as('is_busy'),
      usedOf($.accountId, 'events').as('event_bytes'),
      eb.fn
        .coalesce(eb.selectFrom('credit_balances').select('balance').where('account_id', '=', $.accountId), sql<number>`0`)
        .as('balance'),
      sql<number>`open.reserved + coalesce(${reservedByCompletions($.accountId)}, 0)`.as('reserved'),
      'open.active_runs',
    ]);

export const selectLimits = statement<OfCreator>()(limitsOf);

/**
 * Checks under the lock of the run slots what a start has decided without it: the transaction is repeated unless the run still has a slot and credits, and its
 * creator access. `most` is 0 without a limit.
 */
export const checkLimits = statement<OfCreator & { apiKeyId: string | null; reservation: number; most: number }>({ bound: 'one' })(
  (db, $) =>
    db
      .selectFrom(limitsOf(db, $).as('now'))
      .leftJoin(keyBudget(db, $.accountId, $.apiKeyId).as('key'), (join) => join.onTrue())
      .select(({ fn }) =>
        fn<unknown>('repeat_unless', [
          sql<boolean>`now.account_status = 'active' and now.is_member
          and (${$.most}::integer = 0 or now.active_runs < ${$.most}::integer)
          and now.balance - now.reserved >= ${$.reservation}::bigint
          and (key.remaining is null or key.remaining - key.reserved >= ${$.reservation}::bigint)`,
        ]).as('checked'),
      ),
);

/** Whether a visible user message is newer than run `r`. */
function hasNewerMessage({ accountId, threadId }: Parameters<OfThread>) {
  const eb = expressionBuilder<WithAlias<'runs', 'r'>, 'r'>();
  const newer = eb
    .selectFrom('messages as m')
    .select(sql.lit(1).as('one'))
    .where('m.account_id', '=', accountId)
    .where('m.thread_id', '=', threadId)
    .where('m.role', '=', sql.lit('user' as const))
    .where('m.visible', '=', sql.lit(true))
    .whereRef('m.number', '>', 'r.tail_message_number');
  return eb.exists(newer);
}

/**
 * What a new run of a thread continues. `resumable_run_id`: the newest root run, if it is resumable and ended before
 * the user's newest message. `continues_run_id`: the run whose unfinished answer ends the thread;
 * `continues_message_id`: the message with its text, if that was cut off. If a user sent a message during that run,
 * only an explicit request continues it.
 */
export const selectContinuation = statement<OfThread & { isExplicit: boolean }>()((db, $) =>
  db
    .selectFrom(db.selectNoFrom(sql.lit(0).as('zero')).as('one'))
    .leftJoin(
      (eb) =>
        eb
          .selectFrom(
            eb
              .selectFrom('messages')
              .select(['run_id', 'completion'])
              .where('account_id', '=', $.accountId)
              .where('thread_id', '=', $.threadId)
              .where('visible', '=', sql.lit(true))
              .orderBy('number', 'desc')
              .limit(sql.lit(1))
              .as('m'),
          )
          .leftJoin('runs as r', (join) =>
            join.on('r.account_id', '=', $.accountId).on('r.thread_id', '=', $.threadId).onRef('r.id', '=', 'm.run_id'),
          )
          .select((of) => [
            'm.run_id',
            of
              .selectFrom('messages as s')
              .select('s.id')
              .where('s.account_id', '=', $.accountId)
              .where('s.thread_id', '=', $.threadId)
              .whereRef('s.run_id', '=', 'm.run_id')
              .where('s.visible', '=', sql.lit(true))
              .where('s.role', '=', sql.lit('assistant' as const))
              .where('s.completion', '<>', sql.lit('complete' as const))
              .where(({ exists, selectFrom }) =>
                exists(
                  selectFrom('messages as u')
                    .select(sql.lit(1).as('one'))
                    .where('u.account_id', '=', $.accountId)
                    .where('u.thread_id', '=', $.threadId)
                    .whereRef('u.run_id', '=', 'm.run_id')
                    .where('u.visible', '=', sql.lit(true))
                    .where(sql<boolean>`u.content_json ->> 'kind' = 'unfinished'`),
                ),
              )
              .as('message_id'),
          ])
          .where('m.completion', '<>', sql.lit('complete' as const))
          .where((of) => of.or([sql<boolean>`${$.isExplicit}::boolean`, of.not(hasNewerMessage($))]))
          .as('last'),
      (join) => join.onTrue(),
    )
    .select((eb) => [
      eb
        .selectFrom(
          eb
            .selectFrom('runs')
            .select(['id', 'status', 'error', 'tail_message_number'])
            .where('account_id', '=', $.accountId)
            .where('thread_id', '=', $.threadId)
            .where('parent_run_id', 'is', null)
            .orderBy('created_at', 'desc')
            .orderBy('id', 'desc')
            .limit(sql.lit(1))
            .as('r'),
        )
        .select('r.id')
        .where((of) =>
          of.or([
            of('r.status', '=', sql.lit('cancelled' as const)),
            of.and([of('r.status', '=', sql.lit('failed' as const)), sql<boolean>`(r.error ->> 'resumable')::boolean`]),
          ]),
        )
        .where(hasNewerMessage($))
        .as('resumable_run_id'),
      'last.run_id as continues_run_id',
      'last.message_id as continues_message_id',
    ]),
);

type NewRun = OfThread &
  NewRunEvents & {
    id: string;
    userId: string;
    apiKeyId: string | null;
    source: string;
    traceId: string;
    routeId: string | null;
    personaId: string | null;
    model: string | null;
    reasoningMode: string | null;
    tailMessageNumber: number;
    resumeFromRunId: string | null;
    continuesRunId: string | null;
    reservation: number;
  } & ChildOf;

/** Suspending or deleting the user waits for the run, and then finds it. */
export const lockCreator = statement<{ userId: string }>()((db, $) =>
  db
    .selectFrom('users')
    .select('id')
    .where('id', '=', $.userId)
    .where('status', '=', sql.lit('active' as const))
    .forShare(),
);

/** The place of a run in the tree of its root run. */
type ChildOf = { parentRunId: string | null; rootRunId: string | null; depth: number; spawnCallId: string | null };

export const noParent: ChildOf = { parentRunId: null, rootRunId: null, depth: 0, spawnCallId: null };

/**
 * Inserts nothing if the user is suspended or deleted. Suspending or deleting a user waits for runs that are being
 * created, and then finds them.
 */
export const insertRun = statement<NewRun>()((db, $) =>
  appendRunEvents(
    db
      .with('thread', (qc) =>
        qc
          .updateTable('threads')
          .set({ updated_at: sql`now()`, archived_at: sql`null` })
          .where('account_id', '=', $.accountId)
          .where('id', '=', $.threadId),
      )
      .with('creator', (qc) =>
        qc
          .selectFrom('users')
          .select('id')
          .where('id', '=', $.userId)
          .where('status', '=', sql.lit('active' as const))
          .forShare(),
      )
      .with('run', (qc) =>
        qc
          .insertInto('runs')
          .columns([
            'account_id',
            'id',
            'thread_id',
            'created_by_user_id',
            'api_key_id',
            'source',
            'trace_id',
            'route_id',
            'requested_persona_id',
            'requested_model',
            'reasoning_mode',
            'tail_message_number',
            'resume_from_run_id',
            'continues_run_id',
            'reserved_credits',
            'next_seq',
            'parent_run_id',
            'root_run_id',
            'depth',
            'spawn_call_id',
          ])
          .expression(
            qc
              .selectFrom('creator')
              .select([
                sql<string>`${$.accountId}::uuid`.as('account_id'),
                sql<string>`${$.id}::uuid`.as('id'),
                sql<string>`${$.threadId}::uuid`.as('thread_id'),
                'creator.id as created_by_user_id',
                sql<string | null>`${$.apiKeyId}::uuid`.as('api_key_id'),
                sql<string>`${$.source}::text`.as('source'),
                sql<string>`${$.traceId}::text`.as('trace_id'),
                sql<string | null>`${$.routeId}::text`.as('route_id'),
                sql<string | null>`${$.personaId}::text`.as('requested_persona_id'),
                sql<string | null>`${$.model}::text`.as('requested_model'),
                sql<string | null>`${$.reasoningMode}::text`.as('reasoning_mode'),
                sql<number>`${$.tailMessageNumber}::integer`.as('tail_message_number'),
                sql<string | null>`${$.resumeFromRunId}::uuid`.as('resume_from_run_id'),
                sql<string | null>`${$.continuesRunId}::uuid`.as('continues_run_id'),
                sql<number>`${$.reservation}::bigint`.as('reserved_credits'),
                sql<number>`1 + ${$.count}::integer`.as('next_seq'),
                sql<string | null>`${$.parentRunId}::uuid`.as('parent_run_id'),
                sql<string | null>`${$.rootRunId}::uuid`.as('root_run_id'),
                sql<number>`${$.depth}::integer`.as('depth'),
                sql<string | null>`${$.spawnCallId}::text`.as('spawn_call_id'),
              ]),
          )
          .returning(['id', 'next_seq']),
      ),
    $,
    { createdAt: 'now()' },
  ),
);
