import { expressionBuilder, sql } from 'kysely';
import type { RunEventInput } from '../../../contract/events.ts';
import type { RunStatus } from '../../../contract/runRequests.ts';
import { backgroundShare } from '../../database/connection/connectionShares.ts';
import type { Database, Queryable, SharedDatabase } from '../../database/sql.ts';
import { jsonb, type Parameters, type RowOf, statement } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';
import { executeRunTask } from '../../jobs/queue.ts';
import { newId } from '../../platform/crypto/ids.ts';
import type { StoredRunEvent } from '../../pubsub/localRuns.ts';
import { lostAuthorityOf, runPermissions } from '../../resources/accounts/authority.ts';
import { appendRunEvents, type NewRunEvents, nextSeq, runEventValues, storedEvents } from '../../resources/runs/appendRunEvents.ts';
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

const leasedColumns = [
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
  'event_bytes',
  'lost_leases',
  'next_seq',
  'attempt',
  'status',
  'pending_inputs',
] as const;

/**
 * A job that a worker has taken from the queue, or the start of a run of the same process, which has a new id. `left` is how often processes without
 * its key have left it to others.
 */
export type RunJob = { id: string; isLocal: boolean; left?: number };

/** The job that a worker has received, for the event that says so. Null for none. */
type ReceivedJob = { jobId: string | null; jobType: string; eventId: string };

const runs = expressionBuilder<Tables, 'runs'>();

/** Whether the account of the run has an enabled webhook. */
export const hasWebhooks = runs.exists(
  runs
    .selectFrom('webhook_endpoints as e')
    .select(sql.lit(1).as('one'))
    .whereRef('e.account_id', '=', 'runs.account_id')
    .where('e.enabled', '=', sql.lit(true)),
);

/** Also appends `worker.job.received`, unless the run is to be cancelled. `next_seq` is that before the event. */
const takeLease = statement<LeaseKey & ReceivedJob & { seconds: number; maxLostLeases: number }>({ needsSynchronousCommit: true })((
  db,
  $,
) => {
  const isReceived = sql<boolean>`(${$.jobId}::text is not null and status <> 'cancelling')`;
  const taken = db
    .with('run', (qc) =>
      qc
        .updateTable('runs')
        .set({
          lease_token: $.token,
          lease_until: sql`clock_timestamp() + ${$.seconds} * interval '1 second'`,
          attempt: sql`attempt + 1`,
          first_started_at: sql`coalesce(first_started_at, clock_timestamp())`,
          last_activity_at: sql`clock_timestamp()`,
          next_seq: sql`next_seq + ${isReceived}::integer`,
        })
        .where('id', '=', $.id)
        .where('status', 'in', openStatuses)
        .where((eb) => eb.or([eb('lease_token', 'is', null), eb('lease_until', '<', sql<string>`clock_timestamp()`)]))
        .where('lost_leases', '<=', $.maxLostLeases)
        .returning(leasedColumns)
        .returning([
          // Milliseconds since the first worker began the run, by the database's clock.
          sql<number>`extract(epoch from clock_timestamp() - first_started_at)::float8 * 1000`.as('age_ms'),
          isReceived.as('is_received'),
        ])
        .returning(hasWebhooks.as('has_webhooks')),
    )
    .with('event', (qc) =>
      qc
        .insertInto('run_events')
        .columns(['run_id', 'seq', 'event_id', 'type', 'data', 'created_at'])
        .expression((eb) =>
          eb
            .selectFrom('run')
            .select([
              'run.id',
              sql<number>`run.next_seq - 1`.as('seq'),
              sql<string>`${$.eventId}::uuid`.as('event_id'),
              sql.lit('worker.job.received').as('type'),
              sql<Record<string, unknown>>`json_build_object('job_id', ${$.jobId}::text, 'job_type', ${$.jobType}::text,
                'account_id', run.account_id, 'attempt', run.attempt, 'trace_id', run.trace_id)`.as('data'),
              sql<string>`clock_timestamp()`.as('created_at'),
            ])
            .where('run.is_received', '=', sql.lit(true)),
        )
        .returning(['created_at', 'data']),
    );
  return taken
    .selectFrom('run')
    .leftJoin('event', (join) => join.onTrue())
    .select(leasedColumns.map((column) => `run.${column}` as const))
    .select([
      'age_ms',
      'has_webhooks',
      sql<number>`next_seq - is_received::integer`.as('next_seq'),
      'event.created_at as received_at',
      'event.data as received_data',
      lostAuthorityOf(
        {
          accountId: sql.ref<string>('run.account_id'),
          userId: sql.ref<string>('run.created_by_user_id'),
          apiKeyId: sql.ref<string>('run.api_key_id'),
        },
        runPermissions,
      ).as('lost_authority'),
    ]);
});

