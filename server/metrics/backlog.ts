import { Gauge } from 'prom-client';
import { type Sql, statement } from '../kernel/sql.ts';
import type { Concern } from './concern.ts';

/** Rows of one kind that are looked at for a scrape, at most: a long queue must not make it expensive. */
const mostRows = 10_000;
/** How long an answer of the database is used again, and how long one is waited for, in milliseconds. */
const freshMs = 5_000;
const patienceMs = 2_000;

type Row = { kind: 'job' | 'run'; name: string; state: string; count: number; oldest: number };

// Jobs that nobody has taken and those that somebody works on, webhooks that are due, and runs that have not ended.
const selectBacklog = statement<Row>(`
  with jobs as (
    select task_identifier as name, case when locked_at is null then 'waiting' else 'taken' end as state, run_at as since
    from graphile_worker.jobs where attempts < max_attempts and run_at <= now() order by priority, run_at limit ${mostRows}),
  webhooks as (
    select 'webhook.deliver' as name, case when claim_id is null then 'waiting' else 'taken' end as state, next_attempt_at as since
    from webhook_deliveries where status = 'pending' and next_attempt_at <= now() limit ${mostRows}),
  runs as (
    select case when status = 'running' and first_started_at is null then 'queued' else status end as state
    from runs where status in ('running', 'waiting_for_input', 'cancelling') limit ${mostRows})
  select 'job' as kind, name, state, count(*)::int as count, extract(epoch from now() - min(since))::float8 as oldest
  from (select * from jobs union all select * from webhooks) all_jobs group by name, state
  union all select 'run', '', state, count(*)::int, 0 from runs group by state`);

/** What waits in the database. Asked for when somebody scrapes; without an answer these metrics are left out, and say so. */
export const backlogMetrics: Concern = ({ registers, database }) => {
  if (!database) return [];
  const read = recent(database);
  new Gauge({
    name: 'arkloop_database_reachable',
    help: 'Whether the database answered for this scrape: 1 or 0. Without an answer the metrics of the queue and of runs are left out.',
    registers,
    async collect() {
      this.set((await read()) ? 1 : 0);
    },
  });
  new Gauge({
    name: 'arkloop_queue_jobs',
    help: `Jobs that are due, by task and state: waiting, or taken by a worker. Counted up to ${mostRows}; every process shows the same.`,
    labelNames: ['task', 'state'],
    registers,
    async collect() {
      const rows = await read();
      this.reset();
      for (const { kind, name, state, count } of rows ?? []) if (kind === 'job') this.set({ task: name, state }, count);
    },
  });
  new Gauge({
    name: 'arkloop_queue_oldest_job_seconds',
    help: 'Age of the job of a task that has waited longest for a worker. Absent while none waits.',
    labelNames: ['task'],
    registers,
    async collect() {
      const rows = await read();
      this.reset();
      for (const { kind, name, state, oldest } of rows ?? []) if (kind === 'job' && state === 'waiting') this.set({ task: name }, oldest);
    },
  });
  new Gauge({
    name: 'arkloop_runs',
    help: `Runs that have not ended, by state: queued, running, waiting_for_input or cancelling. Counted up to ${mostRows}.`,
    labelNames: ['state'],
    registers,
    async collect() {
      const rows = await read();
      this.reset();
      if (rows)
        for (const state of runStates) this.set({ state }, rows.find((row) => row.kind === 'run' && row.state === state)?.count ?? 0);
    },
  });
  return [];
};

const runStates = ['queued', 'running', 'waiting_for_input', 'cancelling'];

/** One question for all metrics of a scrape and for the scrapes that follow soon; undefined where there is no answer in time. */
function recent(sql: Sql): () => Promise<Row[] | undefined> {
  let asked: Promise<Row[] | undefined> | undefined;
  let until = 0;
  return () => {
    if (!asked || performance.now() >= until) {
      until = performance.now() + freshMs;
      const late = Promise.withResolvers<undefined>();
      const timer = setTimeout(late.resolve, patienceMs, undefined);
      const answer = sql.rows(selectBacklog).catch(() => undefined);
      asked = Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
    }
    return asked;
  };
}
