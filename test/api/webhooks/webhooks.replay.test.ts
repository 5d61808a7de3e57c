import { beforeEach, expect, test } from 'vitest';
import { webhooks } from '../../../client/index.ts';
import { WebhookDelivery, WebhookDeliveryDetail, WebhookEvent, WebhookEventType, WebhookReplay } from '../../../contract/webhooks.ts';
import { continueReplay } from '../../../server/resources/webhooks/sending/replay.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently, repeatRace, tally } from '../../support/checks/race.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { deliveriesOf, dispatcherOfTest, queueMessages, receiverOfTest, registerEndpoint } from '../../support/resources/receiver.ts';
import { base } from '../../support/resources/webhookCalls.ts';

const app = await sharedTestApp({ ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.02' });
const nil = '00000000-0000-0000-0000-000000000000';

// The replay of an earlier test would take its turn.
beforeEach(() => app.sql('delete from webhook_replays'));

async function withReceiver() {
  const person = await app.signUp();
  const receiver = await receiverOfTest();
  const endpoint = await registerEndpoint(app, person, receiver.url);
  const post = (path: string, body: object = {}, { token }: Person = person, headers: Record<string, string> = {}) =>
    app.call('POST', `${base}/${endpoint.id}${path}`, { token, body, headers });
  const get = (path: string, { token }: Person = person) => app.call('GET', `${base}/${endpoint.id}${path}`, { token });
  const list = (query?: string) => deliveriesOf(app, person, endpoint.id, query);
  const settled = (count: number) =>
    eventually(async () => {
      const rows = await list();
      return rows.length === count && rows.every(({ status }) => status !== 'pending') && rows;
    }, `${count} ended deliveries`);
  return { person, receiver, endpoint, post, get, list, settled };
}

/** Queues messages whose original deliveries have ended, one second apart, the oldest an hour old. Returns their message IDs in order. */
async function endedMessages(
  { person, endpoint }: Awaited<ReturnType<typeof withReceiver>>,
  count: number,
  status = 'delivered',
): Promise<string[]> {
  await queueMessages(app, person, endpoint.id, count);
  const rows = await app.sql(
    `with numbered as (select id, row_number() over (order by id) as n from webhook_deliveries where endpoint_id = $1 and status = 'pending')
     update webhook_deliveries d set status = $2, attempts = 1, next_attempt_at = null, created_at = now() - interval '1 hour' + numbered.n * interval '1 s',
       response_status = case when $2 = 'delivered' then 200 end, error = case when $2 = 'failed' then 'timeout' end
     from numbered where d.id = numbered.id returning d.message_id, d.created_at`,
    [endpoint.id, status],
  );
  return rows.sort((a: any, b: any) => Date.parse(a.created_at) - Date.parse(b.created_at)).map((row: any) => `msg_${row.message_id}`);
}
const yesterday = new Date(Date.now() - 86_400_000).toISOString();

test('a test event of every type is signed, marked, sent once, listed, and changes nothing at the endpoint', async () => {
  const { person, receiver, endpoint, post, get, settled } = await withReceiver();
  dispatcherOfTest(app);
  await app.sql('update webhook_endpoints set consecutive_failures = 19 where id = $1', [endpoint.id]);
  receiver.answers(500, 410);
  const types = WebhookEventType.options;
  for (const [index, event_type] of types.entries()) {
    const answer = await post('/test', { event_type });
    expect(answer.status).toBe(202);
    expect(WebhookDelivery.strict().parse(answer.body)).toMatchObject({
      event_type,
      status: 'pending',
      attempts: 0,
      is_test: true,
      redelivery_of: null,
    });
    const ended = await settled(index + 1);
    const { headers, body } = receiver.received[index]!;
    const event = await webhooks.unwrap(headers, body, endpoint.signing_secret);
    expect(WebhookEvent.parse(event)).toMatchObject({ type: event_type, test: true, data: { account_id: person.accountId } });
    if (event.type.startsWith('run.')) expect(event.data).toMatchObject({ run_id: nil, thread_id: nil });
    expect(headers).toMatchObject({
      'x-arkloop-event': event_type,
      'x-arkloop-delivery': answer.body.id,
      'webhook-id': answer.body.message_id,
    });
    const status = index < 2 ? 'failed' : 'delivered';
    expect(ended.find(({ id }: any) => id === answer.body.id)).toMatchObject({ status, attempts: 1, is_test: true });
    const detail = WebhookDeliveryDetail.parse((await get(`/deliveries/${answer.body.id}`)).body);
    expect(detail.payload).toEqual(event);
    expect(detail.attempt_log).toEqual([
      {
        attempted_at: detail.last_attempt_at,
        duration_ms: expect.any(Number),
        response_status: [500, 410][index] ?? 200,
        response_body: 'ok',
        error: index < 2 ? 'http_status' : null,
      },
    ]);
  }
  // Neither the failures nor the 410 nor the successes of tests count.
  expect(await app.sql('select enabled, consecutive_failures as n from webhook_endpoints where id = $1', [endpoint.id])).toEqual([
    { enabled: true, n: 19 },
  ]);
  expect((await post('/replay', { since: yesterday })).body).toMatchObject({ total: 0 });
  expect(statusAndReason(await post('/test', { event_type: 'run.exploded' }))[0]).toBe(400);
  await app.call('PATCH', `${base}/${endpoint.id}`, { token: person.token, body: { enabled: false } });
  expect(statusAndReason(await post('/test', { event_type: 'run.completed' }))).toEqual([409, 'endpoint_disabled']);
});

test('test events are limited for the account, not for others', async () => {
  const [one, other] = [await withReceiver(), await withReceiver()];
  const second = await registerEndpoint(app, one.person, one.receiver.url);
  const answers = await concurrently(64, (n) =>
    app.call('POST', `${base}/${n % 2 ? second.id : one.endpoint.id}/test`, {
      token: one.person.token,
      body: { event_type: 'run.failed' },
    }),
  );
  expect(tally(answers)).toMatchObject({ 202: 60 });
  const over = await one.post('/test', { event_type: 'run.failed' });
  expect(statusAndReason(over)).toEqual([429, 'webhook_test_rate_limited']);
  expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await other.post('/test', { event_type: 'run.failed' })).status).toBe(202);
  // Sending a test again counts too, other messages do not.
  await endedMessages(one, 1);
  const redeliver = async (isTest: boolean) => {
    const [{ id }] = await app.sql('select id from webhook_deliveries where endpoint_id = $1 and is_test = $2', [one.endpoint.id, isTest]);
    return one.post(`/deliveries/${id}/redeliver`);
  };
  expect(statusAndReason(await redeliver(true))).toEqual([429, 'webhook_test_rate_limited']);
  expect((await redeliver(false)).status).toBe(202);
});

