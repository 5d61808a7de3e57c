import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { addScriptedModel } from '../support/agent/scriptedModel.ts';
import { addToolServer, askUserArgs, callsTools } from '../support/agent/tools.ts';
import { chat, type ScriptedResponse } from '../support/agent/vendor.ts';
import { setPlatformSettings } from '../support/app/settings.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { openStream } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ARKLOOP_WORKER_CONCURRENCY: '8' });
await setPlatformSettings(app, { 'llm.retry.base_delay_ms': 30000 });

/** States in which a run is cancelled: the event that indicates the state, and the model response that causes it. */
const moments = {
  queued: ['run.started', { steps: [{ wait: 50 }, chat.text('x'), 'stall'] }],
  streaming: ['message.delta', { steps: [chat.text('word '), { wait: 20 }, chat.text('word '), { wait: 20 }, chat.text('word'), 'stall'] }],
  'in a tool': ['tool.call', callsTools(['mcp__tools__slow', { ms: 20_000 }])],
  waiting: ['run.waiting_for_input', callsTools(['ask_user', askUserArgs()])],
  'in the pause before a retry': ['run.llm.retry', { status: 503, steps: ['{"error":{"message":"busy"}}'] }],
} satisfies Record<string, [string, ScriptedResponse]>;
type Moment = keyof typeof moments;
const names = Object.keys(moments) as Moment[];

test('a cancel ends a run within a second in any state: 200 runs', async () => {
  const person = await app.signUp();
  await addToolServer(app, person);
  await addScriptedModel(app, person, (messages) => moments[messages.findLast(({ role }) => role === 'user')!.content as Moment][1]);
  let longest = 0;
  const lane = async (at: number) => {
    for (let round = 0; round < 40; round++) {
      const moment = names[(at + round) % names.length]!;
      const runId = await startRun(app, person, await openThread(app, person, moment));
      const reader = await openStream(app.url, runId, { token: person.token });
      // Odd rounds cancel up to 10 ms after the state is reached, even rounds at any time in the first 200 ms.
      if (round % 2) await reader.until(({ type }) => type === moments[moment][0]);
      await wait(Math.random() * (round % 2 ? 10 : 200));
      expect(await app.call('POST', `/v1/runs/${runId}:cancel`, { token: person.token })).toMatchObject({ status: 200 });
      const began = Date.now();
      await reader.ended;
      longest = Math.max(longest, Date.now() - began);
    }
  };
  await Promise.all(Array.from({ length: 5 }, (_, at) => lane(at)));
  expect(longest).toTakeLessThan(1_000);
  const runs = await app.sql(
    `select r.status, array_agg(e.type order by e.seq) as types, max(e.seq) = count(*) and r.next_seq = count(*) + 1 as whole, r.lease_token,
       coalesce(string_agg(e.data ->> 'content', '' order by e.seq) filter (where e.type = 'message.delta'), '') as said,
       array(select m.content from messages m where m.run_id = r.id and m.role = 'assistant') as answers, (select count(*)::int from usage_records u where u.run_id = r.id) as records
     from runs r join run_events e on e.run_id = r.id where r.account_id = $1 group by r.account_id, r.id`,
    [person.accountId],
  );
  expect(runs).toHaveLength(200);
  for (const run of runs) {
    expect(run).toMatchObject({ status: 'cancelled', whole: true, lease_token: null, answers: run.said === '' ? [] : [run.said] });
    expect(run.types.slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
    expect(run.types.filter((type: string) => /^run\.(completed|failed|cancelled)$/.test(type))).toHaveLength(1);
  }
  const reached = new Set(runs.flatMap(({ types }) => types));
  for (const [type] of Object.values(moments)) expect(reached).toContain(type);
});
