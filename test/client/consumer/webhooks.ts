import { expect, test } from 'vitest';
import { type Client, webhooks } from '../../../client/index.ts';
import { startLocalServer } from '../localServer.ts';
import { apiError, clientsOf, collect, errorOf, readUntil, startRun, type Target, time, until, uuid } from './target.ts';

/** Webhooks: what receivers get, retries, and redelivery. */
export function describeWebhooks(target: Target) {
  const { register } = clientsOf(target);

  /** A receiver that answers with these statuses in turn, the last one repeatedly. */
  const startReceiver = (...statuses: number[]) =>
    startLocalServer((_, res, count) => void res.writeHead(statuses[Math.min(count, statuses.length - 1)]!).end('Thanks.'));

  async function runToEnd(client: Client) {
    const { runId, threadId } = await startRun(client);
    return { runId, threadId, end: (await collect(client.runs.stream(runId))).at(-1)! };
  }

  const settled = (client: Client, endpoint_id: string) =>
    until(
      () => client.webhookDeliveries.list({ params: { endpoint_id } }).then((page) => [...page]),
      (rows) => rows.length > 0 && rows.every(({ status }) => status !== 'pending'),
    );

  test('the end of a run is sent to the enabled endpoints that subscribe to it', async () => {
    const { client } = await register();
    const { baseUrl, requests } = await startReceiver(200);
    const make = (url: string, ...events: ('run.completed' | 'run.failed' | 'run.cancelled')[]) =>
      client.webhookEndpoints.create({ body: { url, events } });
    const endpoint = await make(`${baseUrl}/all`, 'run.completed', 'run.failed', 'run.cancelled');
    const other = await make(`${baseUrl}/failures`, 'run.failed');
    const off = await make(`${baseUrl}/off`, 'run.completed');
    await client.webhookEndpoints.update({ params: { endpoint_id: off.id }, body: { enabled: false } });
    await target.plan(client, { say: 'Hi', inputTokens: 20, outputTokens: 4 }, { fail: true }, { waitAfter: 'Hm' });
    const { runId, threadId, end } = await runToEnd(client);
    const [delivery, ...more] = await settled(client, endpoint.id);
    expect(more).toEqual([]);
    const sent = requests.find(({ url }) => url === '/all')!;
    expect(delivery).toEqual({
      ...{ id: expect.stringMatching(uuid), endpoint_id: endpoint.id, account_id: endpoint.account_id },
      ...{ message_id: sent.headers['webhook-id'], event_type: 'run.completed', status: 'delivered', attempts: 1 },
      ...{ last_attempt_at: expect.stringMatching(time), next_attempt_at: null, response_status: 200, response_body: 'Thanks.' },
      ...{ error: null, redelivery_of: null, is_test: false, created_at: expect.stringMatching(time) },
    });
    const event = await webhooks.unwrap(sent.headers, sent.body, endpoint.signing_secret);
    const run = await client.runs.get({ params: { run_id: runId } });
    expect(event).toMatchObject({ type: 'run.completed', timestamp: run.completed_at });
    expect(event.data).toEqual({
      ...{ run_id: runId, account_id: endpoint.account_id, thread_id: threadId, status: 'completed', created_at: run.created_at },
      ...{ completed_at: run.completed_at, failed_at: null, cancelled_at: null, model: run.model, total_input_tokens: 20 },
      ...{ total_output_tokens: 4, total_cost_usd: 0, credits_used: 0, error_class: null, resumable: null, trace_id: end.data.trace_id },
    });
    expect(sent).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-arkloop-event': 'run.completed', 'x-arkloop-delivery': delivery!.id },
    });
    const params = { endpoint_id: endpoint.id, delivery_id: delivery!.id };
    expect(await client.webhookDeliveries.get({ params })).toEqual({
      ...{ ...delivery, payload: event },
      attempt_log: [
        {
          ...{ attempted_at: delivery!.last_attempt_at, duration_ms: expect.any(Number) },
          ...{ response_status: 200, response_body: 'Thanks.', error: null },
        },
      ],
    });
    const failed = await runToEnd(client);
    const [failure] = await settled(client, other.id);
    expect((await client.webhookDeliveries.get({ params: { endpoint_id: other.id, delivery_id: failure!.id } })).payload).toMatchObject({
      type: 'run.failed',
      data: { run_id: failed.runId, error_class: failed.end.error_class, resumable: expect.any(Boolean) },
    });
    const { runId: stopped } = await startRun(client);
    await readUntil(client, stopped, 'message.delta');
    await client.runs.cancel({ params: { run_id: stopped }, body: {} });
    await collect(client.runs.stream(stopped));
    await until(
      () => client.webhookDeliveries.list({ params: { endpoint_id: endpoint.id }, query: { event_type: 'run.cancelled' } }).then(),
      (rows) => rows.length === 1,
    );
    expect(await client.webhookDeliveries.list({ params: { endpoint_id: off.id } })).toEqual([]);
  });

  test('a rotated secret signs beside the previous one until its grace period ends', async () => {
    const { client } = await register();
    const { baseUrl, requests } = await startReceiver(204);
    const endpoint = await client.webhookEndpoints.create({ body: { url: baseUrl, events: ['run.completed'] } });
    const rotate = async (grace_period_seconds?: number) =>
      (await client.webhookEndpoints.rotateSecret({ params: { endpoint_id: endpoint.id }, body: { grace_period_seconds } })).signing_secret;
    const verifiedBy = async (...secrets: string[]) => {
      await target.plan(client, { say: 'Hi' });
      await runToEnd(client);
      await settled(client, endpoint.id);
      const { headers, body } = requests.at(-1)!;
      const verify = (secret: string) =>
        webhooks.unwrap(headers, body, secret).then(
          () => true,
          () => false,
        );
      return Promise.all(secrets.map(verify));
    };
    const second = await rotate();
    expect(await verifiedBy(endpoint.signing_secret, second)).toEqual([true, true]);
    const third = await rotate(0);
    expect(await verifiedBy(endpoint.signing_secret, second, third)).toEqual([false, false, true]);
    expect((await client.webhookEndpoints.get({ params: { endpoint_id: endpoint.id } })).previous_secret_expires_at).toBeNull();
  });

  test('a delivery is retried until the receiver accepts it, and can be sent again', async () => {
    const { client } = await register();
    const { baseUrl, requests } = await startReceiver(500, 302, 200);
    const { id: endpoint_id } = await client.webhookEndpoints.create({ body: { url: baseUrl, events: ['run.completed'] } });
    await target.plan(client, { say: 'Hi' });
    await runToEnd(client);
    const [delivery] = await settled(client, endpoint_id);
    expect(delivery).toMatchObject({ status: 'delivered', attempts: 3, error: null, response_status: 200 });
    const params = { endpoint_id, delivery_id: delivery!.id };
    const again = await client.webhookDeliveries.redeliver({ params });
    const { message_id } = delivery!;
    expect(again).toMatchObject({ status: 'pending', attempts: 0, redelivery_of: delivery!.id, message_id, response_status: null });
    expect((await settled(client, endpoint_id)).map(({ id, status }) => [id, status])).toEqual([
      [again.id, 'delivered'],
      [delivery!.id, 'delivered'],
    ]);
    expect(new Set(requests.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([message_id]));
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
  });

  test('a delivery fails after its last attempt, and an endpoint that is gone is disabled', async () => {
    const { client } = await register();
    const { baseUrl } = await startReceiver(503, 503, 503, 503, 503, 410);
    const { id: endpoint_id } = await client.webhookEndpoints.create({ body: { url: baseUrl, events: ['run.completed'] } });
    const params = { endpoint_id };
    await target.plan(client, { say: 'Hi' }, { say: 'Ho' });
    await runToEnd(client);
    const [first] = await until(
      () => client.webhookDeliveries.list({ params }).then((page) => [...page]),
      (rows) => rows.length > 0,
    );
    const early = client.webhookDeliveries.redeliver({ params: { endpoint_id, delivery_id: first!.id } });
    expect(await errorOf(early)).toEqual(apiError(409, 'conflict', 'delivery_pending'));
    const [failed] = await settled(client, endpoint_id);
    expect(failed).toMatchObject({ status: 'failed', attempts: 5, error: 'http_status', response_status: 503, next_attempt_at: null });
    expect(await client.webhookDeliveries.list({ params, query: { status: 'delivered' } })).toEqual([]);
    await runToEnd(client);
    const [gone] = await settled(client, endpoint_id);
    expect(gone).toMatchObject({ status: 'failed', attempts: 1, response_status: 410 });
    expect(await client.webhookEndpoints.get({ params })).toMatchObject({ enabled: false, disabled_reason: 'gone' });
    const [told] = (await client.notifications.list()).data;
    expect(told).toMatchObject({ type: 'webhook.endpoint_disabled', payload: { endpoint_id, reason: 'gone' }, read_at: null });
    const late = client.webhookDeliveries.redeliver({ params: { endpoint_id, delivery_id: gone!.id } });
    expect(await errorOf(late)).toEqual(apiError(409, 'conflict', 'endpoint_disabled'));
  });
}
