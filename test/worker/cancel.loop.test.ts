import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { addBrain } from '../setup/brain.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { openStream } from '../setup/events.ts';
import { setPlatform } from '../setup/settings.ts';
import { addTools, asks, question } from '../setup/tools.ts';
import { chat, type Scripted } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ARKLOOP_WORKER_CONCURRENCY: '8' });
await setPlatform(world, { 'llm.retry.base_delay_ms': 30000 });

/** What a run is at when it is cancelled: the event that tells of it, and how the model brings it about. */
const moments = {
  queued: ['run.started', { steps: [{ wait: 50 }, chat.text('x'), 'stall'] }],
  streaming: ['message.delta', { steps: [chat.text('word '), { wait: 20 }, chat.text('word '), { wait: 20 }, chat.text('word'), 'stall'] }],
  'in a tool': ['tool.call', asks(['mcp__tools__slow', { ms: 20_000 }])],
  waiting: ['run.waiting_for_input', asks(['ask_user', question()])],
  'in the pause before a retry': ['run.llm.retry', { status: 503, steps: ['{"error":{"message":"busy"}}'] }],
} satisfies Record<string, [string, Scripted]>;
type Moment = keyof typeof moments;
const names = Object.keys(moments) as Moment[];

test('a cancel ends a run at once, whatever it is at: two hundred rounds', async () => {
  const person = await world.signUp();
  await addTools(world, person);
  await addBrain(world, person, (messages) => moments[messages.findLast(({ role }) => role === 'user')!.content as Moment][1]);
  const slow: [Moment, number][] = [];
  const lane = async (at: number) => {
    for (let round = 0; round < 20; round++) {
      const moment = names[(at + round) % names.length]!;
      const runId = await startRun(world, person, await openThread(world, person, moment));
      const reader = await openStream(world.url, runId, { token: person.token });
      // Half of them a little before or after the moment.
      if (round % 2) await reader.until(({ type }) => type === moments[moment][0]);
      await wait(Math.random() * (round % 2 ? 10 : 200));
      expect(await world.call('POST', `/v1/runs/${runId}:cancel`, { token: person.token })).toMatchObject({ status: 200 });
      const began = Date.now();
      await reader.ended;
      if (Date.now() - began > 1_000) slow.push([moment, Date.now() - began]);
    }
  };
  await Promise.all(Array.from({ length: 10 }, (_, at) => lane(at)));
  expect(slow).toEqual([]);
  const runs = await world.sql(
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
}, 90_000);
