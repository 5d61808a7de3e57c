import { sql } from 'kysely';
import type { RunEventInput } from '../../../contract/events.ts';
import type { RunStatus } from '../../../contract/runRequests.ts';
import type { Database, Queryable } from '../../database/sql.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { appendRunEvents, type NewRunEvents, nextSeq, runEventValues } from '../../resources/runs/appendRunEvents.ts';
import { openStatuses } from '../../resources/runs/statuses.ts';
import { insertWaitDeliveries } from '../../resources/webhooks/outbox.ts';
import type { RunWait } from '../../resources/webhooks/view.ts';

/** The lease is lost: another worker has the run, or it has ended. Nothing more may be written. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}

export class CancelRequested extends Error {
  override name = 'CancelRequested';
}

type LeaseKey = { id: string; token: string };

const takeLease = statement<LeaseKey & { seconds: number }>()((db, $) =>
  db
    .updateTable('runs')
    .set({
      lease_token: $.token,
      lease_until: sql`clock_timestamp() + ${$.seconds} * interval '1 second'`,
      attempt: sql`attempt + 1`,
      first_started_at: sql`coalesce(first_started_at, clock_timestamp())`,
      last_activity_at: sql`clock_timestamp()`,
    })
    .where('id', '=', $.id)
    .where('status', 'in', openStatuses)
    .where((eb) => eb.or([eb('lease_token', 'is', null), eb('lease_until', '<', sql<string>`clock_timestamp()`)]))
    .returning([
      'id',
      'account_id',
      'thread_id',
      'parent_run_id',
      'root_run_id',
      'depth',
      // The run whose unfinished answer this one continues.
      'continues_run_id',
      'created_by_user_id',
      'api_key_id',
      'source',
      'trace_id',
      'route_id',
      'requested_persona_id',
      'requested_model',
      'reasoning_mode',
      'tail_message_number',
      'route_snapshot',
      'persona_snapshot',
      'reserved_credits',
      // Estimated prompt tokens of the newest model call, and what the run has spent. Stored with the events that follow the call.
      'prompt_tokens',
      'spent_cost_micros',
      'spent_output_tokens',
      'next_seq',
      'attempt',
      'status',
      // Milliseconds since the first worker began the run, by the database's clock.
      sql<number>`extract(epoch from clock_timestamp() - first_started_at)::float8 * 1000`.as('age_ms'),
    ]),
);

export type LeasedRun = RowOf<typeof takeLease>;

const renewLease = statement<LeaseKey & { seconds: number }>()((db, $) =>
  db
    .updateTable('runs')
    .set({
      lease_until: sql`clock_timestamp() + ${$.seconds} * interval '1 second'`,
      last_activity_at: sql`clock_timestamp()`,
    })
    .where('id', '=', $.id)
    .where('lease_token', '=', $.token)
    .where('status', 'in', openStatuses)
    .where('lease_until', '>', sql<string>`clock_timestamp()`)
    .returning('status'),
);

const dropLease = statement<LeaseKey>()((db, $) =>
  db
    .updateTable('runs')
    .set({ lease_token: sql.lit(null), lease_until: sql.lit(null) })
    .where('id', '=', $.id)
    .where('lease_token', '=', $.token),
);

type AppendedEvents = NewRunEvents & {
  status: RunStatus | null;
  /** Number of inputs that were taken up. */
  takenInputs: number;
  from: readonly RunStatus[];
  promptTokens: number;
  costMicros: number;
  outputTokens: number;
};

const appendEvents = statement<LeaseKey & AppendedEvents>()((db, $) =>
  appendRunEvents(
    db.with('run', (qc) =>
      qc
        .updateTable('runs')
        .set({
          next_seq: nextSeq($),
          last_activity_at: sql`clock_timestamp()`,
          status: sql`coalesce(${$.status}, status)`,
          pending_inputs: sql`pending_inputs - ${$.takenInputs}`,
          prompt_tokens: $.promptTokens,
          spent_cost_micros: $.costMicros,
          spent_output_tokens: $.outputTokens,
        })
        .where('id', '=', $.id)
        .where('lease_token', '=', $.token)
        .where(sql<boolean>`status = any(${$.from}::text[])`)
        .where('lease_until', '>', sql<string>`clock_timestamp()`)
        .returning(['id', 'next_seq']),
    ),
    $,
  ).returning('seq'),
);