/** The persona and the route that a worker has chosen. The snapshots are JSON text. */
export type StoredPlan = { route: string; model: string | null; personaId: string; persona: string };

/**
 * `unstored_plan` is stored with the next events, and `multiplier` is that of its route. `pending_inputs` is the number of inputs when the
 * lease was taken or events were last appended; undefined if others may have come since.
 */
export type LeasedRun = Omit<RowOf<typeof takeLease>, 'received_at' | 'received_data' | 'pending_inputs'> & {
  unstored_plan?: StoredPlan | undefined;
  multiplier?: string;
  pending_inputs?: number | undefined;
};

/** The largest integer of PostgreSQL. */
const anyNumber = 2 ** 31 - 1;

/** Whether a run waits for a worker, after its last one was lost. */
export const selectSuspect = statement<{ id: string }>()((db, $) =>
  db
    .selectFrom('runs')
    .select('id')
    .where('id', '=', $.id)
    .where('status', 'in', openStatuses)
    .where('lease_token', 'is', null)
    .where('lost_leases', '>', sql.lit(0)),
);

/** Keeps why an attempt failed. Returns whether the attempt before it failed for the same reason. */
export const noteFailure = statement<LeaseKey & { failure: string }>()((db, $) =>
  db
    .with('earlier', (qc) =>
      qc.selectFrom('runs').select(['failure', 'failed_attempt']).where('id', '=', $.id).where('lease_token', '=', $.token).forUpdate(),
    )
    .updateTable('runs as r')
    .from('earlier')
    .set({ failure: $.failure, failed_attempt: sql`r.attempt` })
    .where('r.id', '=', $.id)
    .where('r.lease_token', '=', $.token)
    .returning(
      sql<boolean>`earlier.failure is not distinct from ${$.failure}::text and earlier.failed_attempt = r.attempt - 1`.as('is_repeated'),
    ),
);

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

export type AppendedEvents = NewRunEvents & {
  status: RunStatus | null;
  /** Number of inputs that were taken up. */
  takenInputs: number;
  /** Bytes of the events. */
  eventBytes: number;
  /** Whether a turn has ended: the run is not what ended its workers before. */
  hasTurn: boolean;
  promptTokens: number;
  costMicros: number;
  outputTokens: number;
};

/** Values of the run that events change. */
export const valuesWithEvents = ($: Parameters<AppendedEvents>) => ({
  next_seq: nextSeq($),
  last_activity_at: sql<string>`clock_timestamp()`,
  status: sql<RunStatus>`coalesce(${$.status}, status)`,
  pending_inputs: sql<number>`pending_inputs - ${$.takenInputs}`,
  event_bytes: sql<number>`event_bytes + ${$.eventBytes}::bigint`,
  lost_leases: sql<number>`case when ${$.hasTurn}::boolean then 0 else lost_leases end`,
  prompt_tokens: $.promptTokens,
  spent_cost_micros: $.costMicros,
  spent_output_tokens: $.outputTokens,
});

export const planOf = ($: Parameters<StoredPlan>) => ({
  route_snapshot: jsonb($.route),
  model: $.model,
  persona_id: $.personaId,
  persona_snapshot: jsonb($.persona),
});

