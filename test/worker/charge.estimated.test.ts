import { estimateTokenCount } from 'tokenx';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openThread, startRun } from '../setup/conversation.ts';
import { bookedOf, everythingCosts, soundBalance } from '../setup/credits.ts';
import { openStream, readAll } from '../setup/events.ts';
import { addModel } from '../setup/model.ts';
import { setPlatform } from '../setup/settings.ts';
import { chat, type Vendor } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld();
const { call, sql, signUp, url } = world;
const vendors: Vendor[] = [];
beforeAll(() => setPlatform(world, { 'credit.deduction_policy': everythingCosts, 'llm.retry.base_delay_ms': 10 }));
afterAll(() => Promise.all(vendors.map((vendor) => vendor.close())));

/** A person with a model of their own that costs a dollar per 1,000 tokens: a token is a credit. */
async function customer() {
  const person = await signUp();
  const vendor = await addModel(world, person, { cost_per_1k_input: 1, cost_per_1k_output: 1 });
  vendors.push(vendor);
  await sql('update credit_balances set balance = 100000 where account_id = $1', [person.accountId]);
  return { person, vendor };
}
const words = Array.from({ length: 20 }, (_, at) => `word${at} `);

test('a run cancelled after 16 of 20 deltas is charged its prompt and the text it received, marked as estimated', async () => {
  const { person, vendor } = await customer();
  vendor.answers({ steps: [...words.slice(0, 16).map(chat.text), 'stall'] });
  const runId = await startRun(world, person, await openThread(world, person));
  const stream = await openStream(url, runId, { token: person.token });
  await stream.until((event) => event.type === 'message.delta' && event.data.content === 'word15 ');
  expect((await call('POST', `/v1/runs/${runId}:cancel`, { token: person.token })).status).toBe(200);
  await stream.ended;
  const { rows, usage } = await bookedOf(world, runId);
  const received = estimateTokenCount(words.slice(0, 16).join(''));
  expect(usage).toMatchObject([{ output_tokens: received, estimated: true }]);
  expect(usage[0].input_tokens).toBeGreaterThan(10);
  expect(rows).toMatchObject([{ amount: -(usage[0].input_tokens + received), metadata: { estimated: true } }]);
  const { type, data } = stream.events.at(-1)!;
  expect([type, data]).toMatchObject(['run.cancelled', { usage: { output_tokens: received, estimated: true } }]);
  const { body } = await call('GET', `/v1/runs/${runId}`, { token: person.token });
  expect(body).toMatchObject({ total_output_tokens: received, usage_estimated: true });
});

test('a vendor that reports no usage is charged by an estimate', async () => {
  const { person, vendor } = await customer();
  vendor.answers({ steps: [...words.map(chat.text), chat.stop(), chat.done] });
  const runId = await startRun(world, person, await openThread(world, person));
  const last = (await readAll(url, runId, person.token)).at(-1)!;
  expect(last).toMatchObject({ type: 'run.completed', data: { usage: { estimated: true } } });
  expect((await bookedOf(world, runId)).rows).toHaveLength(1);
  void soundBalance;
});
