import { expect, test } from 'vitest';
import { addRandomPersona, dataOf } from '../../../support/agent/agent.ts';
import { followProgram, program } from '../../../support/agent/programs.ts';
import { addScriptedModel } from '../../../support/agent/scriptedModel.ts';
import { chat } from '../../../support/agent/vendor.ts';
import { fastWorkerEnv, type ServerProcess, startProcess, testKeysEnv } from '../../../support/app/process.ts';
import { setPlatformSettings } from '../../../support/app/settings.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { expectRunInvariants } from '../../../support/checks/invariants.ts';
import { checkedBalance, ledgerOf, noFreeTierPolicy } from '../../../support/credits/credits.ts';
import { openStream } from '../../../support/http/events.ts';
import { eventually, openThread, startRun } from '../../../support/resources/conversation.ts';

const lease = { ...fastWorkerEnv, ARKLOOP_WORKER_LEASE_SECONDS: '5' };
const oneSlot = { ARKLOOP_WORKER_CONCURRENCY: '1', ARKLOOP_WORKER_MIN_CONCURRENCY: '1', ARKLOOP_WORKER_MAX_CONCURRENCY: '1' };
const app = await startTestApp(lease, { worker: false });
const { sql } = app;
const startWorker = () => startProcess('worker', { ...lease, ...oneSlot, ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl });
const kill = async (worker: ServerProcess) => {
  worker.kill('SIGKILL');
  await worker.exited;
};

test('a parent and its sub-agent survive the deaths of their workers: one child, one end each, charged once', async () => {
  await setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy });
  const person = await app.signUp();
  const before = (await checkedBalance(app, person.accountId))!;
  const [task, parentMayWait] = [program('The answer.'), Promise.withResolvers<void>()];
  let isStalling = true;
  await addScriptedModel(
    app,
    person,
    (messages) => {
      if (messages.at(-1)!.content === task && isStalling) return { steps: [chat.text('The '), 'stall'] };
      const { steps = [] } = followProgram(messages);
      return { steps: messages.at(-1)!.role === 'tool' ? [{ wait: parentMayWait.promise }, ...steps] : steps };
    },
    { cost_per_1k_input: 0.01, cost_per_1k_output: 0.01 },
  );
  const persona_id = await addRandomPersona(app, person, { tool_allowlist: ['subagents'] });
  const text = program([['spawn_agent', { input: task }]], [['wait_agent', { ids: ['$0.agent_id'] }]], 'Done.');
  const threadId = await openThread(app, person, text);

  // The parent occupies the only slot of the first worker until the second one has the child.
  const first = await startWorker();
  const runId = await startRun(app, person, threadId, { persona_id });
  const childId = await eventually(
    async () => (await sql('select id from runs where parent_run_id = $1', [runId]))[0]?.id as string,
    'the child',
  );
  const second = await startWorker();
  const attemptsOf = async (id: string) => (await sql('select attempt from runs where id = $1', [id]))[0].attempt as number;
  const isAnswering = async (attempt: number) => {
    const [{ n }] = await sql(`select count(*)::int as n from run_events where run_id = $1 and type = 'message.delta'`, [childId]);
    return (await attemptsOf(childId)) === attempt && n === attempt;
  };
  await eventually(() => isAnswering(1), 'the first attempt of the child');
  parentMayWait.resolve();
  const waits = (seq: number) =>
    eventually(
      async () =>
        (
          await sql(
            `select 1 from run_events where run_id = $1 and type = 'tool.call' and data ->> 'tool_name' = 'wait_agent' and seq > $2`,
            [runId, seq],
          )
        ).length > 0,
      'wait_agent',
    );
  await waits(0);

  // The worker of the child dies: the other one continues it, in the slot that the waiting parent has left.
  await kill(second);
  await eventually(() => isAnswering(2), 'the second attempt of the child');
  expect(await attemptsOf(runId)).toBe(1);

  // The worker of both dies, as if directly after the child was created: nothing of the call is stored but that it was made.
  await kill(first);
  await sql(
    `with spawned as (select seq from run_events where run_id = $1 and type = 'subagent.started'),
      cut as (delete from run_events e using spawned s where e.run_id = $1 and e.seq >= s.seq)
     update runs set next_seq = s.seq from spawned s where runs.id = $1`,
    [runId],
  );
  isStalling = false;
  await startWorker();
  await openStream(app.url, runId, person).then(({ ended }) => ended);
  const events = await expectRunInvariants(app, runId, person.token);
  expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
  expect(dataOf(events, 'subagent.started')).toMatchObject([{ run_id: childId }]);
  expect(dataOf(events, 'subagent.finished')).toMatchObject([{ run_id: childId, status: 'completed' }]);
  expect(dataOf(events, 'tool.result').map(({ tool_name, error }) => [tool_name, error])).toEqual([
    ['spawn_agent', undefined],
    ['wait_agent', undefined],
  ]);
  expect(await sql('select id from runs where parent_run_id = $1', [runId])).toEqual([{ id: childId }]);
  const child = await expectRunInvariants(app, childId, person.token);
  expect(child.at(-1)).toMatchObject({ type: 'run.completed' });
  expect(child.filter(({ type }) => type === 'run.recovered').length).toBe(2);
  const costs = await Promise.all([runId, childId].map((id) => ledgerOf(app, id)));
  expect(costs.map(({ rows, usage }) => [rows.length, usage.length])).toEqual([
    [1, 1],
    [1, 1],
  ]);
  expect(await checkedBalance(app, person.accountId)).toBe(before + costs[0]!.rows[0].amount + costs[1]!.rows[0].amount);
});
