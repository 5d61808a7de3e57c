import fc from 'fast-check';
import { pino } from 'pino';
import { beforeAll, expect, test } from 'vitest';
import { noPrices } from '../../server/agent/loop/usageTotals.ts';
import type { Database } from '../../server/database/sql.ts';
import { openModel } from '../../server/models/openModel.ts';
import { RunFailure } from '../../server/models/runFailure.ts';
import { calculateCharge } from '../../server/resources/credits/charge.ts';
import { readSettings } from '../../server/resources/settings/settings.ts';
import { createMetering } from '../../server/runs/credits/metering.ts';
import { raiseReservation, reserveCredits } from '../../server/runs/credits/reserve.ts';
import type { OpenedRoute } from '../../server/runs/execute/openRoute.ts';
import { type Lease, leaseRun } from '../../server/runs/lease/lease.ts';
import { finishRun } from '../../server/runs/record/finishRun.ts';
import { setPlatformSettings } from '../support/app/settings.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { tally } from '../support/checks/race.ts';
import { checkedBalance, ledgerOf, noFreeTierPolicy, setBalance, usageCosting } from '../support/credits/credits.ts';
import { openThread } from '../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { call, sql, signUp, promote, database } = app;
const admin = await signUp();
beforeAll(async () => {
  await promote(admin);
  await setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy });
});

const threadsOf = async (person: Person, count: number) => Promise.all(Array.from({ length: count }, () => openThread(app, person)));
const start = ({ token }: Person, threadId: string) => call('POST', `/v1/threads/${threadId}/runs`, { token });
const shown = async ({ accountId }: Person) =>
  (await call('GET', `/v1/admin/credits?account_id=${accountId}`, { token: admin.token })).body;

/** The reserved credits of open runs, and the due, charged, and unpaid credits of ended ones. */
async function creditTotals({ accountId }: Person) {
  const [books] = await sql(
    `select coalesce((select sum(reserved_credits) from runs where account_id = $1 and status in ('running', 'waiting_for_input', 'cancelling')), 0)::float8 as reserved,
       (select count(*)::int from runs where account_id = $1 and status in ('running', 'waiting_for_input', 'cancelling')) as open,
       coalesce((select sum(input_tokens) / 1000 from usage_records where account_id = $1), 0)::float8 as due,
       coalesce((select sum(shortfall) from usage_records where account_id = $1), 0)::float8 as shortfall,
       coalesce((select -sum(amount) from credit_transactions where account_id = $1 and reference_type = 'run'), 0)::float8 as charged`,
    [accountId],
  );
  return books as { reserved: number; open: number; due: number; shortfall: number; charged: number };
}

type Call = { expected: number; cost: number };
type Ending = 'completed' | 'failed' | 'cancelled';

/** Executes a run like a worker: each call is reserved before it is made, and a rejected reservation ends the run. */
async function work(lease: Lease, calls: readonly Call[], ending: Ending) {
  let billed = 0;
  let end: Ending = ending;
  for (const { expected, cost } of calls) {
    const answer = await reserveCredits(database, lease, billed + expected, billed);
    if (!answer) return;
    if (answer.granted === null) {
      end = 'failed';
      break;
    }
    billed += cost;
    if (billed > answer.granted) await raiseReservation(database, lease, billed);
  }
  const spent = billed === 0 ? { usage: undefined, cost: '0' } : usageCosting(billed);
  const answer = { llmCallId: '', text: '', message: { role: 'assistant' as const, content: [] } };
  if (end === 'completed') await finishRun(database, lease, [], { type: 'completed', answer, history: [] }, spent);
  else if (end === 'failed') await finishRun(database, lease, [], { type: 'failed', failure: new RunFailure('internal.error', '') }, spent);
  else await finishRun(database, lease, [], { type: 'cancelled' }, spent);
}

/** Starts a run in a thread, and cancels it before a worker leases it or executes it. Returns the response to the start. */
async function executeRun(person: Person, threadId: string, { calls, ending, early }: RunPlan) {
  const answer = await start(person, threadId);
  if (answer.status !== 201) return answer;
  if (early) await call('POST', `/v1/runs/${answer.body.run_id}:cancel`, { token: person.token });
  const lease = await leaseRun(database, answer.body.run_id, 60);
  if (lease) await work(lease, calls, ending);
  return answer;
}

type RunPlan = { calls: Call[]; ending: Ending; early: boolean };

