import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { textTokens } from '../../server/agent/context/estimate.ts';
import { createBell } from '../../server/jobs/bell.ts';
import { queue } from '../../server/jobs/queue.ts';
import { reapRuns } from '../../server/jobs/reaper.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { bookedOf, soundBalance } from '../setup/credits.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_RUN_TIMEOUT_MINUTES: '1' }, { worker: false });
const { call, sql, signUp } = world;

const reap = ({ config, database } = world) =>
  reapRuns({ config, database, queue, bell: createBell(database, () => undefined), log: pino({ level: 'silent' }) });

/** A run whose worker died after one turn of 3000 and 1000 tokens, which cost 0.024 dollars, and long ago. */
async function abandoned(person: Person): Promise<string> {
  const runId = await startRun(world, person, await openThread(world, person));
  const data = {
    llm_call_id: randomUUID(),
    turn_index: 1,
    usage: { input_tokens: 3000, output_tokens: 1000 },
    cost: { currency: 'USD', amount_micros: 24_000 },
    assistant_message: { role: 'assistant', content: [{ type: 'text', text: 'Half' }] },
  };
  await sql(`insert into run_events (run_id, seq, event_id, type, data, created_at) values ($1, 2, $2, 'llm.turn.completed', $3, now())`, [
    runId,
    randomUUID(),
    JSON.stringify(data),
  ]);
  await sql(
    `update runs set next_seq = 3, attempt = 1, model = 'gpt-test', route_snapshot = '{"multiplier": "2"}', last_activity_at = now() - interval '90 seconds'
     where id = $1`,
    [runId],
  );
  return runId;
}

test('stuck runs that are ended for good pay for the turns that were finished, however many reapers there are', async () => {
  const [alice, bob] = [await signUp(), await signUp()];
  const runs = [await abandoned(bob), await abandoned(alice), await abandoned(bob)];
  await Promise.all([reap(), reap(), reap()]);
  await reap();
  for (const runId of runs) {
    const { rows, usage } = await bookedOf(world, runId);
    expect(rows).toMatchObject([{ amount: -48, metadata: { multiplier: 2, cost_usd: 0.024, model: 'gpt-test' } }]);
    expect(usage).toMatchObject([{ input_tokens: 3000, output_tokens: 1000, cost_usd: 0.024 }]);
  }
  expect(await soundBalance(world, alice.accountId)).toBe(952);
  expect(await soundBalance(world, bob.accountId)).toBe(904);
});

test('a stuck run pays for the call it was stuck in, too, by an estimate, and reserves nothing any more', async () => {
  const person = await signUp();
  const runId = await abandoned(person);
  const events = [
    ['message.delta', { content: 'Half an ', content_delta: 'Half an ', role: 'assistant' }],
    ['tool.call.delta', { tool_call_index: 0, tool_call_id: 'c', tool_name: 'weather', arguments_delta: '{"city":"Os' }],
  ];
  for (const [at, [type, data]] of events.entries())
    await sql('insert into run_events (run_id, seq, event_id, type, data, created_at) values ($1, $2, $3, $4, $5, now())', [
      runId,
      3 + at,
      randomUUID(),
      type,
      JSON.stringify(data),
    ]);
  const none = { cost_per_1k_cache_write: null, cost_per_1k_cache_read: null };
  const snapshot = {
    event: { route_id: 'r', model: 'gpt-test', credential_id: 'c', credential_name: 'c', owner_kind: 'account', provider_kind: 'stub' },
    target: { provider_kind: 'stub', deltaCount: 1, deltaIntervalSeconds: 0 },
    prices: { cost_per_1k_input: 0.003, cost_per_1k_output: 0.015, ...none },
    multiplier: '2',
  };
  await sql('update runs set next_seq = 5, prompt_tokens = 700, reserved_credits = 60, route_snapshot = $2 where id = $1', [
    runId,
    JSON.stringify(snapshot),
  ]);
  const credits = async () => (await call('GET', '/v1/me/credits', { token: person.token })).body;
  expect(await credits()).toMatchObject({ balance: 1000, reserved: 60, available: 940 });
  await reap();
  const { rows, usage } = await bookedOf(world, runId);
  const output = textTokens('Half an weather{"city":"Os');
  const cost = 0.024 + (700 * 0.003 + output * 0.015) / 1000;
  expect(usage).toMatchObject([{ input_tokens: 3700, output_tokens: 1000 + output, estimated: true }]);
  expect(usage[0].cost_usd).toBeCloseTo(cost, 9);
  expect(rows).toMatchObject([{ amount: -Math.ceil(cost * 2000), metadata: { estimated: true } }]);
  const last = (await sql('select type, data from run_events where run_id = $1 order by seq desc limit 1', [runId]))[0];
  expect(last).toMatchObject({ type: 'run.failed', data: { usage: { input_tokens: 3700, estimated: true }, cost: { currency: 'USD' } } });
  expect(await credits()).toMatchObject({ reserved: 0, available: 1000 + rows[0].amount });
  await soundBalance(world, person.accountId);
});

test('a run that is cancelled before a worker took it costs nothing', async () => {
  const person = await signUp();
  const runId = await startRun(world, person, await openThread(world, person));
  expect((await call('POST', `/v1/runs/${runId}:cancel`, { token: person.token })).status).toBeLessThan(300);
  expect(await sql('select status from runs where id = $1', [runId])).toEqual([{ status: 'cancelled' }]);
  expect((await bookedOf(world, runId)).rows).toEqual([]);
  expect(await soundBalance(world, person.accountId)).toBe(1000);
});
