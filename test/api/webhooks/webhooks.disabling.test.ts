import { beforeEach, expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { deliveriesOf, dispatcherOfTest, queueMessages, receiverOfTest, registerEndpoint } from '../../support/resources/receiver.ts';

const singleAttempt = { ARKLOOP_WEBHOOK_MAX_ATTEMPTS: '1', ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.02' };
const app = await sharedTestApp(singleAttempt);
const { call, sql, signUp, joinAccount } = app;

beforeEach(() => void dispatcherOfTest(app));

async function createEndpoint() {
  const person = await signUp();
  const receiver = await receiverOfTest();
  const endpoint = await registerEndpoint(app, person, receiver.url);
  const path = `/v1/webhook-endpoints/${endpoint.id}`;
  const list = () => deliveriesOf(app, person, endpoint.id);
  return {
    person,
    receiver,
    endpoint,
    path,
    list,
    send: (count: number) => queueMessages(app, person, endpoint.id, count),
    ended: () => eventually(async () => (await list()).every(({ status }) => status !== 'pending') && list(), 'the end of the deliveries'),
    now: async () => (await call('GET', path, { token: person.token })).body,
    enable: (enabled: boolean) => call('PATCH', path, { token: person.token, body: { enabled } }),
  };
}

const disableNotificationsOf = async ({ token }: Person) =>
  (await call('GET', '/v1/notifications?type=webhook.endpoint_disabled', { token })).body.data as Record<string, any>[];
const disableEntries = (id: string) =>
  sql(
    `select account_id, actor_user_id, metadata, trace_id from audit_logs where action = 'webhook_endpoint.auto_disable' and target_id = $1`,
    [id],
  );

test('twenty consecutive failures disable the endpoint and notify the admins, and it can be enabled again', async () => {
  const { person, receiver, endpoint, send, ended, now, enable } = await createEndpoint();
  const [admin, member, former] = [await signUp(), await signUp(), await signUp()];
  await joinAccount(admin, person, 'admin');
  await joinAccount(member, person);
  receiver.always(500);
  await send(19);
  await ended();
  expect(await now()).toMatchObject({ enabled: true, disabled_reason: null });
  expect(await disableNotificationsOf(person)).toEqual([]);
  await send(3);
  await ended();
  expect(await now()).toMatchObject({ enabled: false, disabled_reason: 'consecutive_failures' });
  for (const each of [person, admin]) {
    const news = await disableNotificationsOf(each);
    expect(news).toMatchObject([
      { account_id: person.accountId, payload: { endpoint_id: endpoint.id, reason: 'consecutive_failures' }, read_at: null },
    ]);
    expect(news[0]!.body).toContain(new URL(endpoint.url).host);
  }
  for (const each of [member, former]) expect(await disableNotificationsOf(each)).toEqual([]);
  expect(await disableEntries(endpoint.id)).toEqual([
    {
      account_id: person.accountId,
      actor_user_id: null,
      metadata: { actor: 'system', reason: 'consecutive_failures' },
      trace_id: 'a'.repeat(32),
    },
  ]);
  const tried = receiver.received.length;
  await send(1);
  expect((await ended()).at(-1)).toMatchObject({ status: 'failed', error: 'endpoint_disabled', attempts: 0 });
  expect(receiver.received).toHaveLength(tried);
  expect((await enable(true)).body).toMatchObject({ enabled: true, disabled_reason: null });
  receiver.always(200);
  await send(1);
  expect((await ended()).at(-1)).toMatchObject({ status: 'delivered' });
  expect(await disableNotificationsOf(person)).toHaveLength(1);
});

test('a success resets the failure count, and failures of a disabled endpoint are not counted', async () => {
  const { receiver, endpoint, send, ended, now, enable } = await createEndpoint();
  const failures = async () => (await sql('select consecutive_failures as n from webhook_endpoints where id = $1', [endpoint.id]))[0].n;
  receiver.always(500);
  await send(19);
  await ended();
  expect(await failures()).toBe(19);
  receiver.always(200);
  await send(1);
  await ended();
  expect(await failures()).toBe(0);
  receiver.always(500);
  await send(19);
  await ended();
  expect([await failures(), (await now()).enabled]).toEqual([19, true]);
  await enable(false);
  await send(5);
  await ended();
  expect([await failures(), (await now()).disabled_reason]).toEqual([19, 'manual']);
});

test('a 410 response disables the endpoint, fails its pending deliveries and notifies the admins', async () => {
  const { person, receiver, endpoint, send, ended, now } = await createEndpoint();
  receiver.always((res) => void setTimeout(() => res.writeHead(410).end('gone'), 300));
  await send(10);
  const list = await ended();
  expect(await now()).toMatchObject({ enabled: false, disabled_reason: 'gone' });
  const errors = Object.groupBy(list, ({ error }) => error);
  // At most four requests were in flight when the first response came.
  expect(receiver.received.length).toBeLessThanOrEqual(4);
  expect(errors.http_status!.length).toBe(receiver.received.length);
  expect(errors.endpoint_disabled!.length).toBe(10 - receiver.received.length);
  expect(errors.http_status![0]).toMatchObject({ attempts: 1, response_status: 410, response_body: 'gone' });
  expect(await disableNotificationsOf(person)).toMatchObject([{ payload: { endpoint_id: endpoint.id, reason: 'gone' } }]);
  expect(await disableEntries(endpoint.id)).toHaveLength(1);
});

test('a delivery in flight when the endpoint is disabled may complete, and is not retried', async () => {
  const { receiver, send, ended, enable } = await createEndpoint();
  let answer = () => {};
  receiver.always((res) => {
    answer = () => void res.writeHead(500).end();
  });
  await send(1);
  await eventually(async () => receiver.received.length === 1, 'the request');
  await enable(false);
  answer();
  expect(await ended()).toMatchObject([{ status: 'failed', attempts: 1, error: expect.stringMatching(/http_status|endpoint_disabled/) }]);
  expect(receiver.received).toHaveLength(1);
});

test('an endpoint deleted during deliveries leaves no rows, and others are not affected', async () => {
  const { person, receiver, endpoint, send, path } = await createEndpoint();
  const other = await createEndpoint();
  const answers: (() => void)[] = [];
  receiver.always((res) => void answers.push(() => void res.writeHead(200).end()));
  await send(6);
  await eventually(async () => receiver.received.length === 4, 'the requests');
  expect((await call('DELETE', path, { token: person.token })).status).toBe(200);
  for (const answer of answers) answer();
  expect(await sql('select 1 from webhook_deliveries where endpoint_id = $1', [endpoint.id])).toEqual([]);
  await other.send(3);
  expect((await other.ended()).map(({ status }) => status)).toEqual(['delivered', 'delivered', 'delivered']);
  expect(receiver.received).toHaveLength(4);
});

test('failing, changed, disabled and deleted endpoints do not block deliveries of others', async () => {
  const { person, receiver, send, path, enable } = await createEndpoint();
  receiver.always(500);
  const fast = await createEndpoint();
  for (let round = 0; round < 10; round++) {
    await Promise.all([send(30), fast.send(5)]);
    await Promise.all([
      enable(false),
      enable(true),
      call('PATCH', path, { token: person.token, body: { events: ['run.failed'] } }),
      enable(true),
    ]);
  }
  expect((await call('DELETE', path, { token: person.token })).status).toBe(200);
  const list = await fast.ended();
  expect(list.map(({ status }) => status)).toEqual(Array(50).fill('delivered'));
  expect(new Set(fast.receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(50);
  expect(fast.receiver.received).toHaveLength(50);
});
