import { expect, test } from 'vitest';
import type { Schedule, ScheduleOccurrence } from '../../../contract/schedules.ts';
import { scheduleTools } from '../../../server/agent/tools/scheduleTools.ts';
import { addRandomPersona, dataOf, openScriptedThread, promptOf, toolsOf } from '../../support/agent/agent.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { fastWorkerEnv } from '../../support/app/process.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { setBalance } from '../../support/credits/credits.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually, openThread, transcriptOf } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp(fastWorkerEnv);
const { call, sql } = app;

const daily = { name: 'Report', cron: '0 9 * * *', timezone: 'Europe/Berlin', input: 'Write the report.' };

async function create({ token }: Person, fields: object = {}): Promise<Schedule> {
  const { status, body, text } = await call('POST', '/v1/schedules', { token, body: { ...daily, ...fields } });
  if (status !== 201) throw new Error(`schedule: ${status} ${text}`);
  return body;
}
const get = async ({ token }: Person, id: string): Promise<Schedule> => (await call('GET', `/v1/schedules/${id}`, { token })).body;
const act = ({ token }: Person, id: string, verb: 'pause' | 'resume' | 'run') => call('POST', `/v1/schedules/${id}:${verb}`, { token });
const historyOf = async ({ token }: Person, id: string): Promise<ScheduleOccurrence[]> =>
  (await call('GET', `/v1/schedules/${id}/occurrences`, { token })).body;

/** Queues the next look at a schedule, which may be half a minute away. */
const lookNow = (id: string) =>
  sql(
    `select graphile_worker.add_job('schedule.run', json_build_object('v', 1, 'account_id', account_id, 'schedule_id', id), job_key := 'schedule:' || id)
     from schedules where id = $1`,
    [id],
  );
/** Moves the times of a schedule back, which is as if the clock of the database went forward. Its next time is then `time`. */
async function letTimePass(id: string, time: string) {
  await sql('update schedules set next_run_at = $2 where id = $1', [id, time]);
  await lookNow(id);
}
/** A pattern that matches once an hour, next in half an hour, so that only `letTimePass` makes it due. */
const hourly = () => `${(new Date().getUTCMinutes() + 30) % 60} * * * *`;
/** A single time. It is due at the time that `letTimePass` sets. */
const once = () => ({ cron: undefined, run_at: new Date(Date.now() + 3_600_000).toISOString() });
/** The beginning of the minute that was `minutes` ago. */
const minutesAgo = (minutes: number) => new Date((Math.floor(Date.now() / 60_000) - minutes) * 60_000).toISOString();

const settled = (person: Person, id: string, count: number) =>
  eventually(async () => {
    const history = await historyOf(person, id);
    const isOver = history.every(({ status, run_status: run }) => status !== 'waiting' && run !== 'running' && run !== 'cancelling');
    return history.length === count && isOver && history;
  }, `${count} occurrences`);

test('an occurrence is one run in a new thread, in the name of its user, and the schedule moves on', async () => {
  const bob = await app.signUp();
  const schedule = await create(bob, { cron: hourly() });
  expect(schedule).toMatchObject({ status: 'active', timezone: 'Europe/Berlin', created_by_user_id: bob.id, last_run_id: null });
  await letTimePass(schedule.id, minutesAgo(60));
  const [occurrence] = await settled(bob, schedule.id, 1);
  expect(occurrence).toMatchObject({
    trigger: 'schedule',
    status: 'started',
    run_status: 'completed',
    error_code: null,
    skip_reason: null,
  });
  const { body: run } = await call('GET', `/v1/runs/${occurrence!.run_id}`, { token: bob.token });
  expect(run).toMatchObject({ thread_id: occurrence!.thread_id, created_by_user_id: bob.id, status: 'completed' });
  const events = await call('GET', `/v1/runs/${occurrence!.run_id}/events?follow=false`, { token: bob.token });
  expect(events.text).toContain('"source":"schedule"');
  expect((await transcriptOf(app, bob, occurrence!.thread_id!))[0]).toBe('user Write the report.');
  const after = await get(bob, schedule.id);
  expect(after).toMatchObject({ status: 'active', last_run_id: occurrence!.run_id });
  expect(Date.parse(after.next_run_at!)).toBeGreaterThan(Date.parse(occurrence!.scheduled_for));
  // A job that is delivered again, and a clock that went back, start nothing twice.
  await letTimePass(schedule.id, occurrence!.scheduled_for);
  await eventually(async () => (await get(bob, schedule.id)).next_run_at !== occurrence!.scheduled_for, 'the next time');
  const again = (await historyOf(bob, schedule.id)).filter(({ scheduled_for: time }) => time === occurrence!.scheduled_for);
  expect(again).toHaveLength(1);
});

