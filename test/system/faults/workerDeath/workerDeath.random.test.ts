import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dataOf } from '../../../support/agent/agent.ts';
import { addScriptedModel } from '../../../support/agent/scriptedModel.ts';
import { addToolServer, callsTools } from '../../../support/agent/tools.ts';
import { chat } from '../../../support/agent/vendor.ts';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../../support/app/process.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { expectRunInvariants } from '../../../support/checks/invariants.ts';
import { rounds } from '../../../support/checks/race.ts';
import { openThread, startRun } from '../../../support/resources/conversation.ts';

const app = await startTestApp({ ...fastWorkerEnv, ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const slots = { ARKLOOP_WORKER_CONCURRENCY: '16', ARKLOOP_WORKER_MAX_CONCURRENCY: '16' };
const env = { ...fastWorkerEnv, ...testKeysEnv, ...slots, ARKLOOP_DATABASE_URL: app.databaseUrl };
const startWorker = () => startProcess('worker', env);
// Every token costs credits.
await app.sql(
  `insert into platform_settings (key, value) values ('credit.deduction_policy', to_jsonb('{"tiers":[{"multiplier":1}]}'::text))`,
);

const steps = 6;
const runsAtOnce = 12;

/** Each turn streams text and calls a tool, alone or in parallel with another one. The last turn answers. */
function think(messages: { role: string; content: string }[]) {
  const said = ['I ', 'look ', 'at ', 'this. '].flatMap((word) => [chat.text(word), { wait: 15 }]);
  const usage = chat.usage({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 });
  const run = messages.find(({ role }) => role === 'user')!.content;
  const done = messages.filter(({ role }) => role === 'assistant').length;
  if (done >= steps) return { steps: [...said, chat.stop(), usage, chat.done] };
  const calls = callsTools(
    ['mcp__tools__count', { run, step: done }],
    ...(done % 2 ? [['timeline_title', { label: 'x' }] as ['timeline_title', object]] : []),
  );
  return { steps: [...said, ...calls.steps!] };
}

test('workers killed at random moments cause no gap in the events and no repeated tool call, and every turn is charged once', async () => {
  const person = await app.signUp();
  const tools = await addToolServer(app, person);
  await addScriptedModel(app, person, think);
  await app.sql('update credit_balances set balance = 1000000 where account_id = $1', [person.accountId]);
  const attemptsOf = async () =>
    (await app.sql('select coalesce(sum(attempt - 1), 0)::int as lost from runs where account_id = $1', [person.accountId]))[0].lost;
  const activeRuns = async () =>
    (await app.sql(`select count(*)::int as n from runs where account_id = $1 and status = 'running'`, [person.accountId]))[0].n;
  const mostLost = async () =>
    (await app.sql('select max(lost_leases) as most from runs where account_id = $1', [person.accountId]))[0].most;
  const ids: string[] = [];
  const refill = async () => {
    const missing = runsAtOnce - (await activeRuns());
    const more = Array.from({ length: missing }, async (_, at) =>
      startRun(app, person, await openThread(app, person, `run ${ids.length + at}`)),
    );
    ids.push(...(await Promise.all(more)));
  };
  let current = await startWorker();
  while ((await attemptsOf()) < rounds) {
    await refill();
    await wait(300 + Math.random() * 1_200);
    // A run that loses three workers in one turn is ended, see poison.test.ts.
    await expect.poll(mostLost).toBeLessThan(2);
    const next = startWorker();
    current.kill('SIGKILL');
    await current.exited;
    current = await next;
    await wait(1_500);
  }
  await expect.poll(activeRuns).toBe(0);
  const made = tools.calls.map(({ args }) => JSON.stringify(args));
  expect(new Set(made).size).toBe(made.length);
  for (const runId of ids) {
    const events = await expectRunInvariants(app, runId, person.token);
    expect(events.at(-1)?.type).toBe('run.completed');
    const calls = dataOf(events, 'tool.call').map(({ tool_call_id }) => tool_call_id);
    expect(
      dataOf(events, 'tool.result')
        .map(({ tool_call_id }) => tool_call_id)
        .toSorted(),
    ).toEqual(calls.toSorted());
    const turns = dataOf(events, 'llm.turn.completed');
    expect(turns.map(({ turn_index }) => turn_index)).toEqual(Array.from({ length: steps + 1 }, (_, at) => at + 1));
    const [usage, ...others] = await app.sql(
      'select input_tokens::int as input, output_tokens::int as output from usage_records where run_id = $1',
      [runId],
    );
    // Besides the turns, each model call interrupted by the death of a worker is charged once, by its stored text.
    const lost = dataOf(events, 'run.recovered').map((data) => data.usage ?? {});
    const sum = (field: 'input_tokens' | 'output_tokens') => lost.reduce((total, each) => total + (each[field] ?? 0), 0);
    const [input, output] = [100 * turns.length + sum('input_tokens'), 20 * turns.length + sum('output_tokens')];
    expect([usage, others]).toEqual([{ input, output }, []]);
    expect(await app.sql(`select 1 from credit_transactions where reference_type = 'run' and reference_id = $1`, [runId])).toHaveLength(1);
  }
});
