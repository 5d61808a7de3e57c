import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startWorker } from '../../../server/processes/worker.ts';
import { addRandomPersona, dataOf } from '../../support/agent/agent.ts';
import { addToolServer, callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { onFileFinished } from '../../support/app/fileCleanup.ts';
import { fastWorkerEnv } from '../../support/app/process.ts';
import { type Person, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { limitSetter } from '../../support/resources/quotas.ts';
import { receiverOfTest } from '../../support/resources/receiver.ts';

const app = await startTestApp(fastWorkerEnv, { worker: false });
const { call, sql, config, database, databaseUrl } = app;
const setLimit = await limitSetter(app);

type Author = Person & { keyId: string };

/**
 * How a right ends, and what the API then says. Directly in the database, because the operations that end access also cancel runs and pause schedules, and
 * here nothing but the check at use may stop them.
 */
const endings: Record<string, { lost: string | null; end: (author: Author) => Promise<unknown> }> = {
  'the key expires': {
    lost: 'key_expired',
    end: ({ keyId }) => sql(`update api_keys set expires_at = now() - interval '1 second' where id = $1`, [keyId]),
  },
  'the key is revoked': { lost: 'key_revoked', end: ({ keyId }) => sql('update api_keys set revoked_at = now() where id = $1', [keyId]) },
  'the key loses the scope': {
    lost: 'missing_permission',
    end: ({ keyId }) => sql(`update api_keys set inherits_permissions = false, scopes = '{data.runs.read}' where id = $1`, [keyId]),
  },
  'the user is suspended': { lost: 'user_suspended', end: ({ id }) => sql(`update users set status = 'suspended' where id = $1`, [id]) },
  'the user leaves the account': {
    lost: 'no_account_membership',
    end: ({ id, accountId }) => sql('delete from memberships where account_id = $1 and user_id = $2', [accountId, id]),
  },
  'the account is suspended': {
    lost: 'account_suspended',
    end: ({ accountId }) => sql(`update accounts set status = 'suspended' where id = $1`, [accountId]),
  },
  'the account is closed': {
    lost: 'account_closed',
    end: ({ accountId }) => sql('update accounts set deleted_at = now() where id = $1', [accountId]),
  },
  // Members may start runs too.
  'the user becomes a member': {
    lost: null,
    end: ({ id, accountId }) => sql(`update memberships set role = 'member' where account_id = $1 and user_id = $2`, [accountId, id]),
  },
  nothing: { lost: null, end: async () => undefined },
};

async function signUpWithKey(): Promise<Author & { key: string }> {
  const person = await app.signUp();
  const { body } = await call('POST', '/v1/api-keys', { token: person.token, body: { name: 'key' } });
  return { ...person, token: person.token, keyId: body.id, key: body.key };
}

/** What waits for a worker: two runs, one of which a worker has begun before, a due schedule, and a webhook. */
async function deferEverything() {
  const person = await signUpWithKey();
  const byKey = { ...person, token: person.key };
  const receiver = await receiverOfTest();
  const endpoint = { url: receiver.url, events: ['run.cancelled'] };
  expect((await call('POST', '/v1/webhook-endpoints', { token: person.key, body: endpoint })).status).toBe(201);
  const [queued, begun, cancelled] = [
    await startRun(app, byKey, await openThread(app, person)),
    await startRun(app, byKey, await openThread(app, person)),
    await startRun(app, byKey, await openThread(app, person)),
  ];
  await sql('update runs set attempt = 1, first_started_at = now() where id = $1', [begun]);
  expect((await call('POST', `/v1/runs/${cancelled}:cancel`, { token: person.token })).status).toBe(200);
  const body = { name: 's', cron: '* * * * *', timezone: 'UTC', input: 'Report' };
  const schedule = await call('POST', '/v1/schedules', { token: person.key, body });
  return { person, receiver, queued, begun, schedule: schedule.body.id as string };
}
type Deferred = Awaited<ReturnType<typeof deferEverything>>;

const makeDue = (id: string) =>
  sql(
    `with due as (update schedules set next_run_at = date_trunc('minute', now()) where id = $1 returning account_id, id)
     select graphile_worker.add_job('schedule.run', json_build_object('v', 1, 'account_id', account_id, 'schedule_id', id), job_key := 'schedule:' || id)
     from due`,
    [id],
  );

const endOf = async (runId: string) => {
  const [{ status, error }] = await sql('select status, error from runs where id = $1', [runId]);
  return status !== 'running' && { status, error_class: error?.error_class ?? null };
};

/** The first occurrence and the state of a schedule, after its occurrence was handled. */
const endOfSchedule = async (id: string) => {
  const [found] = await sql(
    `select s.status, s.disabled_reason, o.status as occurrence, o.error_code from schedules s
     join schedule_occurrences o on o.account_id = s.account_id and o.schedule_id = s.id and o.status <> 'waiting'
     where s.id = $1 and (s.status <> 'active' or o.status = 'started')`,
    [id],
  );
  return found;
};

/** Until the end of the file. */
async function startWorkerOfFile() {
  const worker = await startWorker({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
  onFileFinished(() => worker.shutDown());
}

test('what a worker takes later is done only if its author may still do it', async () => {
  const cells: [string, (typeof endings)[string], Deferred][] = [];
  for (const [name, ending] of Object.entries(endings)) cells.push([name, ending, await deferEverything()]);
  const limited = await deferEverything();
  await setLimit(limited.person, 'limit.schedule_min_interval_seconds', 7 * 86_400);
  await setLimit(limited.person, 'quota.runs_per_month', 1);
  await sql(`insert into usage_rollups values ($1, $2, 'month', date_trunc('month', now(), 'UTC'), 'm', 0, 0, 0, 0, 0, 0, 5)`, [
    limited.person.accountId,
    limited.person.id,
  ]);
  for (const [, { end }, { person, schedule }] of cells) {
    await makeDue(schedule);
    await end(person);
  }
  await makeDue(limited.schedule);
  await startWorkerOfFile();

  for (const [name, { lost }, { person, receiver, queued, begun, schedule }] of cells) {
    const runs = lost ? { status: 'failed', error_class: 'run.access_ended' } : { status: 'completed', error_class: null };
    for (const run of [queued, begun]) expect([name, await eventually(() => endOf(run), 'the end of a run')]).toEqual([name, runs]);
    const reasons = await sql(`select data -> 'details' ->> 'reason' as reason from run_events where run_id = $1 and type = 'run.failed'`, [
      queued,
    ]);
    expect([name, reasons]).toEqual([name, lost ? [{ reason: lost }] : []]);
    // The schedules of a user end with the membership.
    if (lost === 'no_account_membership') expect(await sql('select id from schedules where id = $1', [schedule])).toEqual([]);
    else
      expect([name, await eventually(() => endOfSchedule(schedule), `${name}: the occurrence`)]).toEqual([
        name,
        lost
          ? { status: 'disabled', disabled_reason: 'access_ended', occurrence: 'failed', error_code: lost }
          : { status: 'active', disabled_reason: null, occurrence: 'started', error_code: null },
      ]);
    // Endpoints belong to the account.
    const isSent = !lost?.startsWith('account_');
    if (isSent) await eventually(async () => receiver.received.length > 0, 'the webhook');
    expect([name, receiver.received.length]).toEqual([name, isSent ? 1 : 0]);
    const status = isSent ? 'delivered' : 'pending';
    await eventually(
      async () => (await sql('select status from webhook_deliveries where account_id = $1', [person.accountId]))[0].status === status,
      `a delivery that is ${status}`,
    );
  }
  expect(await eventually(() => endOf(limited.queued), 'the end of a run')).toEqual({
    status: 'failed',
    error_class: 'entitlement.quota_exceeded',
  });
  expect(await eventually(() => endOfSchedule(limited.schedule), 'the occurrence')).toEqual({
    ...{ status: 'disabled', disabled_reason: 'plan_limit', occurrence: 'failed', error_code: 'interval_too_short' },
  });

  // The sums of usage are compared with their records below.
  await sql(`delete from usage_rollups where model = 'm'`);

  // A suspended account gets its webhooks when it is active again.
  const [, , waiting] = cells.find(([name]) => name === 'the account is suspended')!;
  await sql(`update accounts set status = 'active' where id = $1`, [waiting.person.accountId]);
  await eventually(async () => waiting.receiver.received.length === 1, 'the webhook');
  // The user of an expired key decides about its schedules.
  const [, , expired] = cells.find(([name]) => name === 'the key expires')!;
  const resumed = await call('POST', `/v1/schedules/${expired.schedule}:resume`, { token: expired.person.token });
  expect(resumed.body).toMatchObject({ status: 'active', disabled_reason: null });
  await makeDue(expired.schedule);
  expect(await eventually(() => endOfSchedule(expired.schedule), 'the occurrence')).toMatchObject({ status: 'active' });
  expect(
    await sql(`select distinct api_key_id from runs where account_id = $1 and source = 'schedule'`, [expired.person.accountId]),
  ).toEqual([{ api_key_id: null }]);
});

test('a run calls tools, tool servers and sub-agents only while its author may do so', async () => {
  const plan: [string, string | null, (author: Author) => Promise<unknown>][] = Object.entries(endings).map(([name, { lost, end }]) => [
    name,
    lost,
    end,
  ]);
  for (const [name, lost, end] of plan) {
    const person = await signUpWithKey();
    const vendor = await addVendorModel(app, person);
    const tools = await addToolServer(app, person);
    const persona_id = await addRandomPersona(app, person, { tool_allowlist: ['subagents', 'mcp__tools', 'schedules'] });
    vendor.respondWith(
      { steps: [{ wait: () => end(person).then(() => undefined) }, ...callsTools(['mcp__tools__count']).steps!] },
      callsTools(['spawn_agent', { input: 'Help.' }]),
      chat.answer('Done.'),
      chat.answer('Helped.'),
    );
    const runId = await startRun(app, { ...person, token: person.key }, await openThread(app, person), { persona_id });
    await eventually(() => endOf(runId), 'the end of the run');
    const results = await sql(`select data from run_events where run_id = $1 and type = 'tool.result' order by seq`, [runId]);
    const errors = results.map(({ data: { error } }) => error && { class: error.error_class, reason: error.details?.reason });
    const ended = { class: 'tool.access_ended', reason: lost };
    expect([name, errors]).toEqual([name, lost ? [ended, ended] : [undefined, undefined]]);
    expect([name, tools.count('count')]).toEqual([name, lost ? 0 : 1]);
    const children = await sql('select count(*)::int as n from runs where parent_run_id = $1', [runId]);
    expect([name, children]).toEqual([name, [{ n: lost ? 0 : 1 }]]);
  }
});

test('a run starts sub-agents within the plan of now, and calls remote servers only if the plan allows them now', async () => {
  const [admin, person] = [await app.signUpAdmin(), await app.signUp()];
  const vendor = await addVendorModel(app, person);
  const tools = await addToolServer(app, person);
  const persona_id = await addRandomPersona(app, person, { tool_allowlist: ['subagents', 'mcp__tools'] });
  const lose = async () => {
    await setLimit(person, 'limit.subagent_max_active', 0);
    const remote = { account_id: person.accountId, key: 'feature.mcp_remote_enabled', value: 'false', value_type: 'boolean' };
    expect((await call('POST', '/v1/entitlement-overrides', { token: admin.token, body: remote })).status).toBe(201);
    // Workers hear of it within a second.
    await sleep(1_000);
  };
  vendor.respondWith(
    { steps: [{ wait: lose }, ...callsTools(['spawn_agent', { input: 'Help.' }]).steps!] },
    callsTools(['mcp__tools__count']),
    chat.answer('Done.'),
  );
  const runId = await startRun(app, person, await openThread(app, person), { persona_id });
  await eventually(() => endOf(runId), 'the end of the run');
  const errors = dataOf(await expectRunInvariants(app, runId, person.token), 'tool.result').map(({ error }) => error?.error_class);
  expect(errors).toEqual(['tool.spawn_failed', 'mcp.disconnected']);
  expect(tools.count('count')).toBe(0);
});
