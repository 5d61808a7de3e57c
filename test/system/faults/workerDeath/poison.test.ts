import { expect, test } from 'vitest';
import { openScriptedThread } from '../../../support/agent/agent.ts';
import { chat, type ScriptedResponse } from '../../../support/agent/vendor.ts';
import { onFileFinished } from '../../../support/app/fileCleanup.ts';
import { fastWorkerEnv, type ServerProcess, startProcess, testKeysEnv } from '../../../support/app/process.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { expectRunInvariants } from '../../../support/checks/invariants.ts';
import { fillsMemory } from '../../../support/failures/preload.ts';
import { eventually } from '../../../support/resources/conversation.ts';

const innocents = 20;

const app = await startTestApp(fastWorkerEnv, { worker: false });
const env = {
  ...fastWorkerEnv,
  ...testKeysEnv,
  ARKLOOP_DATABASE_URL: app.databaseUrl,
  ARKLOOP_WORKER_CONCURRENCY: '25',
  ARKLOOP_WORKER_MAX_CONCURRENCY: '25',
  NODE_OPTIONS: fillsMemory,
};

/** A worker that is started again whenever it ends. */
function keepWorker() {
  let current: ServerProcess | undefined;
  let deaths = 0;
  let isOver = false;
  const lives = (async () => {
    while (!isOver) {
      current = await startProcess('worker', env, onFileFinished);
      await current.exited;
      if (!isOver) deaths++;
    }
  })();
  return {
    deaths: () => deaths,
    fillMemory: () => current?.kill('SIGUSR2'),
    async end() {
      isOver = true;
      current?.kill('SIGKILL');
      await lives;
    },
  };
}

test('a run that fills the memory of its worker each time ends, and the 20 runs beside it are answered', async () => {
  const worker = keepWorker();
  const beside = await Promise.all(
    Array.from({ length: innocents }, () =>
      openScriptedThread(app, { script: [{ steps: [chat.text('Half'), 'stall'] }, chat.answer('Whole.')] }),
    ),
  );
  const areAsked = () => eventually(async () => beside.every(({ vendor }) => vendor.requests.length > 0), 'the other runs');
  const poisonous: ScriptedResponse = {
    steps: [
      chat.text('Poison'),
      {
        wait: async () => {
          await areAsked();
          worker.fillMemory();
        },
      },
      'stall',
    ],
  };
  const poison = await openScriptedThread(app, { script: Array.from({ length: 10 }, () => poisonous) });
  const runs = await Promise.all([poison, ...beside].map(async (talk) => ({ talk, runId: await talk.start() })));
  const isOver = async () => {
    const [{ open }] = await app.sql(`select count(*)::int as open from runs where status not in ('completed', 'failed')`);
    return open === 0;
  };
  await eventually(isOver, 'the end of all runs', 90_000);
  await worker.end();
  const ends = await Promise.all(runs.map(async ({ talk, runId }) => (await expectRunInvariants(app, runId, talk.token)).at(-1)));
  expect(ends[0]).toMatchObject({ type: 'run.failed', error_class: 'worker.lost', data: { reason: 'lost_leases', resumable: false } });
  expect(ends.slice(1).map((event) => event?.type)).toEqual(beside.map(() => 'run.completed'));
  expect(poison.vendor.requests).toHaveLength(3);
  expect(beside.map(({ vendor }) => vendor.requests.length)).toEqual(beside.map(() => 2));
  expect(worker.deaths()).toBe(3);
});