const max = 60;
/** A call that costs at most its estimate. */
const modelCall = fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max })).map(([a, b]): Call => ({
  expected: Math.max(a, b),
  cost: Math.min(a, b),
}));
const life: fc.Arbitrary<RunPlan> = fc.record({
  calls: fc.array(modelCall, { maxLength: 5 }),
  ending: fc.constantFrom<Ending>('completed', 'failed', 'cancelled'),
  early: fc.constant(false),
});
const early = { calls: [], ending: 'cancelled' as const, early: true };

test('parallel runs overspend the account by at most one call, and leave nothing reserved', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 5, arbitrary: life }, { weight: 1, arbitrary: fc.constant(early) }), { minLength: 2, maxLength: 10 }),
      fc.integer({ min: 0, max: 300 }),
      async (lives, balance) => {
        const person = await signUp();
        await setBalance(app, person, balance);
        const threads = await threadsOf(person, lives.length);
        const answers = await Promise.all(lives.map((each, at) => executeRun(person, threads[at]!, each)));
        for (const kind of Object.keys(tally(answers))) expect(['201', '402 credits_exhausted']).toContain(kind);
        const books = await creditTotals(person);
        expect(books).toMatchObject({ open: 0, reserved: 0 });
        expect(books.charged + books.shortfall).toBe(books.due);
        // One call of a run without parallel runs may exceed the balance.
        expect(books.due).toBeLessThanOrEqual(balance + max);
        expect(await checkedBalance(app, person.accountId)).toBe(balance - books.charged);
        expect(await shown(person)).toMatchObject({ balance: balance - books.charged, reserved: 0, available: balance - books.charged });
        for (const { status, body } of answers) {
          if (status !== 201) continue;
          const { rows, usage } = await ledgerOf(app, body.run_id);
          expect([rows.length <= 1, usage.length <= 1]).toEqual([true, true]);
        }
      },
    ),
    { numRuns: 40 },
  );
});

const settingPath = '/v1/admin/platform-settings/credit.run_reservation';
/** Takes effect at once, because this process answers the request. */
const reserveByDefault = async (credits: number) =>
  expect((await call('PUT', settingPath, { token: admin.token, body: { value: `${credits}` } })).status).toBe(200);

test('while runs are open, the reserved credits are the sum of their reservations, and starts fail once they reach the balance', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 25 }), async (balance, reservation) => {
      await reserveByDefault(reservation);
      const person = await signUp();
      await setBalance(app, person, balance);
      const threads = await threadsOf(person, 6);
      const answers = await Promise.all(threads.map((threadId) => start(person, threadId)));
      const admitted = Math.min(6, Math.ceil(balance / reservation));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(admitted);
      const reserved = Math.min(balance, admitted * reservation);
      expect(await shown(person)).toMatchObject({ balance, reserved, available: balance - reserved });
    }),
    { numRuns: 10 },
  );
  expect((await call('DELETE', settingPath, { token: admin.token })).status).toBe(204);
});

test('concurrent reservations never exceed the balance', async () => {
  const person = await signUp();
  await setBalance(app, person, 100);
  const threads = await threadsOf(person, 10);
  const leases: Lease[] = [];
  for (const threadId of threads) leases.push((await leaseRun(database, (await start(person, threadId)).body.run_id, 60))!);
  expect(await creditTotals(person)).toMatchObject({ reserved: 100 });
  const answers = await Promise.all(leases.map((lease) => reserveCredits(database, lease, 25, 0)));
  const granted = answers.filter((answer) => answer?.granted === 25).length;
  expect([granted, answers.filter((answer) => answer?.granted === null).length]).toEqual([4, 6]);
  expect(await creditTotals(person)).toMatchObject({ reserved: 100 });
});

