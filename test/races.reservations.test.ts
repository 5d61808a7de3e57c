import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { RunFailure } from '../server/agent/failure.ts';
import { noPrices } from '../server/agent/loop/spending.ts';
import { openModel } from '../server/agent/providers/open.ts';
import { type Lease, leaseRun } from '../server/jobs/lease.ts';
import { createMetering } from '../server/jobs/meter.ts';
import { raiseReservation, reserveCredits } from '../server/jobs/reserve.ts';
import type { Opened } from '../server/jobs/routes.ts';
import { settleRun } from '../server/jobs/settle.ts';
import type { Database } from '../server/kernel/sql.ts';
import { billOf } from '../server/resources/credits/charge.ts';
import { readSettings } from '../server/resources/settings/settings.ts';
import { openThread } from './setup/conversation.ts';
import { bookedOf, everythingCosts, setBalance, soundBalance, worth } from './setup/credits.ts';
import { tally } from './setup/race.ts';
import { setPlatform } from './setup/settings.ts';
import { type Person, startWorld } from './setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { call, sql, signUp, promote, database } = world;
const admin = await signUp();
beforeAll(async () => {
  await promote(admin);
  await setPlatform(world, { 'credit.deduction_policy': everythingCosts });
});

const threadsOf = async (person: Person, count: number) => Promise.all(Array.from({ length: count }, () => openThread(world, person)));
const start = ({ token }: Person, threadId: string) => call('POST', `/v1/threads/${threadId}/runs`, { token });
const shown = async ({ accountId }: Person) =>
  (await call('GET', `/v1/admin/credits?account_id=${accountId}`, { token: admin.token })).body;

/** What open runs have reserved, and what ended ones were worth. */
async function booksOf({ accountId }: Person) {
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

/** A worker's part in a run: every call is reserved before it is made, and what is refused ends the run. */
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
  const spent = billed === 0 ? { usage: undefined, cost: '0' } : worth(billed);
  const answer = { llmCallId: '', text: '', message: { role: 'assistant' as const, content: [] } };
  if (end === 'completed') await settleRun(database, lease, [], { type: 'completed', answer, trail: [] }, spent);
  else if (end === 'failed') await settleRun(database, lease, [], { type: 'failed', failure: new RunFailure('internal.error', '') }, spent);
  else await settleRun(database, lease, [], { type: 'cancelled' }, spent);
}

/** Starts a run in a thread, cancels it before a worker takes it, or works on it; how the start was answered. */
async function live(person: Person, threadId: string, { calls, ending, early }: Life) {
  const answer = await start(person, threadId);
  if (answer.status !== 201) return answer;
  if (early) await call('POST', `/v1/runs/${answer.body.run_id}:cancel`, { token: person.token });
  const lease = await leaseRun(database, answer.body.run_id, 60);
  if (lease) await work(lease, calls, ending);
  return answer;
}

type Life = { calls: Call[]; ending: Ending; early: boolean };

const most = 60;
/** A call that costs no more than it was expected to. */
const modelCall = fc.tuple(fc.integer({ min: 1, max: most }), fc.integer({ min: 1, max: most })).map(
  ([a, b]): Call => ({
    expected: Math.max(a, b),
    cost: Math.min(a, b),
  }),
);
const life: fc.Arbitrary<Life> = fc.record({
  calls: fc.array(modelCall, { maxLength: 5 }),
  ending: fc.constantFrom<Ending>('completed', 'failed', 'cancelled'),
  early: fc.constant(false),
});
const early = { calls: [], ending: 'cancelled' as const, early: true };

test('however parallel runs interleave, they overspend the account by no more than one call, and leave nothing reserved', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 5, arbitrary: life }, { weight: 1, arbitrary: fc.constant(early) }), { minLength: 2, maxLength: 10 }),
      fc.integer({ min: 0, max: 300 }),
      async (lives, balance) => {
        const person = await signUp();
        await setBalance(world, person, balance);
        const threads = await threadsOf(person, lives.length);
        const answers = await Promise.all(lives.map((each, at) => live(person, threads[at]!, each)));
        for (const kind of Object.keys(tally(answers))) expect(['201', '402 credits_exhausted']).toContain(kind);
        const books = await booksOf(person);
        expect(books).toMatchObject({ open: 0, reserved: 0 });
        expect(books.charged + books.shortfall).toBe(books.due);
        // One call of a run that was alone may have gone beyond what there was.
        expect(books.due).toBeLessThanOrEqual(balance + most);
        expect(await soundBalance(world, person.accountId)).toBe(balance - books.charged);
        expect(await shown(person)).toMatchObject({ balance: balance - books.charged, reserved: 0, available: balance - books.charged });
        for (const { status, body } of answers) {
          if (status !== 201) continue;
          const { rows, usage } = await bookedOf(world, body.run_id);
          expect([rows.length <= 1, usage.length <= 1]).toEqual([true, true]);
        }
      },
    ),
    { numRuns: 40 },
  );
}, 120_000);

