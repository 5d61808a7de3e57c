import { Webhook } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';
import { expect, test } from 'vitest';
import { webhooks } from '../../../client/index.ts';
import { WebhookEvent } from '../../../contract/webhooks.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { deliveriesOf, type Received, receiverOfTest, registerEndpoint } from '../../support/resources/receiver.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp({ ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.05' });
const { call, signUp, sql } = app;

const headersOf = ({ headers }: Received) => headers as Record<string, string>;
const startRunInNewThread = async (person: Person) => startRun(app, person, await openThread(app, person));

async function createEndpoint() {
  const person = await signUp();
  const receiver = await receiverOfTest();
  const endpoint = await registerEndpoint(app, person, receiver.url);
  const path = `/v1/webhook-endpoints/${endpoint.id}`;
  const next = (count: number) => eventually(async () => receiver.received[count - 1], `${count} webhooks`);
  const ended = (count = 1) =>
    eventually(async () => {
      const list = await deliveriesOf(app, person, endpoint.id);
      return list.length >= count && list.every(({ status }) => status !== 'pending') && list;
    }, 'the end of the deliveries');
  return { person, receiver, endpoint, path, next, ended };
}

test('the end of a run is sent once, and independent libraries verify its signature', async () => {
  const { person, endpoint, next, ended, path, receiver } = await createEndpoint();
  const runId = await startRunInNewThread(person);
  const { headers, body } = await next(1);
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'Arkloop-Webhooks/1',
    'webhook-id': `msg_${runId}`,
    'x-arkloop-event': 'run.completed',
  });
  const one = headersOf({ headers } as Received);
  for (const library of [new Webhook(endpoint.signing_secret), new Svix(endpoint.signing_secret)]) {
    library.verify(body, one);
    expect(() => library.verify(body.replace('"model":', '"modem":'), one)).toThrow();
    expect(() => library.verify(body, { ...one, 'webhook-id': 'msg_other' })).toThrow();
    expect(() => library.verify(body, { ...one, 'webhook-timestamp': String(Number(one['webhook-timestamp']) + 1) })).toThrow();
  }
  const event = await webhooks.unwrap(headers, body, endpoint.signing_secret);
  expect(body).toBe(JSON.stringify(event));
  const run = (await call('GET', `/v1/runs/${runId}`, { token: person.token })).body;
  expect(WebhookEvent.parse(event)).toEqual({
    type: 'run.completed',
    timestamp: run.completed_at,
    data: {
      run_id: runId,
      account_id: person.accountId,
      thread_id: run.thread_id,
      status: 'completed',
      created_at: run.created_at,
      completed_at: run.completed_at,
      failed_at: null,
      cancelled_at: null,
      model: run.model,
      total_input_tokens: run.total_input_tokens,
      total_output_tokens: run.total_output_tokens,
      total_cost_usd: run.total_cost_usd,
      credits_used: expect.any(Number),
      error_class: null,
      resumable: null,
      trace_id: run.trace_id,
    },
  });
  const [delivery] = await ended();
  expect(delivery).toMatchObject({ status: 'delivered', attempts: 1, response_status: 200, response_body: 'ok', error: null });
  expect(delivery).toMatchObject({ id: headers['x-arkloop-delivery'], message_id: headers['webhook-id'], next_attempt_at: null });
  expect((await call('GET', `${path}/deliveries/${delivery.id}`, { token: person.token })).body).toEqual({
    ...{ ...delivery, payload: event },
    attempt_log: [
      { attempted_at: delivery.last_attempt_at, duration_ms: expect.any(Number), response_status: 200, response_body: 'ok', error: null },
    ],
  });
  expect(receiver.received).toHaveLength(1);
});