test('adjustments and resets concurrent with runs keep balance, ledger and reservations consistent', async () => {
  const operate = (path: string, body: object) => call('POST', `/v1/admin/credits/${path}`, { token: admin.token, body });
  const takes = fc.constantFrom<[string, number | undefined]>(
    ['adjust', -20],
    ['adjust', 35],
    ['adjust', -500],
    ['bulk-adjust', -10],
    ['reset-all', undefined],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 2, maxLength: 6 }), fc.array(takes, { maxLength: 4 }), async (lives, operations) => {
      const person = await signUp();
      await setBalance(app, person, 150);
      const threads = await threadsOf(person, lives.length);
      const running = lives.map((each, at) => executeRun(person, threads[at]!, each));
      const taken = operations.map(([path, amount]) =>
        operate(path, amount === undefined ? {} : path === 'adjust' ? { account_id: person.accountId, amount } : { amount }),
      );
      await Promise.all([...running, ...taken]);
      const books = await creditTotals(person);
      expect(books).toMatchObject({ open: 0, reserved: 0 });
      expect(books.charged + books.shortfall).toBe(books.due);
      const balance = await checkedBalance(app, person.accountId);
      expect(balance).toBeGreaterThanOrEqual(0);
      expect(await shown(person)).toMatchObject({ balance, reserved: 0, available: balance });
    }),
    { numRuns: 30 },
  );
});

test('a call covered by the reservation of the run does not use the database, and another takes one transaction', async () => {
  const person = await signUp();
  const [threadId] = await threadsOf(person, 1);
  const lease = (await leaseRun(database, (await start(person, threadId!)).body.run_id, 60))!;
  let transactions = 0;
  const counted: Database = {
    ...database,
    of: (share) => ({
      ...database.of(share),
      transaction(work) {
        transactions++;
        return database.of(share).transaction(work);
      },
    }),
    run: () => Promise.reject(new Error('a statement outside of a transaction')),
  };
  const model = openModel(
    { provider_kind: 'stub', model: 'stub', deltaCount: 3, deltaIntervalSeconds: 0 },
    { outbound: undefined as never },
  );
  const settings = await readSettings(database);
  const metering = createMetering({
    database: counted,
    lease,
    settings,
    usageTotals: { usage: undefined, cost: '0' },
    log: pino({ level: 'silent' }),
  });
  const ask = async (price: number | null) => {
    const prices = { ...noPrices, cost_per_1k_input: price, cost_per_1k_output: price };
    const opened = { model, prices, multiplier: 1 } as OpenedRoute;
    const request = { messages: [{ role: 'user' as const, content: 'Hello!' }], tools: [], reasoning_mode: 'auto' as const };
    const events = [];
    for await (const event of metering.meter(opened).stream(request, new AbortController().signal)) events.push(event);
    return events.at(-1);
  };
  expect(await ask(null)).toMatchObject({ type: 'finish', usage: { estimated: true } });
  expect(await ask(0.001)).toMatchObject({ type: 'finish', usage: { estimated: true } });
  expect(transactions).toBe(0);
  await ask(0.1);
  expect(transactions).toBe(1);
});

test('a bill is limited to the maximum of a balance', async () => {
  const person = await signUp();
  const [threadId] = await threadsOf(person, 1);
  const lease = (await leaseRun(database, (await start(person, threadId!)).body.run_id, 60))!;
  const huge = calculateCharge({ usage: { input_tokens: 1 }, cost: '1e22' }, 1_000_000, await readSettings(database))!.credits;
  expect(huge).toBe(Number.MAX_SAFE_INTEGER);
  expect(await reserveCredits(database, lease, huge, 0)).toMatchObject({ granted: 1_000 });
  await raiseReservation(database, lease, huge);
  expect(await shown(person)).toMatchObject({ balance: 1_000, reserved: huge, available: 0 });
});

test('a worker that lost its lease changes no reservation, and the run is charged once', async () => {
  const person = await signUp();
  const [threadId] = await threadsOf(person, 1);
  const { run_id: runId } = (await start(person, threadId!)).body;
  const lost = (await leaseRun(database, runId, 60))!;
  await reserveCredits(database, lost, 50, 0);
  await sql(`update runs set lease_until = now() - interval '1 second' where id = $1`, [runId]);
  const heir = (await leaseRun(database, runId, 60))!;
  expect(heir.run.reserved_credits).toBe(50);
  expect(await reserveCredits(database, lost, 400, 0)).toBeUndefined();
  await raiseReservation(database, lost, 400);
  expect(await creditTotals(person)).toMatchObject({ reserved: 50 });
  const spent = usageCosting(30);
  const failure = new RunFailure('internal.error', '');
  await finishRun(database, heir, [], { type: 'failed', failure }, spent);
  await expect(finishRun(database, lost, [], { type: 'failed', failure }, usageCosting(40))).rejects.toThrow();
  expect((await ledgerOf(app, runId)).rows).toMatchObject([{ amount: -30 }]);
  expect(await shown(person)).toMatchObject({ balance: 970, reserved: 0, available: 970 });
});
