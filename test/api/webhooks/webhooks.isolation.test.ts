import { beforeEach, expect, test } from 'vitest';
import { dispatcherTimes } from '../../../server/resources/webhooks/sending/dispatcher.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { deliveriesOf, dispatcherOfTest, queueMessages, receiverOfTest, registerEndpoint } from '../../support/resources/receiver.ts';

const app = await sharedTestApp({ ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.02' });

async function endpointOf(person: Person) {
  const receiver = await receiverOfTest();
  const { id } = await registerEndpoint(app, person, receiver.url);
  return { id, receiver, send: (count: number) => queueMessages(app, person, id, count), list: () => deliveriesOf(app, person, id) };
}

/** Unanswered requests are aborted soon after shutdown starts. */
const shortGrace = { ...dispatcherTimes, graceMs: 200 };

// Deliveries pending from an earlier test could go to a later receiver with the same port.
beforeEach(() => app.sql('delete from webhook_deliveries'));

test('an endpoint has at most four requests in flight across workers, and a slow one does not delay others', async () => {
  const [slow, quick] = [await endpointOf(await app.signUp()), await endpointOf(await app.signUp())];
  slow.receiver.always(() => {});
  await slow.send(500);
  const dispatchers = Array.from({ length: 3 }, () => dispatcherOfTest(app, { times: shortGrace }));
  await eventually(async () => slow.receiver.inFlight.now === 4, 'the first requests');
  const began = Date.now();
  await quick.send(100);
  for (const { wake } of dispatchers) wake();
  await eventually(async () => quick.receiver.received.length >= 100, 'the messages for the other');
  // A request to the slow endpoint takes ten seconds.
  expect(Date.now() - began).toTakeLessThan(6_000);
  expect(quick.receiver.received).toHaveLength(100);
  expect([slow.receiver.inFlight.most, slow.receiver.received.length]).toEqual([4, 4]);
  // A stopping dispatcher releases unanswered deliveries without counting an attempt.
  await Promise.all(dispatchers.map(({ shutDown }) => shutDown()));
  const rows = await app.sql(
    `select status, attempts, claim_id is null as free, count(*)::int as n from webhook_deliveries where endpoint_id = $1 group by 1, 2, 3`,
    [slow.id],
  );
  expect(rows).toEqual([{ status: 'pending', attempts: 0, free: true, n: 500 }]);
});

test('twenty slow endpoints of one account do not block those of others', async () => {
  const hostile = await app.signUp();
  const silent = await Promise.all(Array.from({ length: 20 }, () => endpointOf(hostile)));
  for (const { receiver, send } of silent) {
    receiver.always(() => {});
    await send(10);
  }
  const dispatcher = dispatcherOfTest(app, { times: shortGrace });
  await eventually(async () => silent.every(({ receiver }) => receiver.inFlight.now === 4), 'all that may be under way');
  const quick = await endpointOf(await app.signUp());
  const began = Date.now();
  await quick.send(20);
  dispatcher.wake();
  await eventually(async () => quick.receiver.received.length === 20, 'the messages for the other');
  expect(Date.now() - began).toTakeLessThan(4_000);
});

test('ten thousand messages of an account delay the message of another by less than one round of requests', async () => {
  const flooding = await app.signUp();
  const flood = await receiverOfTest();
  for (let n = 0; n < 20; n++) await queueMessages(app, flooding, (await registerEndpoint(app, flooding, `${flood.url}/${n}`)).id, 500);
  const quick = await endpointOf(await app.signUp());
  let before: number | undefined;
  quick.receiver.always((res) => {
    before ??= flood.received.length;
    res.writeHead(200).end();
  });
  await quick.send(1);
  dispatcherOfTest(app);
  await eventually(async () => before !== undefined, 'the message for the other');
  // Four requests to each of the twenty endpoints are a round. On a busy machine, answers of it may let more begin.
  expect(before).toBeLessThan(4 * 20 * 4);
});

test('a delivery claimed by a dead worker is sent by another one after the claim expires', async () => {
  const { id, receiver, send, list } = await endpointOf(await app.signUp());
  await send(1);
  const claimFor = (time: string) =>
    app.sql(`update webhook_deliveries set claim_id = gen_random_uuid(), claimed_until = now() + $2::interval where endpoint_id = $1`, [
      id,
      time,
    ]);
  await claimFor('1 hour');
  dispatcherOfTest(app);
  await new Promise((done) => setTimeout(done, 500));
  expect(receiver.received).toHaveLength(0);
  await claimFor('100 ms');
  await eventually(async () => (await list())[0].status === 'delivered', 'the delivery');
  expect(receiver.received).toHaveLength(1);
});

test('a response received after the claim expired changes nothing', async () => {
  const { id, receiver, send, list } = await endpointOf(await app.signUp());
  const answers: ((status: number) => void)[] = [];
  receiver.always((res) => void answers.push((status) => void res.writeHead(status).end(`answer ${status}`)));
  await send(1);
  const [sleepy] = [dispatcherOfTest(app), dispatcherOfTest(app)];
  await eventually(async () => answers.length === 1, 'the first request');
  await app.sql(`update webhook_deliveries set claimed_until = now() - interval '1 second' where endpoint_id = $1`, [id]);
  sleepy.wake();
  await eventually(async () => answers.length === 2, 'the second request');
  answers[0]!(500);
  await new Promise((done) => setTimeout(done, 300));
  expect(await list()).toMatchObject([{ status: 'pending', attempts: 0, response_status: null }]);
  answers[1]!(200);
  await eventually(async () => (await list())[0].status === 'delivered', 'the delivery');
  expect(await list()).toMatchObject([{ attempts: 1, response_body: 'answer 200' }]);
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
});
