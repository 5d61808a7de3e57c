import { sql } from 'kysely';
import type { RunStatus } from '../../../contract/runRequests.ts';
import { statement } from '../../database/statement.ts';
import { appendRunEvents, type NewRunEvents, nextSeq } from './appendRunEvents.ts';
import type { AskedSchema } from './elicitation.ts';
import { activeStatuses, openStatuses } from './statuses.ts';

export const lockRun = statement<{ accountId: string; id: string }>()((db, $) =>
  db
    .selectFrom('runs')
    .select(['id', 'status', 'attempt', 'trace_id', 'pending_inputs'])
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .forUpdate(),
);

export const selectOpenChildren = statement<{ accountId: string; id: string }>({ bound: 'openRuns' })((db, $) =>
  db
    .selectFrom('runs')
    .select('id')
    .where('account_id', '=', $.accountId)
    .where('parent_run_id', '=', $.id)
    .where('status', 'in', activeStatuses)
    .orderBy('id'),
);

/** The input of a run with this key. */
export const selectInputOfKey = statement<{ runId: string; key: string }>()((db, $) =>
  db
    .selectFrom('run_events')
    .select('seq')
    .where('run_id', '=', $.runId)
    .where('type', '=', sql.lit('run.input_provided'))
    .where(sql<string>`data ->> 'input_key'`, '=', $.key)
    .limit(sql.lit(1)),
);

/** The bytes of the newest inputs that answer no question. */
export const selectInputBytes = statement<{ runId: string; count: number }>()((db, $) =>
  db
    .selectFrom(
      db
        .selectFrom('run_events')
        .select(sql<number>`octet_length(data ->> 'content')`.as('bytes'))
        .where('run_id', '=', $.runId)
        .where('type', '=', sql.lit('run.input_provided'))
        .where(sql`data ->> 'request_id'`, 'is', null)
        .orderBy('seq', 'desc')
        .limit($.count)
        .as('e'),
    )
    .select(sql<number>`coalesce(sum(bytes), 0)::float8`.as('bytes')),
);

/** The input keys of a run whose events are archived. */
export const selectArchivedInputKeys = statement<{ accountId: string; runId: string }>()((db, $) =>
  db.selectFrom('run_event_archives').select('input_keys').where('account_id', '=', $.accountId).where('run_id', '=', $.runId),
);

/** What a run waits for. Only the question of an MCP server has a schema that its answer must match. */
export type InputRequest = { request_id: string } & (
  | { reason: 'check_in' }
  | { reason: 'ask_user' | 'elicitation'; requestedSchema: AskedSchema }
);

/** The latest input request of a waiting run. */
export const selectInputRequest = statement<{ runId: string }>()((db, $) =>
  db
    .selectFrom('run_events')
    .select((eb) => eb.ref('data').$castTo<InputRequest>().as('data'))
    .where('run_id', '=', $.runId)
    .where('type', '=', sql.lit('run.waiting_for_input'))
    .orderBy('seq', 'desc')
    .limit(sql.lit(1)),
);

/** Counts one pending input. The caller holds the row lock of the run. */
export const incrementPendingInputs = statement<{ accountId: string; id: string }>()((db, $) =>
  db
    .updateTable('runs')
    .set((eb) => ({ pending_inputs: eb('pending_inputs', '+', sql.lit(1)) }))
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id),
);

/** Appends events outside of the worker. A null `status` leaves the status of the run unchanged. */
export const appendEvents = statement<{ runId: string; status: RunStatus | null } & NewRunEvents>({ needsSynchronousCommit: true })(
  (db, $) =>
    appendRunEvents(
      db.with('run', (qc) =>
        qc
          .updateTable('runs')
          .set({
            next_seq: nextSeq($),
            last_activity_at: sql`clock_timestamp()`,
            status: sql`coalesce(${$.status}, status)`,
            cancelled_at: sql`case when ${$.status}::text = 'cancelled' then clock_timestamp() else cancelled_at end`,
          })
          .where('id', '=', $.runId)
          .returning(['id', 'next_seq']),
      ),
      $,
    ),
);

/** A child run that has ended. */
export const selectEnded = statement<{ accountId: string; id: string }>()((db, $) =>
  db
    .selectFrom('runs')
    .select(['id', 'thread_id', 'parent_run_id', 'status', 'error'])
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('parent_run_id', 'is not', null)
    .where('status', 'not in', openStatuses),
);

/** The child runs that the events of a run name: those that it has started, and those that have ended. */
export const selectReports = statement<{ runId: string }>({ bound: 'run' })((db, $) =>
  db
    .selectFrom('run_events')
    .select((eb) => ['type', eb.ref('data').$castTo<{ run_id: string }>().as('data')])
    .where('run_id', '=', $.runId)
    .where('type', 'in', [sql.lit('subagent.started'), sql.lit('subagent.finished')]),
);
