import { type QueryCreator, sql } from 'kysely';
import type { RunEventInput } from '../../../contract/events.ts';
import type { Parameters } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';
import { newId } from '../../platform/crypto/ids.ts';
import type { StoredRunEvent } from '../../pubsub/localRuns.ts';

/** The parameters of a statement that appends events. `data` is JSON text. */
export type NewRunEvents = { count: number; eventIds: string[]; types: string[]; data: string[] };

/** The values of these parameters. Each event gets a new id and the trace id of its run. */
export const runEventValues = (traceId: string, events: readonly RunEventInput[]): NewRunEvents => ({
  count: events.length,
  eventIds: events.map(() => newId()),
  types: events.map(({ type }) => type),
  data: events.map(({ data }) => JSON.stringify({ ...data, trace_id: traceId })),
});

/** The events as they were stored with `values`, of which the statement returned `rows`, in this order. */
export const storedEvents = (
  { id: run_id, trace_id }: { id: string; trace_id: string },
  events: readonly RunEventInput[],
  { eventIds }: NewRunEvents,
  rows: readonly { seq: number; created_at: string }[],
): StoredRunEvent[] =>
  events.map(({ type, data }, at) => ({
    run_id,
    seq: rows[at]!.seq,
    event_id: eventIds[at]!,
    type,
    data: { ...data, trace_id },
    created_at: rows[at]!.created_at,
  }));

/** The `next_seq` of a run after the events. Its row stays locked until the commit, so sequence numbers have no gaps. */
export const nextSeq = ({ count }: Parameters<Pick<NewRunEvents, 'count'>>) => sql<number>`next_seq + ${count}`;

type WithRun = Tables & { run: { id: string; next_seq: number } };

/** The SQLSTATE `not_null_violation`. */
export const noRunState = '23502';

/**
 * Inserts events of the run that the CTE `run` returns, with consecutive sequence numbers below its new `next_seq`. Without a run, inserts nothing, or
 * fails with `noRunState` if it is required.
 */
export const appendRunEvents = (
  db: QueryCreator<WithRun>,
  $: Parameters<NewRunEvents>,
  { createdAt = 'clock_timestamp()', isRequired = false }: { createdAt?: 'clock_timestamp()' | 'now()'; isRequired?: boolean } = {},
) =>
  db
    .insertInto('run_events')
    .columns(['run_id', 'seq', 'event_id', 'type', 'data', 'created_at'])
    .expression((eb) => {
      const events = eb.selectFrom(
        sql<{ event_id: string; type: string; data: string; n: number }>`
            unnest(${$.eventIds}::uuid[], ${$.types}::text[], ${$.data}::text[]) with ordinality`.as<'e'>(sql`e(event_id, type, data, n)`),
      );
      // A left join has the same columns.
      const joinRun = isRequired ? ('leftJoin' as 'innerJoin') : 'innerJoin';
      return events[joinRun]('run', (join) => join.onTrue()).select([
        'run.id',
        sql<number>`run.next_seq - ${$.count} + e.n - 1`.as('seq'),
        'e.event_id',
        'e.type',
        sql<Record<string, unknown>>`e.data::json`.as('data'),
        sql<string>`${sql.raw(createdAt)}`.as('created_at'),
      ]);
    });
