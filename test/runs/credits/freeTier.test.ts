import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addCallUsage, noPrices, type UsageTotals } from '../../../server/agent/loop/usageTotals.ts';
import { withBoundedUsage } from '../../../server/models/boundedUsage.ts';
import { metered } from '../../../server/models/metering.ts';
import type { Model, ModelRequest, Usage } from '../../../server/models/model.ts';
import { addRandomPersona, dataOf } from '../../support/agent/agent.ts';
import { followProgram, program } from '../../support/agent/programs.ts';
import { addScriptedModel } from '../../support/agent/scriptedModel.ts';
import { chat } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { addRuns, charge, checkedBalance, expectUsageRollups, ledgerOf, setBalance } from '../../support/credits/credits.ts';
import { openStream, readAll } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp();
const { call, sql, signUp, url } = app;
const freeUsd = 0.002;

/** Links runs that were inserted as completed ones to a tree: the first is the root. */
async function joinTree(ids: readonly string[]) {
  await sql('update runs set root_run_id = $1, parent_run_id = $1, depth = 1 where id = any ($2)', [ids[0], ids.slice(1)]);
}

/** What the runs of an account were charged, and what they used. Expects the ledger, the balance and the usage to agree. */
async function expectBooks({ accountId }: Person, granted: number) {
  const [sums] = await sql(
    `select coalesce((select -sum(amount) from credit_transactions where account_id = $1 and reference_type = 'run'), 0)::float8 as charged,
      coalesce((select sum((metadata ->> 'charged')::bigint) from credit_transactions where account_id = $1 and reference_type = 'run'), 0)::float8 as noted,
      (select count(*) from credit_transactions where account_id = $1 and reference_type = 'run')::int as rows,
      coalesce((select sum(shortfall) from usage_records where account_id = $1), 0)::float8 as shortfall,
      (select count(*) from usage_records where account_id = $1)::int as records,
      (select coalesce(sum(cost_usd), 0) from usage_records where account_id = $1)::float8 as usd`,
    [accountId],
  );
  expect(await checkedBalance(app, accountId)).toBe(granted - sums.charged);
  expect(sums.noted).toBe(sums.charged);
  return sums as { charged: number; rows: number; shortfall: number; records: number; usd: number };
}

