import fc from 'fast-check';
import { pino } from 'pino';
import { beforeAll, expect } from 'vitest';
import type { Database } from '../../../server/database/sql.ts';
import { queue } from '../../../server/jobs/queue.ts';
import { RunFailure } from '../../../server/models/runFailure.ts';
import { reserveCredits } from '../../../server/runs/credits/reserve.ts';
import { CancelRequested, LeaseLost, leaseRun } from '../../../server/runs/lease/lease.ts';
import { recoverRuns } from '../../../server/runs/lease/reaper.ts';
import { finishRun, type RunEnding } from '../../../server/runs/record/finishRun.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { audit } from '../../support/auditor/audit.ts';
import { grant, noFreeTierPolicy, usageCosting } from '../../support/credits/credits.ts';
import { declareSearchTests, type PlantedBug } from '../../support/plantedBugs/searchTests.ts';
import { wrapStatements } from '../../support/plantedBugs/wrapStatements.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

/*
 * Two workers, the clock, a user and the recovery of runs act on one run at the same time. A scheduler decides the order in which their
 * statements are sent. PostgreSQL executes them, and the auditor reads the result.
 */

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { sql, call, config } = app;
const person = await app.signUp();
beforeAll(async () => {
  await setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy });
  await grant(app, person, 1_000_000_000);
});

const log = pino({ level: 'silent' });
const runNotifier = { notify() {} } as never;
const delta = { type: 'message.delta', data: { role: 'assistant', content: 'a', content_delta: 'a' } } as never;
const answer = { llmCallId: '', text: 'a', message: { role: 'assistant' as const, content: [] } };
const endings: RunEnding[] = [
  { type: 'completed', answer, history: [] },
  { type: 'failed', failure: new RunFailure('internal.error', '') },
];

/** A worker that streams, calls a model, and ends the run. It stops when its lease is lost. */
async function work(database: Database, runId: string, ending: RunEnding, appends: number): Promise<void> {
  const lease = await leaseRun(database, runId, 60);
  if (!lease) return;
  try {
    for (let at = 0; at < appends; at++) {
      await lease.append([delta]);
      await reserveCredits(database, lease, 10 * (at + 1), 0);
      await lease.renew();
    }
    await finishRun(database, lease, [delta], ending, usageCosting(7));
  } catch (error) {
    if (error instanceof CancelRequested)
      await finishRun(database, lease, [], { type: 'cancelled' }, usageCosting(3)).catch(ignoreLostLease);
    else ignoreLostLease(error);
  }
}
const ignoreLostLease = (error: unknown) => {
  if (!(error instanceof LeaseLost)) throw error;
};

const expire = (runId: string) =>
  sql(`update runs set lease_until = clock_timestamp() - interval '1 second' where id = $1 and lease_token is not null`, [runId]);

const script = fc.record({
  ending: fc.constantFrom(...endings),
  appends: fc.nat({ max: 3 }),
  expirations: fc.integer({ min: 1, max: 3 }),
  isCancelled: fc.boolean(),
});

const propertyOf = (database: Database) =>
  fc.asyncProperty(fc.scheduler(), script, async (scheduler, { ending, appends, expirations, isCancelled }) => {
    const runId = await startRun(app, person, await openThread(app, person));
    const turn = () => scheduler.schedule(Promise.resolve());
    const slow = wrapStatements(database, { before: turn });
    const clock = async () => {
      for (let at = 0; at < expirations; at++) {
        await turn();
        await turn();
        await expire(runId);
        await recoverRuns({ database: slow, queue, config, log, runNotifier });
      }
    };
    const user = async () => {
      await turn();
      await call('POST', `/v1/runs/${runId}:cancel`, { token: person.token });
    };
    const two = async () => {
      await turn();
      await work(slow, runId, ending, appends);
    };
    await scheduler.waitFor(Promise.all([work(slow, runId, ending, appends), two(), clock(), ...(isCancelled ? [user()] : [])]));
    // What is left is ended by a worker without others.
    await expire(runId);
    await work(database, runId, ending, 0);
    expect(await audit({ databaseUrl: app.databaseUrl, isSettled: true })).toEqual([]);
  });

/** Last, because the database has findings afterwards. Appends and the end of a run are fenced separately, so each bug takes both. */
const bugs: PlantedBug[] = [
  [
    'workers write without a lease',
    [
      /("id" = \$\d+ and )"lease_token" = (\$\d+) and status = any\((\$\d+::text\[\])\) and "lease_until" > clock_timestamp\(\)/,
      '$1$2::uuid is not null and $3 is not null',
    ],
    [
      /(from "runs" where "id" = \$1) and "lease_token" = (\$2) and "lease_until" > clock_timestamp\(\)( for update)/,
      '$1 and $2::uuid is not null$3',
    ],
  ],
];

declareSearchTests({
  title: 'in no order of their statements do two workers, the clock, the recovery and a user contradict the audit',
  database: app.database,
  propertyOf,
  rounds: 25,
  bugs,
  bugRounds: 75,
  timeoutMs: 180_000,
});
