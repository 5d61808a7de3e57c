import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { changeCredits } from '../../server/jobs/changeCredits.ts';
import { addCredits } from '../../server/resources/credits/ledger.ts';
import { setPlatformSettings } from '../support/app/settings.ts';
import { type Answer, type Person, startTestApp } from '../support/app/testApp.ts';
import { concurrently, tally } from '../support/checks/race.ts';
import { addRuns, charge, checkedBalance, ledgerOf, noFreeTierPolicy, usageCosting } from '../support/credits/credits.ts';
import { createTestLog } from '../support/failures/serverErrors.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote, database } = app;
const log = createTestLog();
const [admin, ...people] = await concurrently(4, () => signUp());
beforeAll(async () => {
  await promote(admin!);
  await setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy });
});

const operate = (path: string, body: object, key?: string) =>
  call('POST', `/v1/admin/credits/${path}`, { token: admin!.token, body, headers: key ? { 'idempotency-key': key } : {} });
const adjust = ({ accountId }: Person, amount: number, key?: string) => operate('adjust', { account_id: accountId, amount }, key);

test('of 50 concurrent adjustments by -30 on a balance of 1000 exactly 33 succeed', async () => {
  const person = await signUp();
  const answers = await concurrently(50, () => adjust(person, -30));
  expect(tally(answers)).toEqual({ '200': 33, '409 insufficient_credits': 17 });
  expect(await checkedBalance(app, person.accountId)).toBe(10);
});

test('of 50 runs that end at once with credits for ten, ten are charged and the rest have a shortfall', async () => {
  const person = await signUp();
  await adjust(person, -900);
  const runs = await addRuns(app, person, 50);
  await Promise.all(runs.map((runId) => charge(app, person, runId, usageCosting(10))));
  const booked = await Promise.all(runs.map((runId) => ledgerOf(app, runId)));
  expect(booked.filter(({ rows }) => rows.length === 1 && rows[0].amount === -10)).toHaveLength(10);
  expect(booked.filter(({ rows, usage }) => rows.length === 0 && usage[0].shortfall === 10)).toHaveLength(40);
  expect(await checkedBalance(app, person.accountId)).toBe(0);
});

test('concurrent adjustments with one idempotency key have one effect', async () => {
  const person = await signUp();
  const key = randomUUID();
  const answers = await concurrently(20, () => adjust(person, 7, key));
  const kinds = Object.keys(tally(answers));
  expect(kinds).toContain('200');
  expect(kinds.filter((kind) => kind !== '200' && kind !== '409 idempotency_in_progress')).toEqual([]);
  expect(await checkedBalance(app, person.accountId)).toBe(1007);
});

type Step =
  | { do: 'adjust'; who: number; amount: number; key: boolean }
  | { do: 'bulk'; amount: number }
  | { do: 'reset' }
  | { do: 'redeem'; who: number; code: number }
  | { do: 'grant'; who: number; amount: number; window: number }
  | { do: 'run'; who: number; run: number; credits: number };

const who = fc.integer({ min: 0, max: 2 });
const amount = fc.integer({ min: -1500, max: 1500 }).filter((value) => value !== 0);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('run' as const),
      who,
      run: fc.integer({ min: 0, max: 3 }),
      credits: fc.integer({ min: 1, max: 900 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('adjust' as const), who, amount, key: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('grant' as const),
      who,
      amount: fc.integer({ min: 1, max: 500 }),
      window: fc.integer({ min: 0, max: 1 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('redeem' as const), who, code: fc.integer({ min: 0, max: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bulk' as const), amount }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reset' as const }) },
);

/** Creates the runs, the codes, the idempotency key, and the subscription of a round. */
async function prepare() {
  const runs = await Promise.all(people.map((person) => addRuns(app, person, 4, '1.5')));
  const codes = [randomUUID(), randomUUID()].map((id) => id.slice(0, 19).toUpperCase());
  for (const code of codes)
    await sql(`insert into redemption_codes (id, code, type, value, max_uses) values (gen_random_uuid(), $1, 'credits', '90', 2)`, [code]);
  await sql('delete from attempt_counts');
  return { runs, codes, key: randomUUID(), subscription: randomUUID() };
}

async function take(round: Awaited<ReturnType<typeof prepare>>, one: Step): Promise<Answer | undefined> {
  switch (one.do) {
    case 'adjust':
      return adjust(people[one.who]!, one.amount, one.key ? `${round.key} ${one.who}` : undefined);
    case 'bulk':
      return operate('bulk-adjust', { amount: one.amount });
    case 'reset':
      return operate('reset-all', {});
    case 'redeem':
      return call('POST', '/v1/me/redeem', { token: people[one.who]!.token, body: { code: round.codes[one.code] } });
    case 'run':
      return charge(app, people[one.who]!, round.runs[one.who]![one.run]!, usageCosting(one.credits)).then(() => undefined);
    case 'grant': {
      const { accountId } = people[one.who]!;
      const window_start = `2026-0${one.window + 1}-01T00:00:00.000Z`;
      const cause = { referenceType: 'monthly_grant', referenceId: round.subscription, metadata: { window_start } } as const;
      const repeated = (error: { code?: string }) => (error.code === '23505' ? undefined : Promise.reject(error));
      return database.transaction((tx) => addCredits(tx, { accountId, amount: one.amount, ...cause })).then(() => undefined, repeated);
    }
  }
}

/** A request leaves accounts that are locked to the job. */
async function completeOperations() {
  const running = await sql(`select id from credit_operations where state = 'running'`);
  const stopping = new AbortController().signal;
  for (const { id } of running) await changeCredits({ database, log, stopping }, { v: 1, trace_id: randomUUID(), operation_id: id });
  expect(await sql(`select state from credit_operations where state <> 'completed'`)).toEqual([]);
}

test('after concurrent operations every balance is the sum of its ledger, none is below 0, and no run is charged twice', async () => {
  const refusals = [
    '200',
    '409 insufficient_credits',
    '409 idempotency_key_reused',
    '409 idempotency_in_progress',
    '409 credit_operation_running',
  ];
  const ofCodes = ['409 already_redeemed', '409 code_exhausted', '429 redeem_rate_limited'];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
      const round = await prepare();
      const answers = await Promise.all(steps.map((one) => take(round, one)));
      const kinds = Object.keys(tally(answers.filter((answer) => answer !== undefined)));
      expect(kinds.filter((kind) => !refusals.includes(kind) && !ofCodes.includes(kind))).toEqual([]);
      await completeOperations();
      for (const { accountId } of [admin!, ...people]) expect(await checkedBalance(app, accountId)).toBeGreaterThanOrEqual(0);
      const ended = new Set(steps.flatMap((one) => (one.do === 'run' ? [round.runs[one.who]![one.run]!] : [])));
      for (const runId of ended) {
        const { rows, usage } = await ledgerOf(app, runId);
        expect([usage.length, rows.length <= 1]).toEqual([1, true]);
        const due = Math.ceil((usage[0].input_tokens / 1000) * 1.5);
        expect((rows[0] ? -rows[0].amount : 0) + usage[0].shortfall).toBe(due);
      }
    }),
    { numRuns: 60 },
  );
  const [{ stray }] = await sql(`
    select count(*)::int as stray from credit_transactions t where not exists (select from credit_balances b where b.account_id = t.account_id)`);
  expect(stray).toBe(0);
});
