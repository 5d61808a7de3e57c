import { afterAll, expect, test } from 'vitest';
import { openThread, startRun } from '../setup/conversation.ts';
import { addModel } from '../setup/model.ts';
import { tally } from '../setup/race.ts';
import type { Vendor } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' });
const { call, sql, signUp } = world;
const vendors: Vendor[] = [];
afterAll(() => Promise.all(vendors.map((vendor) => vendor.close())));
void startRun;

for (const count of [10, 50])
  test(`of ${count} runs started at once with a balance of 1 only one is admitted`, async () => {
    const person = await signUp();
    vendors.push(await addModel(world, person));
    const threads = await Promise.all(Array.from({ length: count }, () => openThread(world, person)));
    await sql('update credit_balances set balance = 1 where account_id = $1', [person.accountId]);
    vendors.at(-1)!.answers(...Array.from({ length: count }, () => ({ steps: ['stall' as const] })));
    const answers = await Promise.all(threads.map((id) => call('POST', `/v1/threads/${id}/runs`, { token: person.token })));
    expect(tally(answers)).toEqual({ '201': 1, '402 credits_exhausted': count - 1 });
  });
