import { expect, test } from 'vitest';
import { openScriptedThread } from '../../../support/agent/agent.ts';
import { chat } from '../../../support/agent/vendor.ts';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../../support/app/process.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { expectRunInvariants } from '../../../support/checks/invariants.ts';
import { types } from '../../../support/http/events.ts';
import { eventually } from '../../../support/resources/conversation.ts';

const stallMs = 20_000;

/** On a signal, the event loop of the worker stands still. */
const stall = `process.on('SIGUSR2',()=>{const%20end=Date.now()+${stallMs};while(Date.now()<end);})`;
const app = await startTestApp(fastWorkerEnv, { worker: false });
const env = { ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl };
const preloaded = { NODE_OPTIONS: `--import=data:text/javascript,${stall}` };

async function leaseOf(runId: string) {
  const [row] = await app.sql(
    `select lease_token as token, lease_until::text as until, extract(epoch from lease_until - clock_timestamp())::float8 as left,
       attempt, lost_leases from runs where id = $1`,
    [runId],
  );
  return row as { token: string | null; until: string; left: number; attempt: number; lost_leases: number };
}

// Both workers have the lease and the heartbeat that are the default.
test('a worker that stands still for 20 s just before a heartbeat keeps its run, beside a worker that looks for lost ones', async () => {
  const stalled = await startProcess('worker', { ...env, ...preloaded });
  const hold = Promise.withResolvers<void>();
  const talk = await openScriptedThread(app, {
    script: [{ steps: [chat.text('Half'), { wait: hold.promise }, chat.text(' whole.'), ...chat.answer('').steps!] }],
  });
  const runId = await talk.start();
  await eventually(async () => talk.vendor.requests.length === 1, 'the call of the model');
  await startProcess('worker', env);
  // The lease has lasted the longest time when the next heartbeat is due.
  await eventually(async () => (await leaseOf(runId)).left < 35.5, 'the time before a heartbeat', 20_000);
  const before = await leaseOf(runId);
  stalled.kill('SIGUSR2');
  const stalledAt = performance.now();
  await eventually(async () => (await leaseOf(runId)).until !== before.until, 'a heartbeat after the stall', 60_000);
  expect(await leaseOf(runId)).toMatchObject({ token: before.token, attempt: 1, lost_leases: 0 });
  expect(performance.now() - stalledAt).toBeGreaterThan(stallMs * 0.9);
  const reader = await talk.follow(runId);
  hold.resolve();
  await reader.ended;
  const events = await expectRunInvariants(app, runId, talk.token);
  expect(types(events)).not.toContain('run.recovered');
  expect(events.at(-1)?.type).toBe('run.completed');
  expect(talk.vendor.requests).toHaveLength(1);
}, 180_000);
