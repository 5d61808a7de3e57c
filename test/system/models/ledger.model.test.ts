import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, expect } from 'vitest';
import type { Database } from '../../../server/database/sql.ts';
import { RunFailure } from '../../../server/models/runFailure.ts';
import { changeNextBatch } from '../../../server/resources/credits/operations.ts';
import { raiseReservation, reserveCredits } from '../../../server/runs/credits/reserve.ts';
import { type Lease, leaseRun } from '../../../server/runs/lease/lease.ts';
import { finishRun } from '../../../server/runs/record/finishRun.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { noFreeTierPolicy, setBalance, usageCosting } from '../../support/credits/credits.ts';
import { declareSearchTests, type PlantedBug } from '../../support/plantedBugs/searchTests.ts';
import { openThread } from '../../support/resources/conversation.ts';

/* Balance, ledger and reservations of an account as a state machine. Commands run the statements of the server on PostgreSQL and compare both. */

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { sql, call } = app;
const reservation = 20;
const chief = await app.signUpAdmin();
beforeAll(() => setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy, 'credit.run_reservation': reservation }));

const maxRuns = 4;
type Run = { reserved: number; billed: number; isOpen: boolean };
type Model = { balance: number; due: number; shortfall: number; runs: Run[] };
type Real = { database: Database; person: Person; threads: string[]; leases: Lease[] };
type Command = fc.AsyncCommand<Model, Real>;

const open = ({ runs }: Model) => runs.filter(({ isOpen }) => isOpen);
const reservedBy = (runs: readonly Run[]) => runs.reduce((sum, { reserved }) => sum + reserved, 0);

/** One statement, because every command is followed by it. */
async function expectStored({ person: { accountId } }: Real, model: Model) {
  const [stored] = await sql(
    `select (select balance from credit_balances where account_id = $1)::float8 as balance,
       (select sum(amount) from credit_transactions where account_id = $1)::float8 as ledger,
       coalesce((select sum(reserved_credits) from runs where account_id = $1 and status = 'running'), 0)::float8 as reserved,
       coalesce((select sum(input_tokens) / 1000 from usage_records where account_id = $1), 0)::float8 as due,
       coalesce((select sum(shortfall) from usage_records where account_id = $1), 0)::float8 as shortfall,
       (select count(*)::int from (select from credit_transactions where account_id = $1 and reference_type = 'run'
          group by reference_id having count(*) > 1) t) as repeated`,
    [accountId],
  );
  const { balance, due, shortfall } = model;
  expect(stored).toEqual({ balance, ledger: balance, reserved: reservedBy(open(model)), due, shortfall, repeated: 0 });
}

const command = (name: string, check: (model: Model) => boolean, run: (model: Model, real: Real) => Promise<void>): Command => ({
  check,
  async run(model, real) {
    await run(model, real);
    await expectStored(real, model);
  },
  toString: () => name,
});
const always = () => true;
const hasRun = (at: number) => (model: Model) => model.runs[at] !== undefined;

const start = command(
  'starts a run',
  ({ runs }) => runs.length < maxRuns,
  async (model, real) => {
    const { person, threads, leases, database } = real;
    const answer = await call('POST', `/v1/threads/${threads[model.runs.length]}/runs`, { token: person.token });
    const available = Math.max(0, model.balance - reservedBy(open(model)));
    expect(answer.status).toBe(available > 0 ? 201 : 402);
    if (available === 0) return;
    model.runs.push({ reserved: Math.min(reservation, available), billed: 0, isOpen: true });
    leases.push((await leaseRun(database, answer.body.run_id, 600))!);
  },
);

/** Before a model call. */
const reserve = (at: number, more: number) =>
  command(`run ${at} reserves ${more} more than its bill`, hasRun(at), async (model, { database, leases }) => {
    const run = model.runs[at]!;
    const wanted = run.billed + more;
    const answer = await reserveCredits(database, leases[at]!, wanted, run.billed);
    if (!run.isOpen) return expect(answer).toBeUndefined();
    const others = reservedBy(open(model).filter((other) => other !== run));
    const isCovered = model.balance - others >= wanted;
    const granted = isCovered ? wanted : others === 0 && model.balance > run.billed ? model.balance : null;
    expect(answer).toEqual({ granted, balance: model.balance, others, key_budget: null });
    run.reserved = granted ?? Math.min(run.reserved, run.billed);
  });

/** After a model call, which may have cost more than was reserved. */
const bill = (at: number, cost: number) =>
  command(
    `run ${at} uses ${cost}`,
    (model) => model.runs[at]?.isOpen === true,
    async (model, { database, leases }) => {
      const run = model.runs[at]!;
      run.billed += cost;
      await raiseReservation(database, leases[at]!, run.billed);
      run.reserved = Math.max(run.reserved, run.billed);
    },
  );