test('missed occurrences are skipped, made up for once, or all of them one after the other', async () => {
  const bob = await app.signUp();
  const history = async (missed: string, cron: string) => {
    const { id } = await create(bob, { cron, missed });
    await letTimePass(id, minutesAgo(250));
    return { id, statuses: async (count: number) => (await settled(bob, id, count)).map(({ status }) => status).sort() };
  };
  const [skip, once, all] = await Promise.all(['skip', 'run_once', 'run_all'].map((missed) => history(missed, hourly())));
  expect(await skip!.statuses(4)).toEqual(['skipped', 'skipped', 'skipped', 'skipped']);
  expect(await once!.statuses(4)).toEqual(['skipped', 'skipped', 'skipped', 'started']);
  expect(await all!.statuses(4)).toEqual(['started', 'started', 'started', 'started']);
  const made = (await historyOf(bob, once!.id)).find(({ status }) => status === 'started');
  expect(made!.scheduled_for).toBe(
    (await historyOf(bob, once!.id))
      .map(({ scheduled_for: time }) => time)
      .sort()
      .at(-1),
  );
  const runs = await sql(
    `select r.first_started_at, r.completed_at from runs r join schedule_occurrences o on o.run_id = r.id where o.schedule_id = $1 order by 1`,
    [all!.id],
  );
  for (const [at, { completed_at: end }] of runs.slice(0, -1).entries())
    expect(Date.parse(end)).toBeLessThanOrEqual(Date.parse(runs[at + 1].first_started_at));
  // Years of minutes are bounded.
  const { id } = await create(bob, { cron: hourly(), missed: 'skip' });
  await letTimePass(id, '2020-01-01T00:00:00Z');
  expect((await settled(bob, id, 10)).map(({ skip_reason: reason }) => reason)).toEqual(Array.from({ length: 10 }, () => 'missed'));
});

test('while the previous run goes, an occurrence is skipped or waits, also in a given thread', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const gate = Promise.withResolvers<void>();
  vendor.respondWith({ steps: [chat.text('slow'), { wait: gate.promise }, ...chat.answer('done').steps!] }, chat.answer('quick'));
  const threadId = await openThread(app, bob);
  const fields = { ...once(), thread_id: threadId };
  const [skips, waits] = [await create(bob, { ...fields, overlap: 'skip' }), await create(bob, { ...fields, overlap: 'queue' })];
  expect((await act(bob, skips.id, 'run')).status).toBe(201);
  expect(statusAndReason(await act(bob, waits.id, 'run'))).toEqual([409, 'thread_busy']);
  for (const { id } of [skips, waits]) await letTimePass(id, new Date().toISOString());
  const first = (id: string) =>
    eventually(async () => (await historyOf(bob, id)).find(({ trigger }) => trigger === 'schedule'), 'the occurrence');
  expect(await first(skips.id)).toMatchObject({ status: 'skipped', skip_reason: 'overlap', run_id: null });
  expect(await first(waits.id)).toMatchObject({ status: 'waiting', run_id: null });
  gate.resolve();
  await eventually(async () => (await first(waits.id)).run_status === 'completed', 'the run that waited');
  expect(await transcriptOf(app, bob, threadId)).toEqual([
    'user Hello!',
    'user Write the report.',
    'assistant slowdone',
    'user Write the report.',
    'assistant quick',
  ]);
  await vendor.close();
});

test('running now does not hide that another run of the schedule goes', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const gate = Promise.withResolvers<void>();
  const { id } = await create(bob, { cron: hourly(), missed: 'run_all' });
  vendor.respondWith({ steps: [chat.text('slow'), { wait: gate.promise }, ...chat.answer('done').steps!] }, chat.answer('quick'));
  await letTimePass(id, minutesAgo(60));
  await eventually(async () => (await historyOf(bob, id))[0]?.run_status === 'running' && vendor.requests.length > 0, 'the slow run');
  const { body: manual } = await act(bob, id, 'run');
  const isQuickOver = async () => (await historyOf(bob, id)).find((each) => each.id === manual.id)?.run_status === 'completed';
  await eventually(isQuickOver, 'the quick run');
  await letTimePass(id, minutesAgo(120));
  await eventually(async () => (await historyOf(bob, id)).length === 3, 'the next occurrence');
  const states = (await historyOf(bob, id)).map(({ trigger, status, run_status: run }) => [trigger, status, run]).sort();
  expect(states).toEqual([
    ['manual', 'started', 'completed'],
    ['schedule', 'started', 'running'],
    ['schedule', 'waiting', null],
  ]);
  gate.resolve();
  await settled(bob, id, 3);
  // Not when the run was created: that is when its transaction began, which may have waited for the end of the other run.
  const [waited, slow] = await sql(
    `select r.first_started_at, r.completed_at from runs r join schedule_occurrences o on o.run_id = r.id
     where o.schedule_id = $1 and o.trigger = 'schedule' order by o.scheduled_for`,
    [id],
  );
  expect(Date.parse(waited.first_started_at)).toBeGreaterThanOrEqual(Date.parse(slow.completed_at));
  await vendor.close();
});