test('after a rotation both secrets sign during the grace period, and only the new one without it', async () => {
  const { person, endpoint, path, next } = await createEndpoint();
  const rotate = async (body?: object) => (await call('POST', `${path}/rotate-secret`, { token: person.token, body })).body;
  const before = Date.now();
  const second = await rotate({});
  expect(second.signing_secret).not.toBe(endpoint.signing_secret);
  expect(Date.parse(second.previous_secret_expires_at)).toBeGreaterThanOrEqual(before + 86_400_000);
  await startRunInNewThread(person);
  const one = await next(1);
  expect(one.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
  for (const secret of [endpoint.signing_secret, second.signing_secret]) new Webhook(secret).verify(one.body, headersOf(one));
  const third = await rotate({ grace_period_seconds: 0 });
  expect(third.previous_secret_expires_at).toBeNull();
  await startRunInNewThread(person);
  const two = await next(2);
  expect(two.headers['webhook-signature']).toMatch(/^v1,\S{44}$/);
  new Webhook(third.signing_secret).verify(two.body, headersOf(two));
  for (const secret of [endpoint.signing_secret, second.signing_secret])
    expect(() => new Webhook(secret).verify(two.body, headersOf(two))).toThrow();
  const fourth = await rotate({ grace_period_seconds: 1 });
  await sql(`update webhook_endpoints set previous_secret_expires_at = now() - interval '1 ms' where id = $1`, [endpoint.id]);
  await startRunInNewThread(person);
  const late = await next(3);
  expect(late.headers['webhook-signature']).toMatch(/^v1,\S{44}$/);
  new Webhook(fourth.signing_secret).verify(late.body, headersOf(late));
});

test('five failures end a delivery, and a redelivery sends the same message with a new signature', async () => {
  const { person, receiver, path, ended, next, endpoint } = await createEndpoint();
  receiver.answers(500, 500, 500, 500, 500);
  await startRunInNewThread(person);
  const [failed] = await ended();
  expect(failed).toMatchObject({ status: 'failed', attempts: 5, error: 'http_status', response_status: 500, next_attempt_at: null });
  await call('POST', `${path}/rotate-secret`, { token: person.token, body: { grace_period_seconds: 0 } });
  const answer = await call('POST', `${path}/deliveries/${failed.id}/redeliver`, { token: person.token });
  expect(answer).toMatchObject({
    status: 202,
    body: { status: 'pending', attempts: 0, redelivery_of: failed.id, message_id: failed.message_id },
  });
  const again = await next(6);
  const ids = new Set(receiver.received.map(({ headers }) => headers['webhook-id']));
  const bodies = new Set(receiver.received.map(({ body }) => body));
  expect([ids.size, bodies.size]).toEqual([1, 1]);
  expect(again.headers['x-arkloop-delivery']).toBe(answer.body.id);
  expect(() => new Webhook(endpoint.signing_secret).verify(again.body, headersOf(again))).toThrow();
  const list = await ended(2);
  expect(list.map(({ id, status }) => [id, status])).toEqual([
    [failed.id, 'failed'],
    [answer.body.id, 'delivered'],
  ]);
});

test('a failed run is sent as run.failed, without message contents', async () => {
  const { person, next } = await createEndpoint();
  await sql('update credit_balances set balance = 1000 where account_id = $1', [person.accountId]);
  const threadId = await openThread(app, person, 'a secret question');
  const runId = await startRun(app, person, threadId, { persona_id: 'no-such-persona' }).catch(() => undefined);
  const broken = runId ?? (await startRun(app, person, threadId, { model: 'nobody^knows' }));
  const event = JSON.parse((await next(1)).body);
  expect(event).toMatchObject({ type: 'run.failed', data: { run_id: broken, status: 'failed', resumable: expect.any(Boolean) } });
  expect(event.data.error_class).toEqual(expect.any(String));
  expect(JSON.stringify(event)).not.toContain('secret question');
});

test('each of several endpoints gets each event once, with the same message ID', async () => {
  const person = await signUp();
  const receivers = await Promise.all([receiverOfTest(), receiverOfTest(), receiverOfTest()]);
  for (const { url } of receivers) await registerEndpoint(app, person, url);
  const runs = await Promise.all(Array.from({ length: 5 }, () => startRunInNewThread(person)));
  const wanted = runs.map((id) => `msg_${id}`).sort();
  for (const { received } of receivers) {
    await eventually(async () => received.length >= runs.length, 'all webhooks');
    expect(received.map(({ headers }) => headers['webhook-id']).sort()).toEqual(wanted);
  }
});