export type Held = LeaseKey & { from: readonly RunStatus[] };

/** Whether the lease is held, of a run in one of the statuses `from`. */
export const isHeld = ($: Parameters<Held>) => {
  const [id, token, until] = [sql.ref('id'), sql.ref('lease_token'), sql.ref('lease_until')];
  return sql<boolean>`${id} = ${$.id} and ${token} = ${$.token} and status = any(${$.from}::text[]) and ${until} > clock_timestamp()`;
};

const pendingInputs = expressionBuilder<{ run: { pending_inputs: number } }>()
  .selectFrom('run')
  .select('pending_inputs')
  .$asScalar()
  .$notNull()
  .as('pending_inputs');

const appendEvents = statement<Held & AppendedEvents>({ needsSynchronousCommit: true, bound: 'one' })((db, $) =>
  appendRunEvents(
    db.with('run', (qc) =>
      qc.updateTable('runs').set(valuesWithEvents($)).where(isHeld($)).returning(['id', 'next_seq', 'pending_inputs']),
    ),
    $,
  ).returning(['seq', 'created_at', pendingInputs]),
);

const appendEventsAndPlan = statement<Held & AppendedEvents & StoredPlan>({ needsSynchronousCommit: true, bound: 'one' })((db, $) =>
  appendRunEvents(
    db.with('run', (qc) =>
      qc
        .updateTable('runs')
        .set({ ...valuesWithEvents($), ...planOf($) })
        .where(isHeld($))
        .returning(['id', 'next_seq', 'pending_inputs']),
    ),
    $,
  ).returning(['seq', 'created_at', pendingInputs]),
);

const updatePlan = statement<LeaseKey & StoredPlan>()((db, $) =>
  db.updateTable('runs').set(planOf($)).where('id', '=', $.id).where('lease_token', '=', $.token),
);

const selectStatus = statement<{ id: string }>({ isShort: true })((db, $) =>
  db.selectFrom('runs').select(['status', 'lease_token']).where('id', '=', $.id),
);

/** A worker's lease on a run. Every write of the worker requires the token, so a worker that lost the lease can write nothing. */
export type Lease = {
  readonly run: LeasedRun;
  readonly token: string;
  /** The event that was stored with the lease. */
  readonly received: readonly StoredRunEvent[];
  /** Returns the events as they are stored. */
  append(steps: readonly RunEventInput[]): Promise<StoredRunEvent[]>;
  /** Ends a wait without an answer. Returns false if an answer came first. */
  endWait(requestId: string, reason: 'input_timeout' | 'question_withdrawn'): Promise<boolean>;
  /** Throws `LeaseLost` or `CancelRequested` if the worker must stop the run. */
  renew(): Promise<RunStatus>;
  /** Like `renew`, but read-only, for frequent calls. */
  check(): Promise<RunStatus>;
  release(): Promise<void>;
};

/**
 * Undefined if the run does not exist, has ended, has lost more than `maxLostLeases`, or is leased by another worker. With a job, the event that this worker has received it is
 * stored together with the lease.
 */
