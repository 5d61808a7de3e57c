import { pino } from 'pino';
import { expect, test } from 'vitest';
import { WebhookEvent } from '../../contract/webhooks.ts';
import { createBell } from '../../server/jobs/bell.ts';
import { queue } from '../../server/jobs/queue.ts';
import { reapRuns } from '../../server/jobs/reaper.ts';
import { forgetWebhooks } from '../../server/jobs/webhooks/forget.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { counter } from '../setup/race.ts';
import { deliveriesOf, queueMessages, register } from '../setup/receiver.ts';
import { type Person, startWorld } from '../setup/world.ts';

// No worker runs here: what is in the queue is what was committed with the end of a run.
const world = await startWorld({ ARKLOOP_RUN_TIMEOUT_MINUTES: '1', ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { call, sql, signUp } = world;
const url = 'https://hooks.example.com/in';

const reap = () => {
  const { config, database } = world;
  return reapRuns({ config, database, queue, bell: createBell(database, () => undefined), log: pino({ level: 'silent' }) });
};
const runIn = async (person: Person) => startRun(world, person, await openThread(world, person, 'a secret question'));
const cancel = (person: Person, runId: string) => call('POST', `/v1/runs/${runId}:cancel`, { token: person.token });
const change = (person: Person, id: string, body: object) => call('PATCH', `/v1/webhook-endpoints/${id}`, { token: person.token, body });

/** The one delivery there is, with what is sent. */
async function only(person: Person, endpointId: string) {
  const list = await deliveriesOf(world, person, endpointId);
  expect(list).toHaveLength(1);
  const { body } = await call('GET', `/v1/webhook-endpoints/${endpointId}/deliveries/${list[0].id}`, { token: person.token });
  expect(WebhookEvent.parse(body.payload)).toEqual(body.payload);
  expect(JSON.stringify(body)).not.toContain('secret question');
  return body;
}

test('a run that is cancelled before it began is told in the transaction that cancels it', async () => {
  const person = await signUp();
  const { id } = await register(world, person, url);
  const runId = await runIn(person);
  expect(await deliveriesOf(world, person, id)).toEqual([]);
  await Promise.all([cancel(person, runId), cancel(person, runId), cancel(person, runId)]);
  const { payload, ...delivery } = await only(person, id);
  expect(delivery).toMatchObject({ event_type: 'run.cancelled', message_id: `msg_${runId}`, status: 'pending', attempts: 0 });
  const { data, timestamp, type } = payload;
  expect([type, timestamp]).toEqual(['run.cancelled', data.cancelled_at]);
  expect(data).toMatchObject({
    run_id: runId,
    status: 'cancelled',
    completed_at: null,
    failed_at: null,
    resumable: null,
    error_class: null,
  });
});

test('an interrupted run is told as one that failed and can be continued, once, however many reapers there are', async () => {
  const person = await signUp();
  const { id } = await register(world, person, url);
  const runId = await runIn(person);
  await sql(`update runs set attempt = 1, last_activity_at = now() - interval '90 seconds' where id = $1`, [runId]);
  await Promise.all([reap(), reap(), reap()]);
  const { payload, ...delivery } = await only(person, id);
  expect(delivery).toMatchObject({ event_type: 'run.failed', message_id: `msg_${runId}` });
  expect(payload).toMatchObject({ type: 'run.failed', data: { status: 'failed', error_class: 'worker.timeout', resumable: true } });
  expect(payload.timestamp).toBe(payload.data.failed_at);
});

test('only enabled endpoints of the account that asked for the event are told, of root runs alone', async () => {
  const [person, stranger] = [await signUp(), await signUp()];
  const [asked, disabled, elsewhere] = [
    await register(world, person, url),
    await register(world, person, url),
    await register(world, person, url),
  ];
  const foreign = await register(world, stranger, url);
  await change(person, disabled.id, { enabled: false });
  await change(person, elsewhere.id, { events: ['run.completed', 'run.failed'] });
  await cancel(person, await runIn(person));
  await only(person, asked.id);
  for (const { id } of [disabled, elsewhere]) expect(await deliveriesOf(world, person, id)).toEqual([]);
  expect(await deliveriesOf(world, stranger, foreign.id)).toEqual([]);
  // A run under another one.
  const [parent, child] = [await runIn(person), await runIn(person)];
  await sql('update runs set parent_run_id = $2 where id = $1', [child, parent]);
  await cancel(person, child);
  expect(await sql('select status from runs where id = $1', [child])).toEqual([{ status: 'cancelled' }]);
  await only(person, asked.id);
});

test('where nobody is to be told nothing is written', async () => {
  const person = await signUp();
  const runId = await runIn(person);
  await cancel(person, runId);
  expect(await counter(world)('webhook_messages where account_id = $1', [person.accountId])).toBe(0);
});

test('the longest names fit into what is sent, and a name of any script arrives', async () => {
  const person = await signUp();
  const { id } = await register(world, person, url);
  const runId = await runIn(person);
  const model = `${'模😀"\\\u0001'.repeat(2_000)}`;
  await sql('update runs set model = $2 where id = $1', [runId, model]);
  await cancel(person, runId);
  const { payload } = await only(person, id);
  expect(model.startsWith(payload.data.model)).toBe(true);
  const [{ bytes }] = await sql('select octet_length(body) as bytes from webhook_messages where id = $1', [runId]);
  expect(bytes).toBeLessThanOrEqual(20_480);
});

test('deliveries are kept for 30 days, their messages as long as one of them, and secrets as long as they sign', async () => {
  const person = await signUp();
  const { id } = await register(world, person, url);
  await call('POST', `/v1/webhook-endpoints/${id}/rotate-secret`, { token: person.token, body: { grace_period_seconds: 60 } });
  await queueMessages(world, person, id, 3);
  const rows = await sql('select id, message_id from webhook_deliveries where endpoint_id = $1', [id]);
  const [old, kept, redelivered] = rows;
  const age = (table: string, days: number, ids: string[]) =>
    sql(`update ${table} set created_at = now() - $1 * interval '1 day' where id = any ($2)`, [days, ids]);
  await age('webhook_deliveries', 30.1, [old.id, redelivered.id]);
  await age('webhook_deliveries', 29.9, [kept.id]);
  await age(
    'webhook_messages',
    30.1,
    rows.map(({ message_id: messageId }) => messageId),
  );
  await sql(
    `insert into webhook_deliveries (account_id, id, endpoint_id, message_id, event_type, next_attempt_at, redelivery_of)
     select account_id, gen_random_uuid(), endpoint_id, message_id, event_type, now(), id from webhook_deliveries where id = $1`,
    [redelivered.id],
  );
  await forgetWebhooks(world.database);
  const left = await deliveriesOf(world, person, id);
  expect(left.map((delivery) => delivery.redelivery_of ?? delivery.id).sort()).toEqual([kept.id, redelivered.id].sort());
  expect(await counter(world)('webhook_messages where account_id = $1', [person.accountId])).toBe(2);
  const previous = () => sql('select previous_secret_sealed is null as gone from webhook_endpoints where id = $1', [id]);
  expect(await previous()).toEqual([{ gone: false }]);
  await sql(`update webhook_endpoints set previous_secret_expires_at = now() - interval '1 second' where id = $1`, [id]);
  await forgetWebhooks(world.database);
  expect(await previous()).toEqual([{ gone: true }]);
});
