import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { queue } from '../../../server/jobs/queue.ts';
import { textTokens } from '../../../server/models/estimate.ts';
import { createPostgresPublisher } from '../../../server/pubsub/postgresChannel.ts';
import { createRunNotifier } from '../../../server/pubsub/runNotifier.ts';
import { reapRuns } from '../../../server/runs/lease/reaper.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { checkedBalance, ledgerOf } from '../../support/credits/credits.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await sharedTestApp({ ARKLOOP_RUN_TIMEOUT_MINUTES: '1' });
const { call, sql, signUp } = app;

const reap = ({ config, database } = app) =>
  reapRuns({
    config,
    database,
    queue,
    runNotifier: createRunNotifier(createPostgresPublisher(database), () => undefined),
    log: pino({ level: 'silent' }),
  });

/** A run whose worker died 90 s ago after one turn of 3000 input and 1000 output tokens, at 0.024 USD. */
async function createAbandonedRun(person: Person): Promise<string> {
  const runId = await startRun(app, person, await openThread(app, person));
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

test('stuck runs are charged once for their finished turns, even with concurrent reapers', async () => {
  const [alice, bob] = [await signUp(), await signUp()];
  const runs = [await createAbandonedRun(bob), await createAbandonedRun(alice), await createAbandonedRun(bob)];
  await Promise.all([reap(), reap(), reap()]);
  await reap();
  for (const runId of runs) {
    const { rows, usage } = await ledgerOf(app, runId);
    expect(rows).toMatchObject([{ amount: -48, metadata: { multiplier: 2, cost_usd: 0.024, model: 'gpt-test' } }]);
    expect(usage).toMatchObject([{ input_tokens: 3000, output_tokens: 1000, cost_usd: 0.024 }]);
  }
  expect(await checkedBalance(app, alice.accountId)).toBe(952);
  expect(await checkedBalance(app, bob.accountId)).toBe(904);
});

test('a stuck run is charged an estimate for its unfinished call, and its reservation is released', async () => {
  const person = await signUp();
  const runId = await createAbandonedRun(person);
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
  const { rows, usage } = await ledgerOf(app, runId);
  const output = textTokens('Half an weather{"city":"Os');
  const cost = 0.024 + (700 * 0.003 + output * 0.015) / 1000;
  expect(usage).toMatchObject([{ input_tokens: 3700, output_tokens: 1000 + output, estimated: true }]);
  expect(usage[0].cost_usd).toBeCloseTo(cost, 9);
  expect(rows).toMatchObject([{ amount: -Math.ceil(cost * 2000), metadata: { estimated: true } }]);
  const last = (await sql('select type, data from run_events where run_id = $1 order by seq desc limit 1', [runId]))[0];
  expect(last).toMatchObject({ type: 'run.failed', data: { usage: { input_tokens: 3700, estimated: true }, cost: { currency: 'USD' } } });
  expect(await credits()).toMatchObject({ reserved: 0, available: 1000 + rows[0].amount });
  await checkedBalance(app, person.accountId);
});

test('a stuck run shows the cost that is recorded for it, rounded half up', async () => {
  const runId = await createAbandonedRun(await signUp());
  await sql(`insert into run_events (run_id, seq, event_id, type, data, created_at) values ($1, 3, $2, 'message.delta', $3, now())`, [
    runId,
    randomUUID(),
    JSON.stringify({ content: 'x', content_delta: 'x', role: 'assistant' }),
  ]);
  const snapshot = {
    event: { route_id: 'r', model: 'gpt-test', credential_id: 'c', credential_name: 'c', owner_kind: 'account', provider_kind: 'stub' },
    target: { provider_kind: 'stub', deltaCount: 1, deltaIntervalSeconds: 0 },
    prices: { cost_per_1k_input: 0.0005, cost_per_1k_output: 0, cost_per_1k_cache_write: null, cost_per_1k_cache_read: null },
    multiplier: '2',
  };
  await sql('update runs set next_seq = 4, prompt_tokens = 3, route_snapshot = $2 where id = $1', [runId, JSON.stringify(snapshot)]);
  await reap();
  const [run] = await sql('select total_cost_usd from runs where id = $1', [runId]);
  // 0.024 + 3 × 0.0005 / 1000 is 0.0240015, which is slightly less as a floating-point number.
  expect([run, (await ledgerOf(app, runId)).usage]).toMatchObject([{ total_cost_usd: 0.024002 }, [{ cost_usd: 0.024002 }]]);
});

test('a run cancelled before a worker starts it is free', async () => {
  const person = await signUp();
  const runId = await startRun(app, person, await openThread(app, person));
  expect((await call('POST', `/v1/runs/${runId}:cancel`, { token: person.token })).status).toBeLessThan(300);
  expect(await sql('select status from runs where id = $1', [runId])).toEqual([{ status: 'cancelled' }]);
  expect((await ledgerOf(app, runId)).rows).toEqual([]);
  expect(await checkedBalance(app, person.accountId)).toBe(1000);
});