/** Also of a run that has ended, as by a worker that lost its lease. */
const finish = (at: number) =>
  command(`run ${at} ends`, hasRun(at), async (model, { database, leases }) => {
    const run = model.runs[at]!;
    const spent = run.billed === 0 ? { usage: undefined, cost: '0' } : usageCosting(run.billed);
    const ended = finishRun(database, leases[at]!, [], { type: 'failed', failure: new RunFailure('internal.error', '') }, spent);
    if (!run.isOpen) return expect(ended).rejects.toThrow();
    expect(await ended).toBe(true);
    const charged = Math.min(run.billed, model.balance);
    model.balance -= charged;
    model.due += run.billed;
    model.shortfall += run.billed - charged;
    run.isOpen = false;
  });

const adjust = (amount: number) =>
  command(`an administrator adds ${amount}`, always, async (model, { person }) => {
    const body = { account_id: person.accountId, amount };
    const answer = await call('POST', '/v1/admin/credits/adjust', { token: chief.token, body });
    const isPossible = model.balance + amount >= 0;
    expect([answer.status, answer.body?.details?.reason]).toEqual(isPossible ? [200, undefined] : [409, 'insufficient_credits']);
    if (isPossible) model.balance += amount;
  });

/** A credit operation on all accounts, whose batch is executed once or, as by two workers, twice. Null resets. */
const operate = (amount: number | null, times: number) =>
  command(`${amount ?? 'a reset'} for all accounts, ${times} times`, always, async (model, { database }) => {
    const id = randomUUID();
    await sql(
      `insert into credit_operations (id, operation, amount, state, total, trace_id, created_by)
       select $1, $2, $3, 'running', count(*), '', $4 from accounts`,
      [id, amount === null ? 'reset_all' : 'bulk_adjust', amount, chief.id],
    );
    // Wrapped in an object: a returned promise would be awaited before the commit is sent.
    const change = () => database.transaction(async (tx) => ({ sent: changeNextBatch(tx, id, 0, { waits: true }) }));
    for (let time = 0; time < times; time++) await (await change()).sent;
    model.balance = amount === null ? 0 : Math.max(0, model.balance + amount);
  });

const at = fc.nat({ max: maxRuns - 1 });
const cost = fc.integer({ min: 1, max: 60 });
const allCommands = [
  fc.constant(start),
  fc.constant(start),
  fc.tuple(at, cost).map(([run, more]) => reserve(run, more)),
  fc.tuple(at, cost).map(([run, used]) => bill(run, used)),
  at.map(finish),
  fc.constantFrom(-500, -30, 15, 40).map(adjust),
  fc.tuple(fc.constantFrom(-500, -10, 25, null), fc.constantFrom(1, 2)).map(([amount, times]) => operate(amount, times)),
];

const propertyOf = (database: Database) =>
  fc.asyncProperty(fc.nat({ max: 120 }), fc.commands(allCommands, { maxCommands: 20, size: 'max' }), async (balance, commands) => {
    // One account at a time: operations change all of them.
    const person = await app.signUp();
    await setBalance(app, person, balance);
    const threads: string[] = [];
    for (let made = 0; made < maxRuns; made++) threads.push(await openThread(app, person));
    const setup = () => ({
      model: { balance, due: 0, shortfall: 0, runs: [] } as Model,
      real: { database, person, threads, leases: [] } as Real,
    });
    await fc.asyncModelRun(setup, commands);
  });

/** Bugs in the statements of the server, and the text that they change. */
const bugs: PlantedBug[] = [
  ['a charge does not lower the balance', [/greatest\(b\.balance \+ entry\.amount, 0\)/, 'b.balance']],
  ['a charge exceeds the balance', [/least\((\$\d+::bigint), coalesce\(\(select "held"\."balance" from "held"\), 0\)\)/, '$1']],
  ['a shortfall is not recorded', [/bill\.credits - bill\.charged as "shortfall"/, '0 as "shortfall"']],
  [
    'a run that has ended is ended and charged again',
    [
      /(from "runs" where "id" = \$1) and "lease_token" = (\$2) and "lease_until" > clock_timestamp\(\)( for update)/,
      '$1 and $2::uuid is not null$3',
    ],
  ],
  ['a reservation ignores those of other runs', [/("r"\."id" <> \$3)/, '($1 and false)']],
  [
    'a rejected reservation keeps everything reserved',
    [/least\(r\.reserved_credits, (\$\d+::bigint)\)/, 'greatest(r.reserved_credits, $1)'],
  ],
  ['a lower bill lowers the reservation', [/greatest\(reserved_credits, (\$1::bigint)\)/, '$1']],
  ['an operation removes more than the balance', [/greatest\(op\.amount, -h\.balance\)/, 'op.amount']],
  [
    'an operation does not change the balance',
    [/"balance" = least\(greatest\(b\.balance \+ c\.amount, 0\), 9007199254740991\)/, '"balance" = b.balance'],
  ],
  [
    'an operation that has ended is executed again',
    [/(from "credit_operations" where "id" = \$1) and "state" = 'running'(\), "next" as materialized)/, '$1$2'],
    [/last_account_id" = coalesce\(.*?\), "moved_at"/, 'last_account_id" = "o"."last_account_id", "moved_at"'],
  ],
];

declareSearchTests({
  title: 'no sequence of up to 20 steps contradicts the rules of credits',
  database: app.database,
  propertyOf,
  rounds: 40,
  bugs,
  bugRounds: 10,
  bugSeed: 10,
  timeoutMs: 120_000,
});