test('a single time runs once and completes; a new time makes the schedule active again', async () => {
  const bob = await app.signUp();
  const single = once();
  const { id } = await create(bob, single);
  await letTimePass(id, minutesAgo(120));
  expect(await settled(bob, id, 1)).toMatchObject([{ status: 'started', run_status: 'completed' }]);
  expect(await get(bob, id)).toMatchObject({ status: 'completed', next_run_at: null, run_at: single.run_at });
  for (const verb of ['pause', 'resume'] as const) expect(statusAndReason(await act(bob, id, verb))).toEqual([409, 'schedule_completed']);
  const later = new Date(Date.now() + 7_200_000).toISOString();
  const changed = await call('PATCH', `/v1/schedules/${id}`, { token: bob.token, body: { run_at: later } });
  expect(changed.body).toMatchObject({ status: 'active', next_run_at: later, cron: null });
});

test('pausing stops, resuming continues from now, and running now works in between', async () => {
  const bob = await app.signUp();
  const { id } = await create(bob, { cron: hourly() });
  expect((await act(bob, id, 'pause')).body).toMatchObject({ status: 'paused', next_run_at: null });
  expect((await act(bob, id, 'pause')).status).toBe(200);
  const now = await act(bob, id, 'run');
  expect(now).toMatchObject({ status: 201, body: { trigger: 'manual', status: 'started', schedule_id: id } });
  await settled(bob, id, 1);
  const resumed = (await act(bob, id, 'resume')).body as Schedule;
  expect(resumed.status).toBe('active');
  expect(Date.parse(resumed.next_run_at!)).toBeGreaterThan(Date.now() - 1_000);
  const log = await sql(
    `select action, target_id from audit_logs where account_id = $1 and target_type like 'schedule%' order by created_at, id`,
    [bob.accountId],
  );
  expect(log.map(({ action }: { action: string }) => action)).toEqual([
    'schedule.create',
    'schedule.pause',
    'schedule.run',
    'schedule.resume',
  ]);
  expect((await call('DELETE', `/v1/schedules/${id}`, { token: bob.token })).status).toBe(200);
  expect((await call('GET', `/v1/schedules/${id}`, { token: bob.token })).status).toBe(404);
  expect((await sql(`select from graphile_worker.jobs where key = 'schedule:' || $1`, [id])).length).toBe(0);
});

test('failures in a row disable a schedule and notify its user; exhausted credits are such a failure', async () => {
  await setPlatformSettings(app, { 'limit.schedule_max_failures': 2 });
  const bob = await app.signUp();
  const { id } = await create(bob, { cron: hourly(), missed: 'run_all' });
  await setBalance(app, bob, 0);
  expect(statusAndReason(await act(bob, id, 'run'))).toEqual([402, 'credits_exhausted']);
  await letTimePass(id, minutesAgo(130));
  const failed = { status: 'failed', error_code: 'credits_exhausted', run_id: null, thread_id: null };
  expect(await settled(bob, id, 2)).toMatchObject([failed, failed]);
  const disabled = await eventually(async () => {
    const schedule = await get(bob, id);
    return schedule.status === 'disabled' && schedule;
  }, 'the disabled schedule');
  expect(disabled).toMatchObject({ disabled_reason: 'consecutive_failures', next_run_at: null });
  // Nothing was left of the threads that could not be used.
  expect((await call('GET', '/v1/threads', { token: bob.token })).body).toEqual([]);
  const { body } = await call('GET', '/v1/notifications?type=schedule.disabled', { token: bob.token });
  expect(body.data).toMatchObject([{ payload: { schedule_id: id, reason: 'consecutive_failures' } }]);
  await setBalance(app, bob, 1_000);
  expect((await act(bob, id, 'resume')).body).toMatchObject({ status: 'active', disabled_reason: null });
  await act(bob, id, 'run');
  await eventually(async () => (await historyOf(bob, id))[0]?.run_status === 'completed', 'the run');
  expect((await get(bob, id)).status).toBe('active');
});

