import { expect, test } from 'vitest';
import type { Client } from '../../../client/index.ts';
import { apiError, clientsOf, collect, errorOf, startRun, type Target, unknownId } from './target.ts';

/** Credits and usage. Runs of fewer than 2,000 tokens are free. */
export function describeCredits(target: Target) {
  const { register } = clientsOf(target);

  async function runToEnd(client: Client) {
    const { runId, threadId } = await startRun(client);
    await collect(client.runs.stream(runId));
    return { runId, threadId };
  }

  test('a run is charged to the balance of its account, and recorded as usage', async () => {
    const [{ client }, other] = [await register(), await register()];
    const { account_id } = await client.me.get();
    const start = await client.credits.mine();
    expect(start).toMatchObject({ balance: 1_000, reserved: 0, available: 1_000 });
    expect(start.transactions.map(({ amount, type, reference_type }) => [amount, type, reference_type])).toEqual([
      [1_000, 'credit', 'initial_grant'],
    ]);
    await target.plan(client, { say: 'Hi', inputTokens: 5_100, outputTokens: 800 }, { say: 'Ho', inputTokens: 1_900, outputTokens: 99 });
    const { runId } = await runToEnd(client);
    const run = await client.runs.get({ params: { run_id: runId } });
    expect(run).toMatchObject({ total_input_tokens: 5_100, total_output_tokens: 800, total_cost_usd: 0 });
    const [summary] = await client.runs.list();
    expect(summary).toMatchObject({ run_id: runId, credits_used: 6 });
    const after = await client.credits.mine();
    expect(after).toMatchObject({ balance: 994, reserved: 0, available: 994 });
    expect(after.transactions).toHaveLength(2);
    expect(after.transactions[0]).toMatchObject({
      ...{ account_id, amount: -6, type: 'debit', reference_type: 'run', reference_id: runId, note: null, thread_title: 'A talk' },
      metadata: { type: 'llm', input_tokens: 5_100, output_tokens: 800, charged: 6, shortfall: 0, method: 'token_fallback' },
    });
    const free = await runToEnd(client);
    expect((await client.runs.list())[0]).toMatchObject({ run_id: free.runId, credits_used: 0 });
    expect((await client.credits.mine()).transactions).toHaveLength(2);

    const used = { input_tokens: 7_000, output_tokens: 899, cost_usd: 0, record_count: 2 };
    const total = { total_input_tokens: 7_000, total_output_tokens: 899, total_cost_usd: 0, record_count: 2 };
    const day = run.completed_at!.slice(0, 10);
    const days = { query: { start: day, end: day } };
    expect(await client.usage.mine()).toMatchObject({ account_id, ...total });
    expect(await client.usage.mineDaily(days)).toEqual([{ date: day, ...used }]);
    expect((await client.usage.mineHourly(days)).reduce((sum, { record_count }) => sum + record_count, 0)).toBe(2);
    expect(await client.usage.mineByModel()).toEqual([
      { model: run.model, ...used, cache_creation_tokens: 0, cache_read_tokens: 0, cached_tokens: 0 },
    ]);
    expect(await client.usage.ofAccount({ params: { account_id } })).toMatchObject({ account_id, ...total });
    expect(await client.usage.ofAccountDaily({ params: { account_id }, ...days })).toEqual([{ date: day, ...used }]);
    expect(await client.usage.mine({ query: { year: 2001, month: 2 } })).toMatchObject({ year: 2001, month: 2, record_count: 0 });
    expect(await other.client.usage.mine()).toMatchObject({ record_count: 0 });
    expect(await other.client.usage.mineDaily(days)).toEqual([]);
  });

  test('without credits no run starts until an administrator adds some', async () => {
    const [{ client }, admin] = [await register(), await target.openAdmin()];
    const { account_id } = await client.me.get();
    const adjust = (amount: number, note?: string) => admin.credits.adjust({ body: { account_id, amount, note } });
    expect(await adjust(-1_000)).toEqual({ account_id, balance: 0, reserved: 0, available: 0 });
    expect(await errorOf(adjust(-1))).toEqual(apiError(409, 'conflict', 'insufficient_credits'));
    const lost = admin.credits.adjust({ body: { account_id: unknownId, amount: 1 } });
    expect(await errorOf(lost)).toEqual(apiError(404, 'not_found', 'account_not_found'));
    expect(await errorOf(startRun(client))).toEqual(apiError(402, 'billing.insufficient_credits', 'credits_exhausted'));
    await adjust(5, 'A gift');
    expect(await client.credits.mine()).toMatchObject({
      balance: 5,
      transactions: [{ amount: 5, type: 'credit', note: 'A gift' }, {}, {}],
    });
    await target.plan(client, { say: 'Hi', inputTokens: 9_000, outputTokens: 1 });
    const { runId } = await runToEnd(client);
    const { balance, transactions } = await admin.credits.ofAccount({ query: { account_id } });
    expect([balance, transactions.map(({ amount, reference_type }) => [amount, reference_type])]).toEqual([
      0,
      [
        [-5, 'run'],
        [5, 'admin_adjust'],
        [-1_000, 'admin_adjust'],
        [1_000, 'initial_grant'],
      ],
    ]);
    expect(transactions[0]).toMatchObject({ reference_id: runId, metadata: { charged: 5, shortfall: 5 } });
    expect(await admin.adminAccounts.get({ params: { account_id } })).toMatchObject({ balance: 0, reserved: 0, available: 0 });
    expect(await errorOf(startRun(client))).toEqual(apiError(402, 'billing.insufficient_credits', 'credits_exhausted'));
  });

  test('a bulk operation changes the credits of every account', async () => {
    const [{ client }, admin] = [await register(), await target.openAdmin()];
    const added = await admin.credits.bulkAdjust({ body: { amount: 7 } });
    expect(added).toMatchObject({ operation: 'bulk_adjust', amount: 7, state: 'completed', failed: 0, done: added.total });
    expect(await admin.credits.operation({ params: { operation_id: added.id } })).toEqual(added);
    expect(await client.credits.mine()).toMatchObject({
      balance: 1_007,
      transactions: [{ amount: 7, reference_type: 'admin_bulk_adjust', reference_id: added.id }, {}],
    });
    const reset = await admin.credits.resetAll({ body: { note: 'New year' } });
    expect(reset).toMatchObject({ operation: 'reset_all', amount: null, note: 'New year', state: 'completed' });
    expect(await client.credits.mine()).toMatchObject({ balance: 0, transactions: [{ amount: -1_007, type: 'debit' }, {}, {}] });
  });
}
