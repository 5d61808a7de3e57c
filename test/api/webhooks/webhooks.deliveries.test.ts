import { beforeAll, expect, test } from 'vitest';
import { WebhookDelivery, type WebhookDeliveryDetail } from '../../../contract/webhooks.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { repeatRace, rowCounter } from '../../support/checks/race.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { queueMessages } from '../../support/resources/receiver.ts';
import { base, usual, webhookCalls } from '../../support/resources/webhookCalls.ts';

let app: TestApp;
let stranger: Person;

beforeAll(async () => {
  app = await startTestApp({ ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '0' }, { worker: false });
  stranger = await app.signUp();
});

const { create, made, change, read, entries } = webhookCalls(() => app);

/** An endpoint with deliveries of every status, oldest first. */
async function withDeliveries() {
  const person = await app.signUp();
  const { id } = await made(person);
  await queueMessages(app, person, id, 4);
  const rows = await app.sql('select id from webhook_deliveries where endpoint_id = $1 order by created_at, id', [id]);
  const ids: string[] = rows.map((row) => row.id);
  const end = (status: string, error: string | null, which: string[]) =>
    app.sql('update webhook_deliveries set status = $1, error = $2, attempts = 1, next_attempt_at = null where id = any ($3)', [
      status,
      error,
      which,
    ]);
  await end('failed', 'timeout', [ids[0]!]);
  await end('delivered', null, [ids[1]!]);
  const redeliver = (delivery: string, as: Person = person) =>
    app.call('POST', `${base}/${id}/deliveries/${delivery}/redeliver`, { token: as.token });
  return { person, id, ids, redeliver };
}

test('endpoints, deliveries and secrets of another account return 404', async () => {
  const { id, ids, redeliver, person } = await withDeliveries();
  const other = await made(person);
  const as = { token: stranger.token };
  const unknown = crypto.randomUUID();
  const calls: [method: string, path: string, body?: object][] = [
    ['GET', `/${id}`],
    ['PATCH', `/${id}`, { enabled: false }],
    ['DELETE', `/${id}`],
    ['POST', `/${id}/rotate-secret`, {}],
    ['POST', `/${id}/test`, { event_type: 'run.completed' }],
    ['POST', `/${id}/replay`, { since: '2026-01-01T00:00:00Z' }],
    ['GET', `/${id}/replay`],
    ['GET', `/${id}/deliveries`],
    ['GET', `/${id}/deliveries/${ids[0]}`],
    ['POST', `/${id}/deliveries/${ids[0]}/redeliver`],
  ];
  for (const [method, path, body] of calls) {
    const foreign = await app.call(method, base + path, { ...as, body });
    const none = await app.call(method, base + path.replace(id, unknown), { ...as, body });
    const { trace_id: _, ...rest } = foreign.body;
    expect([method, path, foreign.status, rest]).toEqual([method, path, 404, { ...none.body, trace_id: undefined }]);
  }
  const mine = await made(stranger);
  expect((await app.call('GET', `${base}/${mine.id}/deliveries/${ids[0]}`, as)).status).toBe(404);
  expect((await redeliver(ids[0]!, stranger)).status).toBe(404);
  // Nor under another endpoint of the same account.
  expect((await read(person, `/${other.id}/deliveries/${ids[0]}`)).status).toBe(404);
  expect((await read(person, `/${id}`)).body).toMatchObject({ enabled: true });
});

test('disabling an endpoint fails its pending deliveries, and enabling it resets its failures', async () => {
  const { person, id, ids } = await withDeliveries();
  const off = await change(person, id, { enabled: false });
  expect(off.body).toMatchObject({ enabled: false, disabled_reason: 'manual' });
  const list = (await read(person, `/${id}/deliveries`)).body as WebhookDelivery[];
  const byId = Object.fromEntries(list.map((delivery) => [delivery.id, [delivery.status, delivery.error, delivery.next_attempt_at]]));
  expect(ids.map((each) => byId[each])).toEqual([
    ['failed', 'timeout', null],
    ['delivered', null, null],
    ['failed', 'endpoint_disabled', null],
    ['failed', 'endpoint_disabled', null],
  ]);
  await app.sql(`update webhook_endpoints set disabled_reason = 'gone', consecutive_failures = 7 where id = $1`, [id]);
  expect((await change(person, id, { enabled: false })).body.disabled_reason).toBe('gone');
  expect((await change(person, id, { url: 'https://elsewhere.example.com/' })).body.disabled_reason).toBe('gone');
  expect((await change(person, id, { enabled: true })).body).toMatchObject({ enabled: true, disabled_reason: null });
  expect(await app.sql('select consecutive_failures as n from webhook_endpoints where id = $1', [id])).toEqual([{ n: 0 }]);
});