export async function leaseRun(
  database: Database,
  runId: string,
  leaseSeconds: number,
  job?: RunJob,
  maxLostLeases: number = anyNumber,
): Promise<Lease | undefined> {
  const token = newId();
  const received = { jobId: job?.id ?? null, jobType: executeRunTask, eventId: newId() };
  const taken = await database.row(takeLease, { id: runId, token, seconds: leaseSeconds, maxLostLeases, ...received });
  if (!taken) return undefined;
  const { received_at: receivedAt, received_data: data, ...row } = taken;
  const run: LeasedRun = row;
  const check = async () => {
    const found = await database.row(selectStatus, { id: runId });
    if (found?.lease_token !== token) throw new LeaseLost(runId);
    if (found.status === 'cancelling') throw new CancelRequested(runId);
    return found.status;
  };
  /** Of the account, whose floods do not take the connections of others. */
  const forEvents = database.of(backgroundShare(run.account_id));
  return {
    run,
    token,
    received:
      receivedAt === null || data === null
        ? []
        : [{ run_id: runId, seq: run.next_seq, event_id: received.eventId, type: 'worker.job.received', data, created_at: receivedAt }],
    async append(steps) {
      const wait = steps.findLast((step) => step.type === 'run.waiting_for_input');
      const stored = wait ? await appendWait(forEvents, run, token, steps, wait.data) : await appendSteps(forEvents, run, token, steps);
      if (stored) return stored;
      await check();
      throw new LeaseLost(runId);
    },
    async endWait(requestId, reason) {
      const step: RunEventInput = { type: 'run.resumed', data: { request_id: requestId, reason } };
      if ((await appendSteps(forEvents, run, token, [step], ['waiting_for_input'])) !== undefined) return true;
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

type AppendingRun = Pick<
  LeasedRun,
  'id' | 'trace_id' | 'prompt_tokens' | 'spent_cost_micros' | 'spent_output_tokens' | 'event_bytes' | 'unstored_plan' | 'pending_inputs'
>;

/** Of an event beside its data. */
const eventRowBytes = 128;

/** The values of a statement that appends events of a run. */
export function valuesOfSteps(run: AppendingRun, token: string, steps: readonly RunEventInput[]): LeaseKey & AppendedEvents {
  const types = steps.map((step) => step.type);
  const values = runEventValues(run.trace_id, steps);
  const status = types.findLast((type) => type in statusAfter);
  return {
    id: run.id,
    token,
    ...values,
    eventBytes: values.data.reduce((sum, data) => sum + Buffer.byteLength(data) + eventRowBytes, 0),
    hasTurn: types.includes('llm.turn.completed'),
    status: (status && statusAfter[status]) ?? null,
    takenInputs: types.filter((type) => type === 'run.steering_injected').length,
    promptTokens: run.prompt_tokens,
    costMicros: run.spent_cost_micros,
    outputTokens: run.spent_output_tokens,
  };
}

/**
 * Appends events in one statement, numbered under the lock of the run's row: all of them, which are returned as stored, or none and undefined. The
 * statement also updates the run's status and the number of pending inputs, and stores the plan of the run once.
 */
export async function appendSteps(
  connection: Queryable,
  run: AppendingRun,
  token: string,
  steps: readonly RunEventInput[],
  from: readonly RunStatus[] = ['running', 'waiting_for_input'],
): Promise<StoredRunEvent[] | undefined> {
  const { unstored_plan: plan } = run;
  const values = { ...valuesOfSteps(run, token, steps), from };
  const rows = plan ? await connection.rows(appendEventsAndPlan, { ...values, ...plan }) : await connection.rows(appendEvents, values);
  const [appended] = rows;
  if (!appended) return undefined;
  run.pending_inputs = appended.pending_inputs;
  run.event_bytes += values.eventBytes;
  // A plan that was decided meanwhile is stored with the next events.
  if (run.unstored_plan === plan) run.unstored_plan = undefined;
  return storedEvents(run, steps, values, rows);
}

/** Stores the plan of a run that ends before an event could be stored with it: it names the model that is charged. */
export async function storeRemainingPlan(tx: Queryable, { run, token }: Pick<Lease, 'run' | 'token'>): Promise<void> {
  if (run.unstored_plan) await tx.run(updatePlan, { id: run.id, token, ...run.unstored_plan });
}

/** Appends events, the last of which says that the run waits, together with the webhook deliveries. */
const appendWait = (database: SharedDatabase, run: LeasedRun, token: string, steps: readonly RunEventInput[], wait: RunWait) =>
  database.transaction(async (tx) => {
    const stored = await appendSteps(tx, run, token, steps);
    if (stored) await insertWaitDeliveries(tx, run, wait);
    return stored;
  });

const statusAfter: Partial<Record<RunEventInput['type'], RunStatus>> = {
  'run.waiting_for_input': 'waiting_for_input',
  'run.resumed': 'running',
};