const selectStatus = statement<{ id: string }>()((db, $) => db.selectFrom('runs').select(['status', 'lease_token']).where('id', '=', $.id));

/** A worker's lease on a run. Every write of the worker requires the token, so a worker that lost the lease can write nothing. */
export type Lease = {
  readonly run: LeasedRun;
  readonly token: string;
  /** Returns the sequence number of the first event. */
  append(steps: readonly RunEventInput[]): Promise<number>;
  /** Ends a wait without an answer. Returns false if an answer came first. */
  endWait(requestId: string, reason: 'input_timeout' | 'question_withdrawn'): Promise<boolean>;
  /** Throws `LeaseLost` or `CancelRequested` if the worker must stop the run. */
  renew(): Promise<RunStatus>;
  /** Like `renew`, but read-only, for frequent calls. */
  check(): Promise<RunStatus>;
  release(): Promise<void>;
};

/** Undefined if the run does not exist, has ended, or is leased by another worker. */
export async function leaseRun(database: Database, runId: string, leaseSeconds: number): Promise<Lease | undefined> {
  const token = newId();
  const run = await database.row(takeLease, { id: runId, token, seconds: leaseSeconds });
  if (!run) return undefined;
  const check = async () => {
    const found = await database.row(selectStatus, { id: runId });
    if (found?.lease_token !== token) throw new LeaseLost(runId);
    if (found.status === 'cancelling') throw new CancelRequested(runId);
    return found.status;
  };
  return {
    run,
    token,
    async append(steps) {
      const wait = steps.findLast((step) => step.type === 'run.waiting_for_input');
      const first = wait ? await appendWait(database, run, token, steps, wait.data) : await appendSteps(database, run, token, steps);
      if (first !== undefined) return first;
      await check();
      throw new LeaseLost(runId);
    },
    async endWait(requestId, reason) {
      const step: RunEventInput = { type: 'run.resumed', data: { request_id: requestId, reason } };
      if ((await appendSteps(database, run, token, [step], ['waiting_for_input'])) !== undefined) return true;
      await check();
      return false;
    },
    async renew() {
      const renewed = await database.row(renewLease, { id: runId, token, seconds: leaseSeconds });
      if (!renewed) throw new LeaseLost(runId);
      if (renewed.status === 'cancelling') throw new CancelRequested(runId);
      return renewed.status;
    },
    check,
    release: async () => void (await database.run(dropLease, { id: runId, token })),
  };
}

/**
 * Appends events in one statement, numbered under the lock of the run's row: all of them, or none and undefined. The
 * statement also updates the run's status and the number of pending inputs.
 */
export async function appendSteps(
  connection: Queryable,
  run: Pick<LeasedRun, 'id' | 'trace_id' | 'prompt_tokens' | 'spent_cost_micros' | 'spent_output_tokens'>,
  token: string,
  steps: readonly RunEventInput[],
  from: readonly RunStatus[] = ['running', 'waiting_for_input'],
): Promise<number | undefined> {
  const types = steps.map((step) => step.type);
  const status = types.findLast((type) => type in statusAfter);
  const appended = await connection.row(appendEvents, {
    id: run.id,
    token,
    ...runEventValues(run.trace_id, steps),
    status: (status && statusAfter[status]) ?? null,
    takenInputs: types.filter((type) => type === 'run.steering_injected').length,
    from,
    promptTokens: run.prompt_tokens,
    costMicros: run.spent_cost_micros,
    outputTokens: run.spent_output_tokens,
  });
  return appended?.seq;
}

/** Appends events, the last of which says that the run waits, together with the webhook deliveries. */
const appendWait = (database: Database, run: LeasedRun, token: string, steps: readonly RunEventInput[], wait: RunWait) =>
  database.transaction(async (tx) => {
    const first = await appendSteps(tx, run, token, steps);
    if (first !== undefined) await insertWaitDeliveries(tx, run, wait);
    return first;
  });

const statusAfter: Partial<Record<RunEventInput['type'], RunStatus>> = {
  'run.waiting_for_input': 'waiting_for_input',
  'run.resumed': 'running',
};
