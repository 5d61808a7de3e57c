import { pino } from 'pino';
import { expect, test } from 'vitest';
import { WebhookEvent } from '../../../contract/webhooks.ts';
import { queue } from '../../../server/jobs/queue.ts';
import { createPostgresPublisher } from '../../../server/pubsub/postgresChannel.ts';
import { createRunNotifier } from '../../../server/pubsub/runNotifier.ts';
import { deleteExpiredWebhooks } from '../../../server/resources/webhooks/sending/deleteExpired.ts';
import { reapRuns } from '../../../server/runs/lease/reaper.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { rowCounter } from '../../support/checks/race.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { deliveriesOf, queueMessages, registerEndpoint } from '../../support/resources/receiver.ts';

// Without a worker, the queue has exactly the deliveries committed with the end of a run.
const app = await sharedTestApp({ ARKLOOP_RUN_TIMEOUT_MINUTES: '1', ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' });
const { call, sql, signUp } = app;
const url = 'https://hooks.example.com/in';

const reapStaleRuns = () => {
  const { config, database } = app;
  return reapRuns({
    config,
    database,
    queue,
    runNotifier: createRunNotifier(createPostgresPublisher(database), () => undefined),
    log: pino({ level: 'silent' }),
  });
};
const startRunInNewThread = async (person: Person) => startRun(app, person, await openThread(app, person, 'a secret question'));
const cancel = (person: Person, runId: string) => call('POST', `/v1/runs/${runId}:cancel`, { token: person.token });
const change = (person: Person, id: string, body: object) => call('PATCH', `/v1/webhook-endpoints/${id}`, { token: person.token, body });

/** The only delivery of an endpoint, with its payload. */
async function onlyDelivery(person: Person, endpointId: string) {
  const list = await deliveriesOf(app, person, endpointId);
  expect(list).toHaveLength(1);
  const { body } = await call('GET', `/v1/webhook-endpoints/${endpointId}/deliveries/${list[0].id}`, { token: person.token });
  expect(WebhookEvent.parse(body.payload)).toEqual(body.payload);
  expect(JSON.stringify(body)).not.toContain('secret question');
  return body;
}

test('a run cancelled before it starts queues one delivery in the same transaction', async () => {
  const person = await signUp();
  const { id } = await registerEndpoint(app, person, url);
  const runId = await startRunInNewThread(person);
  expect(await deliveriesOf(app, person, id)).toEqual([]);
  await Promise.all([cancel(person, runId), cancel(person, runId), cancel(person, runId)]);
  const { payload, ...delivery } = await onlyDelivery(person, id);
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

test('an interrupted run queues one run.failed delivery as resumable, also with several reapers', async () => {
  const person = await signUp();
  const { id } = await registerEndpoint(app, person, url);
  const runId = await startRunInNewThread(person);
  await sql(`update runs set attempt = 1, last_activity_at = now() - interval '90 seconds' where id = $1`, [runId]);
  await Promise.all([reapStaleRuns(), reapStaleRuns(), reapStaleRuns()]);
  const { payload, ...delivery } = await onlyDelivery(person, id);
  expect(delivery).toMatchObject({ event_type: 'run.failed', message_id: `msg_${runId}` });
  expect(payload).toMatchObject({ type: 'run.failed', data: { status: 'failed', error_class: 'worker.timeout', resumable: true } });
  expect(payload.timestamp).toBe(payload.data.failed_at);
});

test('only enabled endpoints subscribed to the event get it, and only for root runs', async () => {
  const [person, stranger] = [await signUp(), await signUp()];
  const [asked, disabled, elsewhere] = [
    await registerEndpoint(app, person, url),
    await registerEndpoint(app, person, url),
    await registerEndpoint(app, person, url),
  ];
  const foreign = await registerEndpoint(app, stranger, url);
  await change(person, disabled.id, { enabled: false });
  await change(person, elsewhere.id, { events: ['run.completed', 'run.failed'] });
  await cancel(person, await startRunInNewThread(person));
  await onlyDelivery(person, asked.id);
  for (const { id } of [disabled, elsewhere]) expect(await deliveriesOf(app, person, id)).toEqual([]);
  expect(await deliveriesOf(app, stranger, foreign.id)).toEqual([]);
  // A child run.
  const [parent, child] = [await startRunInNewThread(person), await startRunInNewThread(person)];
  await sql('update runs set parent_run_id = $2 where id = $1', [child, parent]);
  await cancel(person, child);
  expect(await sql('select status from runs where id = $1', [child])).toEqual([{ status: 'cancelled' }]);
  await onlyDelivery(person, asked.id);
});

test('without endpoints no message is written', async () => {
  const person = await signUp();
  const runId = await startRunInNewThread(person);
  await cancel(person, runId);
  expect(await rowCounter(app)('webhook_messages where account_id = $1', [person.accountId])).toBe(0);
});

test('a model name of any length and script fits into the payload', async () => {
  const person = await signUp();
  const { id } = await registerEndpoint(app, person, url);
  const runId = await startRunInNewThread(person);
  const model = `${'模😀"\\\u0001'.repeat(2_000)}`;
  await sql('update runs set model = $2 where id = $1', [runId, model]);
  await cancel(person, runId);
  const { payload } = await onlyDelivery(person, id);
  expect(model.startsWith(payload.data.model)).toBe(true);
  const [{ bytes }] = await sql('select octet_length(body) as bytes from webhook_messages where id = $1', [runId]);
  expect(bytes).toBeLessThanOrEqual(20_480);
});

test('deliveries are kept for 30 days, messages as long as a delivery uses them, old secrets until they expire', async () => {
  const person = await signUp();
  const { id } = await registerEndpoint(app, person, url);
  await call('POST', `/v1/webhook-endpoints/${id}/rotate-secret`, { token: person.token, body: { grace_period_seconds: 60 } });
  await queueMessages(app, person, id, 3);
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
  await deleteExpiredWebhooks(app.database, 31);
  expect(await deliveriesOf(app, person, id)).toHaveLength(4);
  await deleteExpiredWebhooks(app.database, 30);
  const left = await deliveriesOf(app, person, id);
  expect(left.map((delivery) => delivery.redelivery_of ?? delivery.id).sort()).toEqual([kept.id, redelivered.id].sort());
  expect(await rowCounter(app)('webhook_messages where account_id = $1', [person.accountId])).toBe(2);
  const previous = () => sql('select previous_secret_sealed is null as gone from webhook_endpoints where id = $1', [id]);
  expect(await previous()).toEqual([{ gone: false }]);
  await sql(`update webhook_endpoints set previous_secret_expires_at = now() - interval '1 second' where id = $1`, [id]);
  await deleteExpiredWebhooks(app.database, 30);
  expect(await previous()).toEqual([{ gone: true }]);
});
