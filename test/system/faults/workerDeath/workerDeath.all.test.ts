import { expect, test } from 'vitest';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../../support/app/process.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { expectRunInvariants } from '../../../support/checks/invariants.ts';
import { openThread } from '../../../support/resources/conversation.ts';

const app = await startTestApp({ ...fastWorkerEnv, ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const env = { ...fastWorkerEnv, ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl, ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' };

test('a process that is API and worker dies while it starts runs: another one executes each acknowledged run once', async () => {
  const person = await app.signUp();
  const threadIds = await Promise.all(Array.from({ length: 30 }, () => openThread(app, person)));
  const dying = await startProcess('all', env);
  const create = async (threadId: string): Promise<string> => {
    const headers = { authorization: `Bearer ${person.token}` };
    const response = await fetch(`${dying.url}/v1/threads/${threadId}/runs`, { method: 'POST', headers });
    const { run_id: runId } = (await response.json()) as { run_id: string };
    dying.kill('SIGKILL');
    return runId;
  };
  // The first response ends the process, while it creates and starts the others.
  const responses = await Promise.allSettled(threadIds.map(create));
  await dying.exited;
  const runs = await app.sql('select id, status from runs where account_id = $1', [person.accountId]);
  expect(runs.filter(({ status }) => status !== 'completed')).not.toEqual([]);
  const acknowledged = responses.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  expect(runs.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
  expect(acknowledged).not.toEqual([]);

  await startProcess('worker', env);
  for (const { id } of runs) {
    const events = await expectRunInvariants(app, id, person.token);
    expect(events.at(-1)?.type).toBe('run.completed');
  }
  await expect.poll(() => app.sql(`select id from graphile_worker.jobs where task_identifier = 'run.execute'`)).toEqual([]);
});
