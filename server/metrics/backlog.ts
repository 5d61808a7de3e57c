import { type Expression, sql, type SqlBool } from 'kysely';
import { Gauge } from 'prom-client';
import type { Queryable } from '../database/sql.ts';
import { type RowOf, statement } from '../database/statement.ts';
import { queuedJobs } from '../jobs/queue.ts';
import { openStatuses } from '../resources/runs/statuses.ts';
import type { MetricGroup } from './metricGroup.ts';

/** Maximum number of rows counted per kind, which limits the cost of a scrape. */
const maxRows = 10_000;
/** How long a result is reused, and how long a scrape waits for one, in milliseconds. */
const cacheMs = 5_000;
const queryTimeoutMs = 2_000;

const state = (isWaiting: Expression<SqlBool>) => sql<'waiting' | 'taken'>`case when ${isWaiting} then 'waiting' else 'taken' end`;

/** Due jobs and webhooks, waiting or taken, and open runs. */
const selectBacklog = statement()((db) =>
  db
    .with('due_jobs', (qc) =>
      qc
        .selectFrom(queuedJobs.as('j'))
        .select((eb) => ['j.task_identifier as name', state(eb('j.locked_at', 'is', null)).as('state'), 'j.run_at as since'])
        .whereRef('j.attempts', '<', 'j.max_attempts')
        .where('j.run_at', '<=', sql<string>`now()`)
        .orderBy('j.priority')
        .orderBy('j.run_at')
        .limit(sql.lit(maxRows)),
    )
    .with('webhooks', (qc) =>
      qc
        .selectFrom('webhook_deliveries')
        .select((eb) => [
          sql<string>`'webhook.deliver'`.as('name'),
          state(eb('claim_id', 'is', null)).as('state'),
          sql<string>`next_attempt_at`.as('since'),
        ])
        .where('status', '=', sql.lit('pending' as const))
        .where('next_attempt_at', '<=', sql<string>`now()`)
        .limit(sql.lit(maxRows)),
    )
    .with('open_runs', (qc) =>
      qc
        .selectFrom('runs')
        .select(sql<string>`case when status = 'running' and first_started_at is null then 'queued' else status end`.as('state'))
        .where('status', 'in', openStatuses)
        .limit(sql.lit(maxRows)),
    )
    .selectFrom((eb) => eb.selectFrom('due_jobs').selectAll().unionAll(eb.selectFrom('webhooks').selectAll()).as('all_jobs'))
    .select([
      sql<'job' | 'run'>`'job'`.as('kind'),
      'name',
      sql<string>`state`.as('state'),
      sql<number>`count(*)::int`.as('count'),
      sql<number>`extract(epoch from now() - min(since))::float8`.as('oldest'),
    ])
    .groupBy(['name', 'state'])
    .unionAll((eb) =>
      eb
        .selectFrom('open_runs')
        .select([
          sql<'job' | 'run'>`'run'`.as('kind'),
          sql<string>`''`.as('name'),
          'state',
          sql<number>`count(*)::int`.as('count'),
          sql<number>`0`.as('oldest'),
        ])
        .groupBy('state'),
    ),
);
type Row = RowOf<typeof selectBacklog>;

/** The backlog in the database, queried on scrape. Without a response, these metrics are left out, and `arkloop_database_reachable` is 0. */
export const backlogMetrics: MetricGroup = ({ registers, database }) => {
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
    help: `Jobs that are due, by task and state: waiting, or taken by a worker. Counted up to ${maxRows}; every process shows the same.`,
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
    help: `Runs that have not ended, by state: queued, running, waiting_for_input or cancelling. Counted up to ${maxRows}.`,
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

/** Shares one query between all metrics of a scrape and the scrapes that follow soon. Undefined if there is no response in time. */
function recent(connection: Queryable): () => Promise<Row[] | undefined> {
  let asked: Promise<Row[] | undefined> | undefined;
  let until = 0;
  return () => {
    if (!asked || performance.now() >= until) {
      until = performance.now() + cacheMs;
      const late = Promise.withResolvers<undefined>();
      const timer = setTimeout(late.resolve, queryTimeoutMs, undefined);
      const answer = connection.rows(selectBacklog).catch(() => undefined);
      asked = Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
    }
    return asked;
  };
}