const count = fc.oneof(fc.nat(3_000), fc.constantFrom(0, 1, 1e12));
const report: fc.Arbitrary<Usage | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({ input_tokens: count, output_tokens: count, cached_tokens: count }, { requiredKeys: [] }),
  fc.record(
    { input_tokens: count, cache_read_input_tokens: count, cache_creation_input_tokens: count, output_tokens: count },
    { requiredKeys: [] },
  ),
);
const price = fc.constantFrom(0.0001, 0.003, 0.6);
const calls = fc.array(fc.record({ report, text: fc.string({ maxLength: 200 }) }), { maxLength: 3 });
const tree = fc.array(fc.record({ calls, price: fc.option(price), ends: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 4 });

/** What calls of a model use of which a provider reports `report`. */
async function spendingOf(made: readonly { report: Usage | undefined; text: string }[], usd: number | null): Promise<UsageTotals> {
  const totals: UsageTotals = { usage: undefined, cost: '0' };
  const prices = { ...noPrices, cost_per_1k_input: usd, cost_per_1k_output: usd };
  const meter = {
    reserve: async () => undefined,
    charge: (usage: Usage, reported: string | undefined, images: number) => addCallUsage(totals, prices, usage, reported, images),
    finishCall: async () => undefined,
  };
  const request: ModelRequest = { messages: [{ role: 'user', content: 'Hello' }], tools: [], reasoning_mode: 'auto' };
  for (const { report: usage, text } of made) {
    const model: Model = {
      async *stream(_request, _signal, observer) {
        observer?.onSent();
        yield { type: 'finish', text, tool_calls: [], ...(usage && { usage }) };
      },
    };
    const bounded = withBoundedUsage({ provider_kind: 'openai', model: 'unheard-of', api_key: '' }, model);
    for await (const event of metered(bounded, meter).stream(request, AbortSignal.any([]))) expect(event.type).toBe('finish');
  }
  return totals;
}

test('what a run and its sub-agents cost beyond the free amount is charged once, whatever is reported', async () => {
  await fc.assert(
    fc.asyncProperty(tree, fc.constantFrom(0, 5, 2 ** 40), async (runs, balance) => {
      const person = await signUp();
      await setBalance(app, person, balance);
      const ids = await addRuns(app, person, runs.length);
      await joinTree(ids);
      const spent = await Promise.all(runs.map((run) => spendingOf(run.calls, run.price)));
      await Promise.all(runs.flatMap(({ ends }, at) => Array.from({ length: ends }, () => charge(app, person, ids[at]!, spent[at]!))));
      const books = await expectBooks(person, balance);
      expect(books.records).toBe(runs.length);

      const ended = await Promise.all(ids.map((id) => ledgerOf(app, id)));
      let freeOfCharge = 0;
      let due = 0;
      for (const [at, { rows, usage }] of ended.entries()) {
        const { usage: used = {}, cost } = spent[at]!;
        expect(usage).toMatchObject([{ input_tokens: used.input_tokens ?? 0, output_tokens: used.output_tokens ?? 0, run_id: ids[at] }]);
        expect(usage[0].input_tokens + usage[0].cache_read_input_tokens + usage[0].output_tokens).toBeLessThan(3 * 200_000);
        const credits = usage[0].shortfall + (rows[0]?.metadata.charged ?? 0);
        if (Number(cost) > 0 && credits > 0) expect(credits).toBe(Math.ceil(Number((Number(cost) * 1_000).toFixed(9))));
        if (credits === 0) freeOfCharge += Number(cost);
        due += credits;
      }
      expect(books.charged + books.shortfall).toBe(due);
      expect(books.charged).toBe(Math.min(due, balance));
      expect(freeOfCharge).toBeLessThan(freeUsd);
      if (books.usd >= freeUsd) expect(due).toBeGreaterThan(0);
    }),
    { numRuns: 30 },
  );
  await expectUsageRollups(app);
}, 120_000);

test('the free amount of a run covers its sub-agents, and is not theirs again', async () => {
  const person = await signUp();
  // A call costs less than the free amount.
  await addScriptedModel(app, person, followProgram, { cost_per_1k_input: 0.05, cost_per_1k_output: 0.05 });
  const persona = await addRandomPersona(app, person, { tool_allowlist: ['subagents'] });
  const run = async (text: string) => {
    const runId = await startRun(app, person, await openThread(app, person, text), { persona_id: persona });
    await (
      await openStream(url, runId, { token: person.token })
    ).ended;
    return runId;
  };
  const alone = await ledgerOf(app, await run(program('Done.')));
  expect([alone.rows, alone.usage[0].cost_usd > 0, alone.usage[0].cost_usd < freeUsd]).toEqual([[], true, true]);

  const spawns = [1, 2, 3].map((each): [string, object] => ['spawn_agent', { input: program(`${each}.`) }]);
  const root = await run(
    program(
      spawns,
      [0, 1, 2].map((at): [string, object] => ['wait_agent', { ids: [`$${at}.agent_id`] }]),
      'Done.',
    ),
  );
  const runs = await sql('select id from runs where id = $1 or root_run_id = $1', [root]);
  const ended = await Promise.all(runs.map(({ id }) => ledgerOf(app, id)));
  expect(ended.length).toBe(4);
  const free = ended.filter(({ rows }) => rows.length === 0).reduce((sum, { usage }) => sum + usage[0].cost_usd, 0);
  const whole = ended.reduce((sum, { usage }) => sum + usage[0].cost_usd, 0);
  expect([whole >= freeUsd, free < freeUsd]).toEqual([true, true]);
  expect(ended.some(({ rows }) => rows.length > 0)).toBe(true);
});

test('tokens that a provider cannot have used are neither charged nor counted, and are in the events of the run', async () => {
  const person = await signUp();
  const vendor = await addVendorModel(app, person, { cost_per_1k_input: 0.001, cost_per_1k_output: 0.001 });
  const usage = { prompt_tokens: 1e12, completion_tokens: 1e12, total_tokens: 2e12 };
  vendor.respondWith({ steps: [chat.text('Done.'), chat.stop(), chat.usage(usage), chat.done] });
  const runId = await startRun(app, person, await openThread(app, person));
  const events = await readAll(url, runId, person.token);
  await vendor.close();
  const [turn] = dataOf(events as never, 'llm.turn.completed');
  expect(turn!.usage!.excess_tokens).toBeGreaterThan(1.9e12);
  expect(turn!.usage!.total_tokens! + turn!.usage!.excess_tokens!).toBe(2e12);
  expect((events.at(-1) as any).data.usage).toEqual(turn!.usage);
  const { usage: records } = await ledgerOf(app, runId);
  expect(records[0].input_tokens + records[0].output_tokens).toBeLessThan(200_000);
  const { body } = await call('GET', '/v1/me/usage', { token: person.token });
  expect(body.total_input_tokens + body.total_output_tokens).toBeLessThan(200_000);
  await expectBooks(person, 1_000);
});

test('cached tokens count in the tokens of a month', async () => {
  const person = await signUp();
  const vendor = await addVendorModel(app, person);
  vendor.respondWith(chat.answer('Done.'), chat.answer('Done.'));
  const [earlier] = await addRuns(app, person, 1);
  await charge(app, person, earlier!, {
    usage: { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 40, cache_read_input_tokens: 60 },
    cost: '0.001',
  });
  const end = async () => (await readAll(url, await startRun(app, person, await openThread(app, person)), person.token)).at(-1)!;
  await setPlatformSettings(app, { 'quota.tokens_per_month': 103 });
  expect((await end()).type).toBe('run.completed');
  await setPlatformSettings(app, { 'quota.tokens_per_month': 102 });
  expect(await end()).toMatchObject({ type: 'run.failed', data: { code: 'entitlement.tokens_per_month_exceeded' } });
  await setPlatformSettings(app, { 'quota.tokens_per_month': null });
  await vendor.close();
});
