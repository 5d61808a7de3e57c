import type { RunStatus } from '../../../contract/runRequests.ts';
import { statement } from '../../kernel/sql.ts';
import { mostCredits } from '../credits/ledger.ts';
import { sharedWith } from '../teams/visibility.ts';

export type RunRow = {
  id: string;
  account_id: string;
  thread_id: string;
  parent_run_id: string | null;
  resume_from_run_id: string | null;
  created_by_user_id: string | null;
  status: RunStatus;
  trace_id: string;
  route_id: string | null;
  requested_persona_id: string | null;
  requested_model: string | null;
  reasoning_mode: string | null;
  model: string | null;
  persona_id: string | null;
  next_seq: number;
  total_input_tokens: number | null;
  total_output_tokens: number | null;
  total_cost_usd: number | null;
  usage_estimated: boolean;
  cache_hit_rate: number | null;
  error: { error_class: string; message: string; details?: Record<string, unknown> } | null;
  created_at: string;
  completed_at: string | null;
  failed_at: string | null;
  cancelled_at: string | null;
};

export const runColumns = `r.id, r.account_id, r.thread_id, r.parent_run_id, r.resume_from_run_id, r.created_by_user_id, r.status, r.trace_id, r.route_id,
  r.requested_persona_id, r.requested_model, r.reasoning_mode, r.model, r.persona_id, r.next_seq, r.total_input_tokens, r.total_output_tokens, r.total_cost_usd,
  r.usage_estimated, r.cache_hit_rate, r.error, r.created_at, r.completed_at, r.failed_at, r.cancelled_at`;

const active = `status in ('running', 'waiting_for_input', 'cancelling')`;

/** Credits that the open root runs of an account have reserved: derived from the runs, so that a run that has ended reserves nothing. */
export const reservedBy = (account: string, more = '') =>
  `least(coalesce((select sum(r.reserved_credits) from runs r where r.account_id = ${account} and r.parent_run_id is null and r.${active} ${more}), 0), ${mostCredits})::bigint`;

/** The thread of a new run, locked, with the account's slots and reservations locked too: all are read by the next statement. */
export const lockThread = statement<{ last_message_number: number; tail_message_id: string | null }>(`
  select t.last_message_number, (select m.id from messages m where m.account_id = t.account_id and m.thread_id = t.id and m.number <= t.last_message_number
      and m.visible and m.role <> 'tool' order by m.number desc limit 1) as tail_message_id, pg_advisory_xact_lock(hashtextextended('run slots ' || t.account_id::text, 0))
  from threads t where t.account_id = $1 and t.id = $2 and t.deleted_at is null for update of t`);

type Limits = { account_status: string | null; is_busy: boolean; balance: number; reserved: number; active_runs: number };

export const selectLimits = statement<Limits>(`
  select (select status from accounts where id = $1 and deleted_at is null) as account_status,
    exists (select from runs where thread_id = $2 and parent_run_id is null and ${active}) as is_busy,
    coalesce((select balance from credit_balances where account_id = $1), 0) as balance, open.reserved, open.active_runs
  from (select count(*) as active_runs, coalesce(sum(reserved_credits), 0) as reserved from runs
    where account_id = $1 and parent_run_id is null and ${active}) open`);

type Earlier = { resumable_run_id: string | null; continues_run_id: string | null; continues_message_id: string | null };

const newerMessage = `exists (
    select from messages m where m.account_id = $1 and m.thread_id = $2 and m.role = 'user' and m.visible and m.number > r.tail_message_number)`;

/**
 * What a new run of a thread takes up. `resumable`: the newest root run, if it ended before the user's newest message and may be taken up again.
 * `continues`: the run whose unfinished answer ends the thread, with the message that shows its text if that was cut off; if a user said something during that run, only
 * an explicit request (`$3`) continues it.
 */
export const selectEarlier = statement<Earlier>(`
  select (
    select r.id from (
      select * from runs where account_id = $1 and thread_id = $2 and parent_run_id is null order by created_at desc, id desc limit 1) r
    where (r.status = 'cancelled' or (r.status = 'failed' and (r.error ->> 'resumable')::boolean)) and ${newerMessage}) as resumable_run_id,
    last.run_id as continues_run_id, last.message_id as continues_message_id
  from (values (0)) one left join (
    select m.run_id, (select s.id from messages s where s.account_id = $1 and s.thread_id = $2 and s.run_id = m.run_id and s.visible
      and s.role = 'assistant' and s.completion <> 'complete' and exists (
        select from messages u where u.account_id = $1 and u.thread_id = $2 and u.run_id = m.run_id and u.visible and u.content_json ->> 'kind' = 'unfinished')) as message_id
    from (select * from messages where account_id = $1 and thread_id = $2 and visible order by number desc limit 1) m
    left join runs r on r.account_id = $1 and r.thread_id = $2 and r.id = m.run_id
    where m.completion <> 'complete' and ($3 or not ${newerMessage})) last on true`);

