import { sql } from 'kysely';
import { jsonb, type RowOf, statement } from '../../database/statement.ts';
import { appendRunEvents, type NewRunEvents, nextSeq } from '../../resources/runs/appendRunEvents.ts';
import type { StoredRunError } from '../../resources/runs/entity.ts';
import { openStatuses } from '../../resources/runs/statuses.ts';

/**
 * Runs without activity for too long. Excludes a queued run if a worker was alive in that time, unless the run is older
 * than the wall-clock limit.
 */
export const selectStale = statement<{ minutes: number; wallClockMs: number }>()((db, $) =>
  db
    .selectFrom('runs')
    .select([
      'id',
      'account_id',
      'thread_id',
      'root_run_id',
      'continues_run_id',
      'trace_id',
      'status',
      'prompt_tokens',
      'route_snapshot',
      sql<string | null>`route_snapshot ->> 'multiplier'`.as('multiplier'),
    ])
    .where('status', 'in', openStatuses)
    .where('last_activity_at', '<', sql<string>`now() - ${$.minutes} * interval '1 minute'`)
    .where((eb) =>
      eb.or([
        eb('attempt', '>', sql.lit(0)),
        eb.not(
          eb.exists(
            eb
              .selectFrom('workers')
              .select(sql.lit(1).as('one'))
              .where('last_seen_at', '>', sql<string>`now() - ${$.minutes} * interval '1 minute'`),
          ),
        ),
        eb('created_at', '<', sql<string>`now() - ${$.wallClockMs} * interval '1 millisecond'`),
      ]),
    )
    .limit(sql.lit(500)),
);
export type StaleRun = RowOf<typeof selectStale>;

/** Checks again under the lock: the run's worker may have committed an event. */
export const lockStale = statement<{ id: string; minutes: number }>()((db, $) =>
  db
    .selectFrom('runs')
    .select('id')
    .where('id', '=', $.id)
    .where('status', 'in', openStatuses)
    .where('last_activity_at', '<', sql<string>`now() - ${$.minutes} * interval '1 minute'`)
    .forUpdate(),
);

type End = NewRunEvents & {
  id: string;
  status: 'failed' | 'cancelled';
  /** JSON. */
  error: string | null;
  auditId: string;
  inputTokens: number;
  outputTokens: number;
  /** A decimal. */
  costUsd: string;
  isEstimated: boolean;
};

/** Ends a run with its final event and an audit entry. */
export const endRun = statement<End>({ needsSynchronousCommit: true })((db, $) =>
  db
    .with('run', (qc) =>
      qc
        .updateTable('runs')
        .set({
          next_seq: nextSeq($),
          status: $.status,
          error: jsonb<StoredRunError>($.error),
          lease_token: sql.lit(null),
          lease_until: sql.lit(null),
          total_input_tokens: $.inputTokens,
          total_output_tokens: $.outputTokens,
          total_cost_usd: sql`${$.costUsd}::numeric`,
          usage_estimated: $.isEstimated,
          failed_at: sql`case when ${$.status}::text = 'failed' then now() end`,
          cancelled_at: sql`case when ${$.status}::text = 'cancelled' then now() end`,
        })
        .where('id', '=', $.id)
        .returning(['id', 'account_id', 'trace_id', 'next_seq']),
    )
    .with('event', (qc) => appendRunEvents(qc, $, { createdAt: 'now()' }))
    .insertInto('audit_logs')
    .columns(['id', 'account_id', 'action', 'target_type', 'target_id', 'trace_id', 'metadata'])
    .expression((eb) =>
      eb
        .selectFrom('run')
        .select([
          sql<string>`${$.auditId}::uuid`.as('id'),
          'run.account_id',
          sql.lit('run.force_expired').as('action'),
          sql.lit('run').as('target_type'),
          sql<string>`run.id::text`.as('target_id'),
          'run.trace_id',
          sql<Record<string, unknown>>`'{"actor": "system"}'::jsonb`.as('metadata'),
        ]),
    ),
);