test('a schedule whose runs fail, and one whose thread is gone, are disabled without further runs', async () => {
  await setPlatformSettings(app, { 'limit.schedule_max_failures': 2 });
  const bob = await app.signUp();
  const { id } = await create(bob, { persona_id: 'no-such-persona' });
  for (let at = 0; at < 2; at++) {
    const { body } = await act(bob, id, 'run');
    await eventually(async () => (await historyOf(bob, id)).find((each) => each.id === body.id)?.run_status === 'failed', 'the failed run');
  }
  await lookNow(id);
  await eventually(async () => (await get(bob, id)).status === 'disabled', 'the disabled schedule');
  const threadId = await openThread(app, bob);
  const gone = await create(bob, { cron: hourly(), thread_id: threadId });
  const single = await create(bob, { ...once(), thread_id: threadId });
  await call('DELETE', `/v1/threads/${threadId}`, { token: bob.token });
  expect(statusAndReason(await act(bob, gone.id, 'run'))).toEqual([409, 'thread_not_found']);
  for (const { id: due } of [gone, single]) await letTimePass(due, minutesAgo(60));
  await eventually(async () => (await get(bob, gone.id)).disabled_reason === 'thread_not_found', 'the disabled schedule');
  const { body: failed } = await eventually(async () => {
    const answer = await call('GET', '/v1/notifications?type=schedule.failed', { token: bob.token });
    return answer.body.data.length > 0 && answer;
  }, 'the notification');
  expect(failed.data).toMatchObject([{ payload: { schedule_id: single.id, error_code: 'thread_not_found' } }]);
});

test('the plan limits the number and the interval, and values are checked with the reason', async () => {
  const bob = await app.signUp();
  const limit = (key: string, value: string) =>
    sql(`insert into entitlement_overrides (account_id, key, id, value, value_type) values ($1, $2, gen_random_uuid(), $3, 'integer')`, [
      bob.accountId,
      key,
      value,
    ]);
  await limit('limit.schedules', '2');
  await limit('limit.schedule_min_interval_seconds', '3600');
  const post = (fields: object) => call('POST', '/v1/schedules', { token: bob.token, body: { ...daily, ...fields } });
  const frequent = await post({ cron: '*/30 * * * *' });
  expect(statusAndReason(frequent)).toEqual([400, 'interval_too_short']);
  expect(frequent.body.details.issues[0]).toMatchObject({ path: '/cron', message: expect.stringContaining('1800 seconds apart') });
  const { id } = await create(bob);
  await create(bob);
  const third = await post({});
  expect(third.body.details).toMatchObject({ reason: 'quota_exceeded', key: 'limit.schedules', limit: 2, required: 3 });
  const patch = (body: object) => call('PATCH', `/v1/schedules/${id}`, { token: bob.token, body });
  expect(statusAndReason(await patch({ cron: '* * * * *' }))).toEqual([400, 'interval_too_short']);
  expect(statusAndReason(await patch({ timezone: 'Mars/Olympus' }))).toEqual([400, 'invalid_timezone']);
  expect(statusAndReason(await patch({ run_at: '2001-01-01T00:00:00Z' }))).toEqual([400, 'time_in_past']);
  expect((await patch({ cron: '0 7 * * *', run_at: '2100-01-01T00:00:00Z' })).status).toBe(400);
  expect((await patch({ name: '日本 🕘', timezone: 'europe/paris' })).body).toMatchObject({
    name: '日本 🕘',
    timezone: 'Europe/Paris',
    cron: daily.cron,
  });
  const hers = await openThread(app, await app.signUp());
  expect(statusAndReason(await patch({ thread_id: hers }))).toEqual([400, 'thread_not_found']);
  const preview = await call('GET', '/v1/schedules/preview?cron=0%209%20*%20*%20*&timezone=Europe/Berlin', { token: bob.token });
  expect(preview.body.times).toHaveLength(5);
});

