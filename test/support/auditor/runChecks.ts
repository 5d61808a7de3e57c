import type { Check } from './finding.ts';

const openStatuses = `('running', 'waiting_for_input', 'cancelling')`;
const terminal = `('run.completed', 'run.failed', 'run.cancelled')`;

/** Events, ends and answers of runs. */
export const runChecks: readonly Check[] = [
  {
    kind: 'events.gap',
    sql: `select r.id as subject, format('next_seq %s, but %s events from %s to %s', r.next_seq, coalesce(e.n, 0), e.first, e.last) as detail
      from runs r left join (select run_id, count(*) as n, min(seq) as first, max(seq) as last from run_events group by run_id) e on e.run_id = r.id
      where e.n is null or e.first <> 1 or e.n <> e.last or r.next_seq <> e.last + 1`,
  },
  {
    kind: 'events.terminal',
    sql: `select r.id as subject, format('%s with %s final events', r.status, coalesce(t.n, 0)) as detail
      from runs r left join (select run_id, count(*) as n from run_events where type in ${terminal} group by run_id) t on t.run_id = r.id
      where coalesce(t.n, 0) <> (r.status not in ${openStatuses})::int`,
  },
  {
    kind: 'events.after_terminal',
    sql: `select e.run_id as subject, format('%s %s after the final event %s', e.type, e.seq, t.seq) as detail
      from run_events e join (select run_id, min(seq) as seq from run_events where type in ${terminal} group by run_id) t on t.run_id = e.run_id
      where e.seq > t.seq`,
  },
  {
    kind: 'run.status',
    sql: `select r.id as subject, format('status %s, but the event %s', r.status, e.type) as detail
      from runs r join run_events e on e.run_id = r.id and e.type in ${terminal} where e.type <> 'run.' || r.status`,
  },
  {
    kind: 'run.open',
    isSettled: true,
    sql: `select r.id as subject, format('%s since %s, attempt %s, lease %s until %s, job %s', r.status, r.last_activity_at, r.attempt,
        r.lease_token, r.lease_until, coalesce((select format('attempts %s of %s, locked by %s, due %s', j.attempts, j.max_attempts, j.locked_by, j.run_at)
          from graphile_worker.jobs j where j.key = 'run:' || r.id), 'missing')) as detail
      from runs r where r.status in ${openStatuses}`,
  },
  {
    kind: 'run.lease',
    sql: `select id as subject, format('%s with lease %s', status, lease_token) as detail from runs
      where status not in ${openStatuses} and (lease_token is not null or lease_until is not null)`,
  },
  {
    kind: 'run.answer',
    sql: `select r.id as subject, format('%s with %s answers', r.status, coalesce(a.n, 0)) as detail
      from runs r left join (select run_id, count(*) as n from messages where role = 'assistant' group by run_id) a on a.run_id = r.id
      where coalesce(a.n, 0) > 1 or (r.status = 'completed' and coalesce(a.n, 0) = 0)`,
  },
  {
    kind: 'run.parallel',
    sql: `select thread_id as subject, format('%s open runs', count(*)) as detail from runs
      where parent_run_id is null and status in ${openStatuses} group by thread_id having count(*) > 1`,
  },
  {
    kind: 'run.count',
    sql: `select 'runs' as subject, format('counted %s, stored %s', c.counted, r.stored) as detail
      from (select coalesce(sum(change), 0) as counted from run_count_changes) c, (select count(*) as stored from runs) r where c.counted <> r.stored`,
  },
  {
    kind: 'directory.count',
    sql: `select s.subject, format('counted %s, stored %s', coalesce(c.counted, 0), s.stored) as detail
      from (select 'user' as subject, count(*) as stored from users where status <> 'deleted' and username <> 'system_agent'
        union all select 'account', count(*) from accounts where deleted_at is null) s
      left join (select subject, sum(change) as counted from directory_count_changes group by subject) c on c.subject = s.subject
      where coalesce(c.counted, 0) <> s.stored`,
  },
  {
    kind: 'tool.result',
    sql: `select c.run_id as subject, format('call %s has %s results', c.id, coalesce(a.n, 0)) as detail
      from (select e.run_id, e.data ->> 'tool_call_id' as id from run_events e where e.type = 'tool.call') c
      join runs r on r.id = c.run_id and r.status = 'completed'
      left join (select run_id, data ->> 'tool_call_id' as id, count(*) as n from run_events where type = 'tool.result' group by 1, 2) a
        on a.run_id = c.run_id and a.id = c.id
      where coalesce(a.n, 0) <> 1`,
  },
];
