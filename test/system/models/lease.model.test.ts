import fc from 'fast-check';
import { pino } from 'pino';
import { expect } from 'vitest';
import type { Database } from '../../../server/database/sql.ts';
import { queue } from '../../../server/jobs/queue.ts';
import { RunFailure } from '../../../server/models/runFailure.ts';
import { CancelRequested, type Lease, LeaseLost, leaseRun } from '../../../server/runs/lease/lease.ts';
import { recoverRuns } from '../../../server/runs/lease/reaper.ts';
import { finishRun, type RunEnding } from '../../../server/runs/record/finishRun.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { grant } from '../../support/credits/credits.ts';
import { declareSearchTests, type PlantedBug } from '../../support/plantedBugs/searchTests.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

/* The lease protocol of runs as a state machine. Commands run the statements of the server on PostgreSQL and compare the outcome with the model. */

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { sql, call } = app;
const person = await app.signUp();
await grant(app, person, 1_000_000_000);
const newRun = async () => startRun(app, person, await openThread(app, person));
const cancel = (runId: string) => call('POST', `/v1/runs/${runId}:cancel`, { token: person.token });

const noSpending = { usage: undefined, cost: '0' };
const delta = { type: 'message.delta', data: { role: 'assistant', content: 'a', content_delta: 'a' } } as never;
const answer = { llmCallId: '', text: 'a', message: { role: 'assistant' as const, content: [] } };
const endings: Record<'completed' | 'failed' | 'cancelled', RunEnding> = {
  completed: { type: 'completed', answer, history: [] },
  failed: { type: 'failed', failure: new RunFailure('internal.error', '') },
  cancelled: { type: 'cancelled' },
};
type Ending = keyof typeof endings;

/** Time passes: the lease expires. */
const expire = (runId: string) =>
  sql(`update runs set lease_until = clock_timestamp() - interval '1 second' where id = $1 and lease_token is not null`, [runId]);

const workerCount = 2;

/** What the protocol says. `holder` is the worker whose token the run has; `holds` tells which workers believe they have a lease. */
type Model = {
  status: 'running' | 'cancelling' | Ending;
  holder: number | undefined;
  isExpired: boolean;
  wasTaken: boolean;
  events: number;
  holds: boolean[];
};
type Real = { database: Database; runId: string; leases: (Lease | undefined)[] };

type Command = fc.AsyncCommand<Model, Real>;
const isOpen = ({ status }: Model) => status === 'running' || status === 'cancelling';
const isFenced = (model: Model, worker: number) => model.holder !== worker || model.isExpired || !isOpen(model);

/** The outcome of a call of a worker: its value, or the kind of error. */
async function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof LeaseLost) return 'lost';
    if (error instanceof CancelRequested) return 'cancelled';
    throw error;
  }
}

async function expectStored({ runId }: Real, model: Model) {
  const [run] = await sql(
    `select status, lease_token, next_seq, (select json_agg(json_build_object('seq', seq, 'type', type) order by seq) from run_events where run_id = id) as events
     from runs where id = $1`,
    [runId],
  );
  const events: { seq: number; type: string }[] = run.events;
  expect(run.status).toBe(model.status);
  expect(run.lease_token !== null).toBe(model.holder !== undefined);
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: model.events }, (_, at) => at + 1));
  expect(run.next_seq).toBe(model.events + 1);
  const final = events.filter(({ type }) => /^run\.(completed|failed|cancelled)$/.test(type));
  expect(final.map(({ type }) => type)).toEqual(isOpen(model) ? [] : [`run.${model.status}`]);
  if (!isOpen(model)) expect(events.at(-1)).toEqual(final[0]);
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

const take = (worker: number) =>
  command(`worker ${worker} takes the lease`, always, async (model, real) => {
    const isFree = isOpen(model) && (model.holder === undefined || model.isExpired);
    const lease = await leaseRun(real.database, real.runId, 60);
    expect(lease !== undefined).toBe(isFree);
    if (!lease) return;
    real.leases[worker] = lease;
    model.holds[worker] = true;
    Object.assign(model, { holder: worker, isExpired: false, wasTaken: true });
  });

const renew = (worker: number) =>
  command(
    `worker ${worker} renews`,
    ({ holds }) => holds[worker]!,
    async (model, real) => {
      const expected = isFenced(model, worker) ? 'lost' : model.status === 'cancelling' ? 'cancelled' : 'running';
      expect(await outcomeOf(real.leases[worker]!.renew())).toBe(expected);
    },
  );

const append = (worker: number, count: number) =>
  command(
    `worker ${worker} appends ${count}`,
    ({ holds }) => holds[worker]!,
    async (model, real) => {
      const appended = real.leases[worker]!.append(Array.from({ length: count }, () => delta));
      const outcome = await outcomeOf(appended.then((stored) => stored.map(({ seq }) => seq)));
      if (!isFenced(model, worker) && model.status === 'running') {
        expect(outcome).toEqual(Array.from({ length: count }, (_, at) => model.events + 1 + at));
        model.events += count;
      } else if (model.holder === worker && model.status === 'cancelling') expect(outcome).toBe('cancelled');
      else expect(outcome).toBe('lost');
    },
  );

