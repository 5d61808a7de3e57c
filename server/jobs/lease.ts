import type { RunStep } from '../../contract/events.ts';
import type { RunStatus } from '../../contract/runRequests.ts';
import { newId } from '../kernel/ids.ts';
import { type Database, type Sql, statement } from '../kernel/sql.ts';

/** A run that this worker holds. */
export type LeasedRun = {
  id: string;
  account_id: string;
  thread_id: string;
  parent_run_id: string | null;
  /** The run whose unfinished answer this one goes on from. */
  continues_run_id: string | null;
  created_by_user_id: string | null;
  source: string;
  trace_id: string;
  route_id: string | null;
  requested_persona_id: string | null;
  requested_model: string | null;
  reasoning_mode: string | null;
  tail_message_number: number;
  route_snapshot: unknown;
  persona_snapshot: unknown;
  reserved_credits: number;
  /** Tokens of the prompt of the newest model call, estimated; stored with the events that follow the call. */
  prompt_tokens: number;
  next_seq: number;
  attempt: number;
  status: RunStatus;
  /** Milliseconds since the first worker began it, by the database's clock. */
  age_ms: number;
};

/** The lease is gone: another worker has the run, or it has ended. Nothing more may be written. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}

/** The run was asked to stop. */
export class CancelRequested extends Error {
  override name = 'CancelRequested';
}

const open = `status in ('running', 'waiting_for_input', 'cancelling')`;

const takeLease = statement<LeasedRun>(`
  update runs set lease_token = $2, lease_until = clock_timestamp() + $3 * interval '1 second', attempt = attempt + 1,
    first_started_at = coalesce(first_started_at, clock_timestamp()), last_activity_at = clock_timestamp()
  where id = $1 and ${open} and (lease_token is null or lease_until < clock_timestamp())
  returning id, account_id, thread_id, parent_run_id, continues_run_id, created_by_user_id, source, trace_id, route_id, requested_persona_id,
    requested_model, reasoning_mode, tail_message_number, route_snapshot, persona_snapshot, reserved_credits, prompt_tokens, next_seq, attempt, status, extract(epoch from clock_timestamp() - first_started_at)::float8 * 1000 as age_ms`);

const renewLease = statement<{ status: RunStatus }>(`
  update runs set lease_until = clock_timestamp() + $3 * interval '1 second', last_activity_at = clock_timestamp()
  where id = $1 and lease_token = $2 and ${open} and lease_until > clock_timestamp() returning status`);

const dropLease = statement<never>('update runs set lease_token = null, lease_until = null where id = $1 and lease_token = $2');

const append = statement<{ seq: number }>(`
  with run as (
    update runs set next_seq = next_seq + $3, last_activity_at = clock_timestamp(), status = coalesce($7, status), pending_inputs = pending_inputs - $8,
      prompt_tokens = $10
    where id = $1 and lease_token = $2 and status = any($9) and lease_until > clock_timestamp()
    returning next_seq - $3 as first)
  insert into run_events (run_id, seq, event_id, type, data, created_at)
  select $1, run.first + e.n - 1, e.event_id, e.type, e.data::json, clock_timestamp()
  from run, unnest($4::uuid[], $5::text[], $6::text[]) with ordinality as e(event_id, type, data, n)
  returning seq`);

const selectStatus = statement<{ status: RunStatus; lease_token: string | null }>('select status, lease_token from runs where id = $1');

/** One worker's hold on a run: every write of the worker names its token, so a worker that lost it can write nothing. */
export type Lease = {
  readonly run: LeasedRun;
  readonly token: string;
  /** Gives the number of the first of the events. */
  append(steps: readonly RunStep[]): Promise<number>;
  /** Ends a wait that nobody answered. False when an answer came first. */
  endWait(requestId: string): Promise<boolean>;
  /** Throws LeaseLost or CancelRequested when the run is no longer this worker's to go on with. */
  renew(): Promise<RunStatus>;
  /** As renew, but only reads: for whoever asks often. */
  check(): Promise<RunStatus>;
  release(): Promise<void>;
};

/** Take a run; undefined when it has ended, is gone, or another worker holds it. */
export async function leaseRun(database: Database, runId: string, leaseSeconds: number): Promise<Lease | undefined> {
  const token = newId();
  const run = await database.row(takeLease, [runId, token, leaseSeconds]);
  if (!run) return undefined;
  const check = async () => {
    const found = await database.row(selectStatus, [runId]);
    if (found?.lease_token !== token) throw new LeaseLost(runId);
    if (found.status === 'cancelling') throw new CancelRequested(runId);
    return found.status;
  };
  return {
    run,
    token,
    async append(steps) {
      const first = await appendSteps(database, run, token, steps);
      if (first !== undefined) return first;
      await check();
      throw new LeaseLost(runId);
    },
    async endWait(requestId) {
      const step: RunStep = { type: 'run.resumed', data: { request_id: requestId, reason: 'input_timeout' } };
      if ((await appendSteps(database, run, token, [step], ['waiting_for_input'])) !== undefined) return true;
      await check();
      return false;
    },
    async renew() {
      const renewed = await database.row(renewLease, [runId, token, leaseSeconds]);
      if (!renewed) throw new LeaseLost(runId);
      if (renewed.status === 'cancelling') throw new CancelRequested(runId);
      return renewed.status;
    },
    check,
    release: async () => void (await database.run(dropLease, [runId, token])),
  };
}

/**
 * Append events in one statement that gives them their numbers under the lock of the run's row: all, or none and undefined. With the events
 * goes what they say of the run: that it waits, that it goes on, that input was taken up.
 */
export async function appendSteps(
  sql: Sql,
  run: Pick<LeasedRun, 'id' | 'trace_id' | 'prompt_tokens'>,
  token: string,
  steps: readonly RunStep[],
  from: readonly RunStatus[] = ['running', 'waiting_for_input'],
): Promise<number | undefined> {
  const ids = steps.map(() => newId());
  const types = steps.map((step) => step.type);
  const data = steps.map((step) => JSON.stringify({ ...step.data, trace_id: run.trace_id }));
  const status = types.findLast((type) => type in statusAfter);
  const taken = types.filter((type) => type === 'run.steering_injected').length;
  const values = [run.id, token, steps.length, ids, types, data, status ? statusAfter[status] : null, taken, from, run.prompt_tokens];
  return (await sql.row(append, values))?.seq;
}
const statusAfter: Partial<Record<RunStep['type'], RunStatus>> = { 'run.waiting_for_input': 'waiting_for_input', 'run.resumed': 'running' };
