import { expect, test } from 'vitest';
import { clockOff } from '../../../support/app/clock.ts';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../../support/app/process.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { eventually } from '../../../support/resources/conversation.ts';

const app = await startTestApp(fastWorkerEnv, { worker: false });
const { call, sql, signUp } = app;
const env = { ...fastWorkerEnv, ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl };

const rounds = 3;
const count = 12;

test('each occurrence is one run with two workers whose clocks differ, of which one is killed again and again', async () => {
  const { token } = await signUp();
  const minute = (new Date().getUTCMinutes() + 30) % 60;
  const body = { name: 'Hourly', cron: `${minute} * * * *`, input: 'Go!', missed: 'run_all', overlap: 'queue' };
  const ids: string[] = [];
  for (let at = 0; at < count; at++) ids.push((await call('POST', '/v1/schedules', { token, body })).body.id);
  const steady = await startProcess('worker', { ...env, ...clockOff(1_200) });
  for (let round = 0; round < rounds; round++) {
    const killed = await startProcess('worker', { ...env, ...clockOff(-1_200) });
    // All schedules are due at once, two times each, and each job is queued twice.
    await sql(
      `update schedules set next_run_at = date_trunc('minute', now()) - interval '1 hour' * $2 where id = any($1) and status = 'active'`,
      [ids, 2 + round],
    );
    // One by one: a statement for all would lock the jobs in another order than a worker that completes several.
    for (let copy = 0; copy < 2; copy++)
      for (const id of ids)
        await sql(
          `select graphile_worker.add_job('schedule.run', json_build_object('v', 1, 'account_id', account_id, 'schedule_id', id),
             job_key := case when $2 = 0 then 'schedule:' || id end) from schedules where id = $1`,
          [id, copy],
        );
    await eventually(async () => (await sql(`select from schedule_occurrences where run_id is not null`)).length > round * count, 'a run');
    killed.kill('SIGKILL');
    await killed.exited;
  }
  await eventually(async () => {
    const [{ open }] = await sql(
      `select (select count(*) from schedule_occurrences where status = 'waiting')::int
            + (select count(*) from runs where status in ('running', 'waiting_for_input', 'cancelling'))::int
            + (select count(*) from schedules where next_run_at < now())::int as open`,
    );
    return open === 0;
  }, 'the end of all runs');
  // Every time that was due has one occurrence with one run, in a thread with one question and one answer.
  const strange = await sql(
    `select o.schedule_id, o.scheduled_for, o.status, o.error_code, r.status as run from schedule_occurrences o left join runs r on r.id = o.run_id
     where o.status <> 'started' or r.status <> 'completed'
       or (select array_agg(m.role order by m.number) from messages m where m.thread_id = r.thread_id and m.visible and m.role <> 'tool') <> '{user,assistant}'`,
  );
  expect(strange).toEqual([]);
  const [totals] = await sql(
    `select count(*)::int as occurrences, count(distinct (schedule_id, scheduled_for))::int as times, count(distinct run_id)::int as runs,
       (select count(*) from runs)::int as all_runs, (select count(*) from threads)::int as threads from schedule_occurrences`,
  );
  const { occurrences } = totals;
  expect(totals).toEqual({ occurrences, times: occurrences, runs: occurrences, all_runs: occurrences, threads: occurrences });
  // At least the last round's times of each schedule: `rounds + 1` full hours with the minute of the pattern.
  expect(occurrences).toBeGreaterThanOrEqual(count * 2);
  steady.kill('SIGTERM');
  expect(await steady.exited).toEqual({ code: 0, signal: null });
});