test('while runs are open, what is shown as reserved is the sum of their reservations, and starts stop when it reaches the balance', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 25 }), async (balance, reservation) => {
      await setPlatform(world, { 'credit.run_reservation': reservation });
      const person = await signUp();
      await setBalance(world, person, balance);
      const threads = await threadsOf(person, 6);
      const answers = await Promise.all(threads.map((threadId) => start(person, threadId)));
      const admitted = Math.min(6, Math.ceil(balance / reservation));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(admitted);
      const reserved = Math.min(balance, admitted * reservation);
      expect(await shown(person)).toMatchObject({ balance, reserved, available: balance - reserved });
    }),
    { numRuns: 10 },
  );
  await setPlatform(world, { 'credit.run_reservation': null });
}, 120_000);

test('of reservations at once never more is granted than there is', async () => {
  const person = await signUp();
  await setBalance(world, person, 100);
  const threads = await threadsOf(person, 10);
  const leases: Lease[] = [];
  for (const threadId of threads) leases.push((await leaseRun(database, (await start(person, threadId)).body.run_id, 60))!);
  expect(await booksOf(person)).toMatchObject({ reserved: 100 });
  const answers = await Promise.all(leases.map((lease) => reserveCredits(database, lease, 25, 0)));
  const granted = answers.filter((answer) => answer?.granted === 25).length;
  expect([granted, answers.filter((answer) => answer?.granted === null).length]).toEqual([4, 6]);
  expect(await booksOf(person)).toMatchObject({ reserved: 100 });
});

test('grants, adjustments and resets at once with runs keep balance, ledger and reservations together', async () => {
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
      await setBalance(world, person, 150);
      const threads = await threadsOf(person, lives.length);
      const running = lives.map((each, at) => live(person, threads[at]!, each));
      const taken = operations.map(([path, amount]) =>
        operate(path, amount === undefined ? {} : path === 'adjust' ? { account_id: person.accountId, amount } : { amount }),
      );
      await Promise.all([...running, ...taken]);
      const books = await booksOf(person);
      expect(books).toMatchObject({ open: 0, reserved: 0 });
      expect(books.charged + books.shortfall).toBe(books.due);
      const balance = await soundBalance(world, person.accountId);
      expect(balance).toBeGreaterThanOrEqual(0);
      expect(await shown(person)).toMatchObject({ balance, reserved: 0, available: balance });
    }),
    { numRuns: 30 },
  );
}, 120_000);

test('a call that the reservation of the run covers asks the database for nothing, and another takes one transaction', async () => {
  const person = await signUp();
  const [threadId] = await threadsOf(person, 1);
  const lease = (await leaseRun(database, (await start(person, threadId!)).body.run_id, 60))!;
  let transactions = 0;
  const counted: Database = {
    ...database,
    transaction(work, accountId) {
      transactions++;
      return database.transaction(work, accountId);
    },
    run: () => Promise.reject(new Error('a statement outside of a transaction')),
  };
  const model = openModel(
    { provider_kind: 'stub', model: 'stub', deltaCount: 3, deltaIntervalSeconds: 0 },
    { outbound: undefined as never },
  );
  const settings = await readSettings(database);
  const metering = createMetering({ database: counted, lease, settings, spent: { usage: undefined, cost: '0' } });
  const ask = async (price: number | null) => {
    const prices = { ...noPrices, cost_per_1k_input: price, cost_per_1k_output: price };
    const opened = { model, prices, multiplier: 1 } as Opened;
    const request = { messages: [{ role: 'user' as const, content: 'Hello!' }], tools: [], reasoning_mode: 'auto' as const };
    const events = [];
    for await (const event of metering(opened).stream(request, new AbortController().signal)) events.push(event);
    return events.at(-1);
  };
  expect(await ask(null)).toMatchObject({ type: 'finish', usage: { estimated: true } });
  expect(await ask(0.001)).toMatchObject({ type: 'finish', usage: { estimated: true } });
  expect(transactions).toBe(0);
  await ask(0.1);
  expect(transactions).toBe(1);
});

test('a bill beyond all bounds is the most that an account can have', async () => {
  const person = await signUp();
  const [threadId] = await threadsOf(person, 1);
  const lease = (await leaseRun(database, (await start(person, threadId!)).body.run_id, 60))!;
  const huge = billOf({ usage: { input_tokens: 1 }, cost: '1e22' }, 1_000_000, await readSettings(database))!.credits;
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
  expect(await booksOf(person)).toMatchObject({ reserved: 50 });
  const spent = worth(30);
  const failure = new RunFailure('internal.error', '');
  await settleRun(database, heir, [], { type: 'failed', failure }, spent);
  await expect(settleRun(database, lost, [], { type: 'failed', failure }, worth(40))).rejects.toThrow();
  expect((await bookedOf(world, runId)).rows).toMatchObject([{ amount: -30 }]);
  expect(await shown(person)).toMatchObject({ balance: 970, reserved: 0, available: 970 });
});