test('replays are limited for the account', async () => {
  const scene = await withReceiver();
  const started = await concurrently(21, () => scene.post('/replay', { since: yesterday }));
  expect(tally(started)).toEqual({ 202: 1, '409 replay_running': 19, '429 webhook_replay_rate_limited': 1 });
});

test('a replay that another worker holds does not hold up the others', async () => {
  const scenes = [await withReceiver(), await withReceiver()];
  for (const scene of scenes) {
    await endedMessages(scene, 5);
    await scene.post('/replay', { since: yesterday });
  }
  const holder = await app.database.pool.connect();
  try {
    await holder.query('begin');
    await holder.query('select from webhook_replays where endpoint_id = $1 for update', [scenes[0]!.endpoint.id]);
    await eventually(async () => !(await continueReplay(app.database)), 'the end of what can go on');
    expect((await scenes[1]!.get('/replay')).body).toMatchObject({ status: 'completed', queued: 5 });
  } finally {
    await holder.query('rollback');
    holder.release();
  }
});

test('every attempt is logged, with the first 1,000 characters of its response', async () => {
  const { person, receiver, endpoint, get, settled } = await withReceiver();
  const long = '😀é'.repeat(900);
  receiver.answers((res) => void res.writeHead(503).end(long), 302);
  await queueMessages(app, person, endpoint.id, 1);
  dispatcherOfTest(app);
  const [{ id }] = await settled(1);
  const { attempt_log: log, attempts } = (await get(`/deliveries/${id}`)).body as WebhookDeliveryDetail;
  expect(attempts).toBe(3);
  expect(log.map(({ response_status, error }) => [response_status, error])).toEqual([
    [503, 'http_status'],
    [302, 'redirect'],
    [200, null],
  ]);
  expect(log[0]!.response_body).toBe('😀é'.repeat(500));
  const times = log.map(({ attempted_at }) => Date.parse(attempted_at));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test('a replay queues the messages of a range again in order, says how many, and continues where it was', async () => {
  const scene = await withReceiver();
  const { person, receiver, post, get, list } = scene;
  const messages = await endedMessages(scene, 25);
  await queueMessages(app, person, scene.endpoint.id, 1);
  expect((await get('/replay')).status).toBe(404);
  const headers = { 'idempotency-key': 'replay-once' };
  const first = await post('/replay', { since: yesterday }, person, headers);
  expect(first.status).toBe(202);
  // The pending message is left out: it is still to be sent.
  expect(WebhookReplay.strict().parse(first.body)).toMatchObject({
    status: 'running',
    total: 25,
    queued: 0,
    only_failed: false,
    ended_at: null,
  });
  const again = await post('/replay', { since: yesterday }, person, headers);
  expect([again.body, again.headers.get('idempotent-replayed')]).toEqual([first.body, 'true']);
  expect(statusAndReason(await post('/replay', { since: yesterday }))).toEqual([409, 'replay_running']);
  const limits = { batch: 10, maxPending: 100 };
  // Batches of several workers at the same time do not overlap.
  await concurrently(3, () => continueReplay(app.database, limits));
  const { queued } = (await get('/replay')).body as WebhookReplay;
  expect([10, 20, 25]).toContain(queued);
  expect(await list()).toHaveLength(26 + queued);
  await eventually(async () => !(await continueReplay(app.database, limits)), 'the end of the replay');
  expect((await get('/replay')).body).toMatchObject({ status: 'completed', total: 25, queued: 25, ended_at: expect.any(String) });
  const rows = await app.sql(
    'select message_id, redelivery_of, next_attempt_at from webhook_deliveries where endpoint_id = $1 and redelivery_of is not null order by next_attempt_at',
    [scene.endpoint.id],
  );
  expect(rows.map((row: any) => `msg_${row.message_id}`)).toEqual(messages);
  dispatcherOfTest(app);
  await eventually(async () => receiver.received.length === 26, 'all messages');
  await scene.settled(51);
  // A later replay replaces the ended one, and takes each message once although it has two deliveries now.
  expect((await post('/replay', { since: yesterday })).body).toMatchObject({ status: 'running', total: 26, queued: 0 });
});

test('a replay is limited by its range, by what failed, and in size', async () => {
  const scene = await withReceiver();
  const { person, post, get, endpoint } = scene;
  const failed = await endedMessages(scene, 3, 'failed');
  const received = await endedMessages(scene, 3);
  // The first failed message was redelivered since.
  await app.sql(
    `insert into webhook_deliveries (account_id, id, endpoint_id, message_id, event_type, status, attempts, response_status, redelivery_of)
     select account_id, gen_random_uuid(), endpoint_id, message_id, event_type, 'delivered', 1, 200, id from webhook_deliveries where message_id = $1`,
    [failed[0]!.slice(4)],
  );
  const run = async (body: object) => {
    const answer = await post('/replay', body);
    expect(answer.status).toBe(202);
    const known = (await app.sql('select id from webhook_deliveries where endpoint_id = $1', [endpoint.id])).map((row: any) => row.id);
    await eventually(async () => !(await continueReplay(app.database)), 'the end of the replay');
    const made = await app.sql('delete from webhook_deliveries where endpoint_id = $1 and id <> all ($2) returning message_id', [
      endpoint.id,
      known,
    ]);
    return [answer.body.total, made.map((row: any) => `msg_${row.message_id}`).sort()];
  };
  expect(await run({ since: yesterday, only_failed: true })).toEqual([2, failed.slice(1).sort()]);
  expect(await run({ since: yesterday })).toEqual([6, [...failed, ...received].sort()]);
  const [{ at }] = await app.sql('select created_at as at from webhook_deliveries where message_id = $1', [failed[1]!.slice(4)]);
  const time = (offset: number) => new Date(Date.parse(at) + offset).toISOString();
  // The start is inclusive, the end exclusive. Each second has a failed and a received message.
  expect(await run({ since: time(0), until: time(1_000) })).toEqual([2, [failed[1], received[1]].sort()]);
  expect(await run({ since: new Date(Date.now() + 60_000).toISOString() })).toEqual([0, []]);
  expect((await get('/replay')).body).toMatchObject({ status: 'completed', total: 0 });
  for (const body of [
    {},
    { since: 'yesterday' },
    { since: yesterday, until: yesterday },
    { since: yesterday, only_failed: 1 },
    { since: yesterday, all: true },
  ])
    expect([body, (await post('/replay', body)).status]).toEqual([body, 400]);
  await queueMessages(app, person, endpoint.id, 9_995);
  await app.sql(
    `update webhook_deliveries set status = 'failed', error = 'timeout', next_attempt_at = null where endpoint_id = $1 and status = 'pending'`,
    [endpoint.id],
  );
  expect(statusAndReason(await post('/replay', { since: yesterday }))).toEqual([400, 'too_many_messages']);
  expect((await post('/replay', { since: yesterday, only_failed: true })).body).toMatchObject({ total: 9_997 });
});

test('disabling the endpoint cancels its replay, and a receiver that is down holds it back', async () => {
  const scene = await withReceiver();
  const { person, post, get, endpoint, list } = scene;
  // More than the dispatcher queues before the receiver has answered.
  await endedMessages(scene, 250);
  await post('/replay', { since: yesterday });
  const limits = { batch: 10, maxPending: 10 };
  expect(await continueReplay(app.database, limits)).toBe(true);
  // Ten deliveries are pending.
  expect(await continueReplay(app.database, limits)).toBe(false);
  expect((await get('/replay')).body).toMatchObject({ status: 'running', queued: 10 });
  const enable = (enabled: boolean) => app.call('PATCH', `${base}/${endpoint.id}`, { token: person.token, body: { enabled } });
  await enable(false);
  expect(statusAndReason(await post('/replay', { since: yesterday }))).toEqual([409, 'endpoint_disabled']);
  // At once: enabling the endpoint again does not continue it.
  await enable(true);
  expect(await continueReplay(app.database, limits)).toBe(false);
  expect((await get('/replay')).body).toMatchObject({ status: 'cancelled', queued: 10, ended_at: expect.any(String) });
  expect((await list('status=pending')).length).toBe(0);
  await post('/replay', { since: yesterday });
  await continueReplay(app.database, limits);
  scene.receiver.always(410);
  dispatcherOfTest(app);
  await eventually(async () => (await get('')).body.disabled_reason === 'gone', 'the disabled endpoint');
  expect((await get('/replay')).body).toMatchObject({ status: 'cancelled' });
  await app.call('DELETE', `${base}/${endpoint.id}`, { token: person.token });
  expect(await app.sql('select from webhook_replays where endpoint_id = $1', [endpoint.id])).toEqual([]);
});

test('of concurrent replays one starts, and deleting the endpoint meanwhile leaves nothing', async () => {
  const scene = await withReceiver();
  await endedMessages(scene, 5);
  await repeatRace(async () => {
    await app.sql(`delete from attempt_counts where bucket like 'webhook-replay:%'`);
    const answers = await concurrently(4, () =>
      scene.post('/replay', { since: yesterday, until: new Date(Date.now() - 60_000).toISOString() }),
    );
    expect(tally(answers)).toMatchObject({ 202: 1 });
    await eventually(async () => !(await continueReplay(app.database)), 'the end of the replay');
  });
  await app.sql(`delete from attempt_counts where bucket like 'webhook-replay:%'`);
  await scene.post('/replay', { since: yesterday });
  const { token } = scene.person;
  const [, deleted] = await Promise.all([continueReplay(app.database), app.call('DELETE', `${base}/${scene.endpoint.id}`, { token })]);
  expect(deleted.status).toBe(200);
  expect(await app.sql('select from webhook_deliveries where endpoint_id = $1', [scene.endpoint.id])).toEqual([]);
});

test('tests and replays of endpoints of another account return 404 and do nothing', async () => {
  const scene = await withReceiver();
  const stranger = await app.signUp();
  await endedMessages(scene, 2);
  expect((await scene.post('/test', { event_type: 'run.completed' }, stranger)).status).toBe(404);
  expect((await scene.post('/replay', { since: yesterday }, stranger)).status).toBe(404);
  await scene.post('/replay', { since: yesterday });
  expect((await scene.get('/replay', stranger)).status).toBe(404);
  expect(await scene.list()).toHaveLength(2);
});