/** Nothing is inserted for a user who is suspended or deleted: either waits for runs that are being made, and then finds them. */
export const insertRun = statement<never>(`
  with thread as (update threads set updated_at = now() where account_id = $1 and id = $3),
  creator as (select id from users where id = $4 and status = 'active' for share),
  run as (
    insert into runs (account_id, id, thread_id, created_by_user_id, source, trace_id, route_id, requested_persona_id, requested_model, reasoning_mode,
      tail_message_number, resume_from_run_id, continues_run_id, reserved_credits, next_seq)
    select $1::uuid, $2::uuid, $3::uuid, creator.id, $5, $6, $7, $8, $9, $10, $11::integer, $12::uuid, $13::uuid, $14::bigint, 2 from creator returning id)
  insert into run_events (run_id, seq, event_id, type, data, created_at) select id, 1, $15, 'run.started', $16, now() from run`);

export const selectRun = statement<RunRow & { thread_owner_id: string | null }>(`
  select ${runColumns}, t.created_by_user_id as thread_owner_id
  from runs r join threads t on t.account_id = r.account_id and t.id = r.thread_id and t.deleted_at is null and (t.expires_at is null or t.expires_at > now())
  where r.account_id = $1 and r.id = $2 and (r.created_by_user_id = $3 or t.created_by_user_id = $3 or $5 or (not t.is_private and exists (
    select from projects p where p.account_id = t.account_id and p.id = t.project_id and p.deleted_at is null and p.visibility = 'shared'
      and (p.owner_user_id = $3 or $4 or ${sharedWith('$3')}))))`);

export const selectChildRuns = statement<{ id: string }>(
  'select id from runs where account_id = $1 and parent_run_id = $2 order by created_at, id',
);

export const selectThreadRuns = statement<RunRow>(`
  select ${runColumns} from runs r
  where r.account_id = $1 and r.thread_id = $2 and ($3::timestamptz is null or (r.created_at, r.id) < ($3, $4::uuid))
  order by r.created_at desc, r.id desc limit $5`);

export const lockRun = statement<{ id: string; status: RunStatus; attempt: number; trace_id: string }>(
  'select id, status, attempt, trace_id from runs where account_id = $1 and id = $2 for update',
);

/** What was sent to a run so far. */
export const selectInputs = statement<{ data: { input_key?: string } }>(
  `select data from run_events where run_id = $1 and type = 'run.input_provided'`,
);

/** The request that a waiting run waits for. */
export const selectRequest = statement<{ data: { request_id: string } }>(
  `select data from run_events where run_id = $1 and type = 'run.waiting_for_input' order by seq desc limit 1`,
);

/** Counts input that the run has to take up; its row is locked. */
export const countInput = statement<never>('update runs set pending_inputs = pending_inputs + 1 where account_id = $1 and id = $2');

/** Appends one event outside the worker; the row lock that gives the number is held to the commit, so numbers have no gaps. */
export const appendEvent = statement<never>(`
  with run as (update runs set next_seq = next_seq + 1, last_activity_at = clock_timestamp(), status = coalesce($5, status),
      cancelled_at = case when $5 = 'cancelled' then clock_timestamp() else cancelled_at end
    where id = $1 returning id, next_seq - 1 as seq)
  insert into run_events (run_id, seq, event_id, type, data, created_at) select id, seq, $2, $3, $4, clock_timestamp() from run`);

/** What was asked of the run that answered the message with the number $3, or of the newest of several. */
export const selectRepeated = statement<Pick<RunRow, 'route_id' | 'requested_persona_id' | 'requested_model' | 'reasoning_mode'>>(`
  select route_id, requested_persona_id, requested_model, reasoning_mode from runs
  where account_id = $1 and thread_id = $2 and parent_run_id is null and (id = $4 or ($4::uuid is null and tail_message_number >= $3))
  order by tail_message_number, created_at desc, id desc limit 1`);

export const selectContinuable = statement<RunRow & { can_continue: boolean }>(`
  select ${runColumns}, r.status in ('failed', 'cancelled') and (exists (
    select from messages m where m.account_id = $1 and m.thread_id = $2 and m.run_id = r.id and m.visible and m.completion <> 'complete'
  ) or exists (
    select from run_events e where e.run_id = r.id
      and e.type in ('message.delta', 'tool.call', 'tool.call.delta', 'tool.result', 'run.segment.start', 'run.segment.end'))) as can_continue
  from runs r where r.account_id = $1 and r.thread_id = $2 and r.id = $3 and r.parent_run_id is null`);