test('deliveries are listed newest first, filtered by status and type, and read with their payload', async () => {
  const { person, id, ids } = await withDeliveries();
  const list = (query = '') => read(person, `/${id}/deliveries${query}`);
  const all = (await list()).body as WebhookDelivery[];
  expect(all.map((delivery) => delivery.id)).toEqual(ids.toReversed());
  for (const delivery of all) expect(WebhookDelivery.strict().parse(delivery)).toEqual(delivery);
  expect((await list('?status=pending')).body).toHaveLength(2);
  expect((await list('?status=failed')).body).toMatchObject([{ id: ids[0], error: 'timeout', attempts: 1 }]);
  expect((await list('?event_type=run.failed')).body).toEqual([]);
  expect((await list('?event_type=run.completed&status=delivered')).body).toHaveLength(1);
  for (const bad of ['?status=done', '?event_type=run.done', '?limit=201', '?before=x']) expect((await list(bad)).status).toBe(400);
  const page = await list('?limit=3');
  const rest = await list(`?limit=3&before=${page.headers.get('x-next-cursor')}`);
  expect([...page.body, ...rest.body]).toEqual(all);
  expect((await list(`?status=failed&before=${page.headers.get('x-next-cursor')}`)).status).toBe(400);
  const { body } = await read(person, `/${id}/deliveries/${ids[0]}`);
  const { payload, attempt_log: log, ...rest0 } = body as WebhookDeliveryDetail;
  expect([rest0, payload.type, log]).toEqual([all.at(-1), 'run.completed', []]);
});

test('an ended delivery can be redelivered as a new one, a pending one or one of a disabled endpoint cannot', async () => {
  const { person, id, ids, redeliver } = await withDeliveries();
  const answer = await redeliver(ids[1]!);
  expect(answer.status).toBe(202);
  expect(answer.body).toMatchObject({ status: 'pending', attempts: 0, redelivery_of: ids[1], response_status: null });
  const [source] = await app.sql('select message_id from webhook_deliveries where id = $1', [ids[1]]);
  expect(answer.body.message_id).toBe(`msg_${source.message_id}`);
  expect(statusAndReason(await redeliver(ids[2]!))).toEqual([409, 'delivery_pending']);
  expect(statusAndReason(await redeliver(answer.body.id))).toEqual([409, 'delivery_pending']);
  await change(person, id, { enabled: false });
  expect(statusAndReason(await redeliver(ids[1]!))).toEqual([409, 'endpoint_disabled']);
  expect((await entries(id)).at(-2)).toMatchObject({
    action: 'webhook_endpoint.redeliver',
    metadata: { delivery_id: answer.body.id, redelivery_of: ids[1] },
  });
});

test('deleting an endpoint deletes its deliveries, and closing an account deletes all endpoints', async () => {
  const { person, id, ids } = await withDeliveries();
  const count = rowCounter(app);
  await app.call('DELETE', `${base}/${id}`, { token: person.token });
  expect((await read(person, `/${id}`)).status).toBe(404);
  expect(await count('webhook_deliveries where id = any ($1)', [ids])).toBe(0);
  const { token } = person;
  const { body: account } = await app.call('POST', '/v1/accounts', { token, body: { name: 'Team', slug: `team-${id.slice(-12)}` } });
  const headers = { 'x-account-id': account.id };
  const { id: inTeam } = (await create(person, usual, headers)).body;
  await queueMessages(app, { ...person, accountId: account.id }, inTeam, 2);
  const closed = await app.call('DELETE', `/v1/accounts/${account.id}`, { token, body: { slug: account.slug } });
  expect(closed.status).toBe(204);
  expect(await count('webhook_endpoints where account_id = $1', [account.id])).toBe(0);
  expect(await count('webhook_deliveries where account_id = $1', [account.id])).toBe(0);
});

test('a redelivery concurrent with disabling leaves no pending delivery', async () => {
  const { person, id, ids, redeliver } = await withDeliveries();
  await repeatRace(async () => {
    await change(person, id, { enabled: true });
    const [answer] = await Promise.all([redeliver(ids[1]!), change(person, id, { enabled: false })]);
    expect([202, 409]).toContain(answer.status);
    expect((await read(person, `/${id}/deliveries?status=pending`)).body).toEqual([]);
  });
});