test('only the user sees a schedule: not another member, an admin of the account, or a key without the scopes', async () => {
  const [bob, ann] = [await app.signUp(), await app.signUp()];
  await app.joinAccount(ann, bob, 'admin');
  const { id } = await create(bob);
  const headers = { 'x-account-id': bob.accountId };
  expect((await call('GET', '/v1/schedules', { token: ann.token, headers })).body).toEqual([]);
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', ':run'],
    ['POST', ':pause'],
    ['GET', '/occurrences'],
  ] as const)
    expect((await call(method, `/v1/schedules/${id}${path}`, { token: ann.token, headers })).status).toBe(404);
  const keyOf = async (scopes: string[]) =>
    (await call('POST', '/v1/api-keys', { token: bob.token, body: { name: 'key', scopes } })).body.key;
  const reads = await keyOf(['data.runs.read', 'data.threads.read']);
  expect((await call('GET', `/v1/schedules/${id}`, { token: reads })).status).toBe(200);
  expect((await call('POST', `/v1/schedules/${id}:run`, { token: reads })).status).toBe(403);
  expect((await call('GET', `/v1/schedules`, { token: await keyOf(['data.runs.read']) })).status).toBe(403);
  // A schedule ends with the membership of its user.
  const persona = await addRandomPersona(app, bob);
  const { body: hers } = await call('POST', '/v1/schedules', { token: ann.token, headers, body: { ...daily, persona_id: persona } });
  await sql('delete from memberships where account_id = $1 and user_id = $2', [bob.accountId, ann.id]);
  expect(await sql('select from schedules where id = $1', [hers.id])).toEqual([]);
});

test('an agent manages the schedules of its user, if its persona allows the tools by name', async () => {
  const bob = await app.signUp();
  const wanted = { name: 'Reminder', cron: '0 8 * * 1', timezone: 'Asia/Tokyo', input: 'Water the plants.', same_thread: true };
  const script = [
    callsTools(['schedule_create', wanted, 'a'], ['schedule_list', {}, 'b'], ['schedule_create', { ...wanted, cron: 'weekly' }, 'c']),
    chat.answer('Every Monday at eight.'),
  ];
  const persona = { tool_allowlist: ['schedule_create', 'schedule_list', 'schedule_delete'] };
  const talk = await openScriptedThread(app, { person: bob, persona, script });
  const { events, runId } = await talk.run();
  const [created, listed, rejected] = dataOf(events, 'tool.result');
  const { id } = created!.result as { id: string };
  expect(await get(bob, id)).toMatchObject({
    name: 'Reminder',
    cron: '0 8 * * 1',
    timezone: 'Asia/Tokyo',
    input: wanted.input,
    thread_id: talk.threadId,
    persona_id: talk.personaId,
  });
  expect(rejected!.error).toMatchObject({ error_class: 'tool.execution_failed', message: expect.stringContaining('cron') });
  expect(listed!.result).toMatchObject({ schedules: [{ id, status: 'active' }] });
  expect(await sql(`select action, metadata ->> 'run_id' as run from audit_logs where target_id = $1`, [id])).toEqual([
    { action: 'schedule.create', run: runId },
  ]);
  // A call that is executed although its run has been cancelled creates nothing.
  const [create] = scheduleTools(app.database);
  const [run] = await sql('select * from runs where id = $1', [runId]);
  await expect(create!.run(wanted as never, { run } as never)).rejects.toThrow('The run has been cancelled.');
  // The schedule of another user of the account is out of reach, and so are the tools without an allowlist.
  const ann = await app.signUp();
  await app.joinAccount(ann, bob);
  const other = await call('POST', '/v1/schedules', { token: ann.token, headers: { 'x-account-id': bob.accountId }, body: daily });
  talk.vendor.respondWith(
    callsTools(['schedule_delete', { id }, 'd'], ['schedule_delete', { id: other.body.id }, 'e']),
    chat.answer('Done.'),
  );
  await talk.say('Delete both.');
  const deleted = dataOf((await talk.run()).events, 'tool.result');
  expect(deleted.map(({ error }) => error?.error_class)).toEqual([undefined, 'tool.execution_failed']);
  expect((await sql('select id from schedules where account_id = $1', [bob.accountId])).map((row: { id: string }) => row.id)).toEqual([
    other.body.id,
  ]);
  talk.vendor.respondWith(chat.answer('Hello.'));
  await talk.say('Hello?');
  await talk.run({ persona_id: await addRandomPersona(app, bob) });
  const { length } = talk.vendor.requests;
  expect(promptOf(talk, length - 1).at(-1)!.content).toBe('Hello?');
  expect(toolsOf(talk, length - 1).filter((tool) => tool.startsWith('schedule'))).toEqual([]);
  await talk.vendor.close();
});
