import { sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';
import { usedOf } from '../../resources/quotas/queries.ts';
import { openStatuses } from '../../resources/runs/statuses.ts';

type OfAccount = { accountId: string };

/** Makes the limits of a root run exact: runs below it start children one after the other. */
export const lockTree = statement<{ rootRunId: string }>()((db, $) =>
  db.selectNoFrom(sql<unknown>`pg_advisory_xact_lock(hashtextextended('subagents ' || ${$.rootRunId}::uuid::text, 0))`.as('lock')),
);

/** Locks the thread of the root run, so that a hidden thread is either deleted with it or not created. */
export const lockRootThread = statement<OfAccount & { threadId: string }>()((db, $) =>
  db
    .selectFrom('threads')
    .select('id')
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.threadId)
    .where('deleted_at', 'is', null)
    .forShare(),
);

/** Locks a run that its worker may continue, so that its cancellation finds the new child. */
export const lockParent = statement<OfAccount & { id: string; token: string }>()((db, $) =>
  db
    .selectFrom('runs')
    .select('id')
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('lease_token', '=', $.token)
    .where('status', '=', sql.lit('running' as const))
    .forShare(),
);

export const selectThread = statement<OfAccount & { threadId: string }>()((db, $) =>
  db.selectFrom('threads').select('root_thread_id').where('account_id', '=', $.accountId).where('id', '=', $.threadId),
);

/** The child that a tool call has created. */
export const selectSpawned = statement<OfAccount & { parentRunId: string; callId: string }>()((db, $) =>
  db
    .selectFrom('runs')
    .select(['id', 'thread_id', 'depth', 'requested_persona_id'])
    .where('account_id', '=', $.accountId)
    .where('parent_run_id', '=', $.parentRunId)
    .where('spawn_call_id', '=', $.callId),
);

/** What the account keeps of events, and the runs below a root run: how many there are, how many are open, and how many of those are children of one run. */
export const countTree = statement<OfAccount & { rootRunId: string; parentRunId: string }>()((db, $) =>
  db
    .selectFrom('runs')
    .select(({ fn }) => [
      usedOf($.accountId, 'events').as('event_bytes'),
      fn.countAll<number>().as('descendants'),
      fn.countAll<number>().filterWhere('status', 'in', openStatuses).as('active'),
      fn.countAll<number>().filterWhere('parent_run_id', '=', $.parentRunId).filterWhere('status', 'in', openStatuses).as('children'),
    ])
    .where('account_id', '=', $.accountId)
    .where('root_run_id', '=', $.rootRunId),
);

/** A private thread with the project and the expiry of its parent. */
export const insertHiddenThread = statement<OfAccount & { id: string; parentThreadId: string; rootThreadId: string; userId: string }>()(
  (db, $) =>
    db
      .insertInto('threads')
      .columns(['account_id', 'id', 'created_by_user_id', 'project_id', 'expires_at', 'is_private', 'parent_thread_id', 'root_thread_id'])
      .expression((eb) =>
        eb
          .selectFrom('threads as t')
          .select([
            't.account_id',
            sql<string>`${$.id}::uuid`.as('id'),
            sql<string>`${$.userId}::uuid`.as('created_by_user_id'),
            't.project_id',
            't.expires_at',
            sql.lit(true).as('is_private'),
            't.id as parent_thread_id',
            sql<string>`${$.rootThreadId}::uuid`.as('root_thread_id'),
          ])
          .where('t.account_id', '=', $.accountId)
          .where('t.id', '=', $.parentThreadId),
      ),
);

/** The sub-agents that runs of a thread have started, each with its newest run, the answer of that run, and the question that it waits with. */
export const selectAgents = statement<OfAccount & { parentThreadId: string; ids: readonly string[] }>()((db, $) =>
  db
    .selectFrom('threads as t')
    .innerJoinLateral(
      (eb) =>
        eb
          .selectFrom('runs as r')
          .select(['r.id', 'r.status', 'r.error', 'r.route_id', 'r.requested_persona_id', 'r.requested_model', 'r.reasoning_mode'])
          .whereRef('r.account_id', '=', 't.account_id')
          .whereRef('r.thread_id', '=', 't.id')
          .orderBy('r.created_at', 'desc')
          .orderBy('r.id', 'desc')
          .limit(sql.lit(1))
          .as('r'),
      (join) => join.onTrue(),
    )
    .select((eb) => [
      't.id as agent_id',
      't.agent_closed_at as closed_at',
      'r.id as run_id',
      'r.status',
      'r.error',
      'r.route_id',
      'r.requested_persona_id',
      'r.requested_model',
      'r.reasoning_mode',
      eb
        .selectFrom('messages as m')
        .select('m.content')
        .whereRef('m.account_id', '=', 't.account_id')
        .whereRef('m.thread_id', '=', 't.id')
        .whereRef('m.run_id', '=', 'r.id')
        .where('m.role', '=', sql.lit('assistant' as const))
        .where('m.visible', '=', sql.lit(true))
        .orderBy('m.number', 'desc')
        .limit(sql.lit(1))
        .as('output'),
      eb
        .selectFrom('run_events as e')
        .select((of) => of.ref('e.data').$castTo<{ message?: string; requestedSchema?: Record<string, unknown> }>().as('data'))
        .whereRef('e.run_id', '=', 'r.id')
        .where('r.status', '=', sql.lit('waiting_for_input' as const))
        .where('e.type', '=', sql.lit('run.waiting_for_input'))
        .orderBy('e.seq', 'desc')
        .limit(sql.lit(1))
        .as('question'),
    ])
    .where('t.account_id', '=', $.accountId)
    .where('t.parent_thread_id', '=', $.parentThreadId)
    .where('t.root_thread_id', 'is not', null)
    .where('t.deleted_at', 'is', null)
    .where('t.id', '=', sql<string>`any (${$.ids}::uuid[])`),
);
export type AgentRow = RowOf<typeof selectAgents>;

/** A closed sub-agent stays closed. */
export const closeAgent = statement<OfAccount & { id: string }>()((db, $) =>
  db
    .updateTable('threads')
    .set({ agent_closed_at: sql<string>`coalesce(agent_closed_at, now())` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id),
);

/** The persona with which a run is executed. Null before a worker has chosen it. */
export const selectPersona = statement<OfAccount & { id: string }>()((db, $) =>
  db.selectFrom('runs').select('persona_snapshot as persona').where('account_id', '=', $.accountId).where('id', '=', $.id),
);

/** All runs of a tree, with their budgets and what each has spent. */
export const selectTree = statement<OfAccount & { rootRunId: string }>({ bound: 'run' })((db, $) =>
  db
    .selectFrom('runs')
    .select((eb) => [
      'id',
      'parent_run_id',
      sql<Budgets | null>`persona_snapshot -> 'budgets'`.as('budgets'),
      sql<number>`coalesce(total_cost_usd * 1000000, spent_cost_micros)::float8`.as('cost_micros'),
      eb.fn.coalesce('total_output_tokens', 'spent_output_tokens').as('output_tokens'),
    ])
    .where('account_id', '=', $.accountId)
    .where((eb) => eb.or([eb('id', '=', $.rootRunId), eb('root_run_id', '=', $.rootRunId)])),
);
type Budgets = { max_cost_micros?: number; max_total_output_tokens?: number };
export type TreeRow = RowOf<typeof selectTree>;