const finish = (worker: number, ending: Ending) =>
  command(
    `worker ${worker} ends the run: ${ending}`,
    ({ holds }) => holds[worker]!,
    async (model, real) => {
      const lease = real.leases[worker]!;
      const outcome = await outcomeOf(finishRun(real.database, lease, [delta], endings[ending], noSpending));
      if (isFenced(model, worker)) return expect(outcome).toBe('lost');
      expect(outcome).toBe(true);
      const wins = model.status === 'cancelling' ? 'cancelled' : ending;
      // After a cancellation request, only the final event is written.
      model.events += model.status === 'cancelling' ? 1 : 2;
      Object.assign(model, { status: wins, holder: undefined, isExpired: false });
    },
  );

const release = (worker: number) =>
  command(
    `worker ${worker} releases`,
    ({ holds }) => holds[worker]!,
    async (model, real) => {
      await real.leases[worker]!.release();
      if (model.holder === worker) Object.assign(model, { holder: undefined, isExpired: false });
    },
  );

const expires = command(
  'the lease expires',
  ({ holder }) => holder !== undefined,
  async (model, { runId }) => {
    await expire(runId);
    model.isExpired = true;
  },
);

const recover = command('a worker looks for abandoned runs', always, async (model, real) => {
  const { config } = app;
  await recoverRuns({ database: real.database, queue, config, log: pino({ level: 'silent' }), runNotifier: { notify() {} } as never });
  if (isOpen(model) && model.isExpired) Object.assign(model, { holder: undefined, isExpired: false });
});

const cancels = command('the user cancels', always, async (model, { runId }) => {
  expect((await cancel(runId)).status).toBe(200);
  if (model.status !== 'running') return;
  // A run that no worker has taken ends at once.
  model.events += model.wasTaken ? 1 : 2;
  model.status = model.wasTaken ? 'cancelling' : 'cancelled';
});

const worker = fc.nat({ max: workerCount - 1 });
/** Takes and expirations are listed twice: most bugs need a worker whose lease another one has taken over. */
const allCommands = [
  worker.map(take),
  worker.map(take),
  fc.constant(expires),
  worker.map(renew),
  fc.tuple(worker, fc.integer({ min: 1, max: 3 })).map(([who, count]) => append(who, count)),
  fc.tuple(worker, fc.constantFrom<Ending>('completed', 'failed')).map(([who, ending]) => finish(who, ending)),
  worker.map(release),
  fc.constant(expires),
  fc.constant(recover),
  fc.constant(cancels),
];

/** No sequence of commands has an outcome that contradicts the model. */
const propertyOf = (database: Database) =>
  fc.asyncProperty(fc.commands(allCommands, { maxCommands: 25, size: 'max' }), async (commands) => {
    const runId = await newRun();
    const setup = () => ({
      model: {
        status: 'running',
        holder: undefined,
        isExpired: false,
        wasTaken: false,
        events: 1,
        holds: Array(workerCount).fill(false),
      } as Model,
      real: { database, runId, leases: [] } as Real,
    });
    await fc.asyncModelRun(setup, commands);
  });

/** Bugs in the statements of the server, and the text that they change. */
const bugs: PlantedBug[] = [
  [
    'a worker appends events without the token',
    [/("id" = \$\d+ and )"lease_token" = (\$\d+)( and status = any)/, '$1$2::uuid is not null$3'],
  ],
  [
    'a worker appends events after its lease has expired',
    [/(status = any\(\$\d+::text\[\]\)) and "lease_until" > clock_timestamp\(\)/, '$1'],
  ],
  [
    'a worker takes a lease that another worker has',
    [/\("lease_token" is null or "lease_until" < clock_timestamp\(\)\)( and "lost_leases" <=)/, 'true$1'],
  ],
  [
    'a worker takes the lease of a run that has ended',
    [/("id" = \$4) and "status" in \('running', 'waiting_for_input', 'cancelling'\)/, '$1'],
  ],
  ['an expired lease is renewed', [/"lease_until" > clock_timestamp\(\)( returning "status")/, '"lease_until" is not null$1']],
  [
    'a worker releases the lease of another',
    [/(set "lease_token" = null, "lease_until" = null where "id" = \$1) and "lease_token" = (\$2)$/, '$1 and $2::uuid is not null'],
  ],
  [
    'a live lease counts as abandoned',
    [/("r"\."lease_token" is not null) and "r"\."lease_until" < clock_timestamp\(\)/, '$1'],
    [/and \("lease_token" is null or "lease_until" < clock_timestamp\(\)\)$/, ''],
  ],
  ['the end of a run keeps its status', [/"status" = (\$\d+)(, .*"completed_at" = )/, '"status" = coalesce(status, $1)$2']],
  ['the number of appended events is not counted', [/next_seq \+ \$1(, "last_activity_at")/, 'next_seq + least($1, 1)$1']],
];

declareSearchTests({
  title: 'no sequence of up to 25 steps of two workers, a user and the clock contradicts the protocol',
  database: app.database,
  propertyOf,
  rounds: 40,
  bugs,
  bugRounds: 200,
  timeoutMs: 120_000,
});
