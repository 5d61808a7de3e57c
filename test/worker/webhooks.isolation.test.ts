import { beforeEach, expect, test } from 'vitest';
import { eventually } from '../setup/conversation.ts';
import { deliveriesOf, dispatcherOfTest, queueMessages, receiverOfTest, register } from '../setup/receiver.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.02' }, { worker: false });

async function endpointOf(person: Person) {
  const receiver = await receiverOfTest();
  const { id } = await register(world, person, receiver.url);
  return { id, receiver, send: (count: number) => queueMessages(world, person, id, count), list: () => deliveriesOf(world, person, id) };
}

// What waits for the receiver of an earlier test would go to a later one that was given the same port.
beforeEach(() => world.sql('delete from webhook_deliveries'));

test('a slow endpoint has four requests under way, of all workers together, and another one is not slower for it', async () => {
  const [slow, quick] = [await endpointOf(await world.signUp()), await endpointOf(await world.signUp())];
  slow.receiver.always(() => {});
  await slow.send(500);
  const dispatchers = [dispatcherOfTest(world), dispatcherOfTest(world), dispatcherOfTest(world)];
  await eventually(async () => slow.receiver.inFlight.now === 4, 'the first requests');
  const began = Date.now();
  await quick.send(100);
  for (const { wake } of dispatchers) wake();
  await eventually(async () => quick.receiver.received.length >= 100, 'the messages for the other');
  // A request to the slow one takes ten seconds.
  expect(Date.now() - began).toBeLessThan(6_000);
  expect(quick.receiver.received).toHaveLength(100);
  expect([slow.receiver.inFlight.most, slow.receiver.received.length]).toEqual([4, 4]);
  // Who stops gives back what has no answer, as if it had not been tried.
  await Promise.all(dispatchers.map(({ shutDown }) => shutDown()));
  const rows = await world.sql(
    `select status, attempts, claim_id is null as free, count(*)::int as n from webhook_deliveries where endpoint_id = $1 group by 1, 2, 3`,
    [slow.id],
  );
  expect(rows).toEqual([{ status: 'pending', attempts: 0, free: true, n: 500 }]);
});

test('twenty slow endpoints of one account do not keep a worker from those of others', async () => {
  const hostile = await world.signUp();
  const silent = await Promise.all(Array.from({ length: 20 }, () => endpointOf(hostile)));
  for (const { receiver, send } of silent) {
    receiver.always(() => {});
    await send(10);
  }
  const dispatcher = dispatcherOfTest(world);
  await eventually(async () => silent.every(({ receiver }) => receiver.inFlight.now === 4), 'all that may be under way');
  const quick = await endpointOf(await world.signUp());
  const began = Date.now();
  await quick.send(20);
  dispatcher.wake();
  await eventually(async () => quick.receiver.received.length === 20, 'the messages for the other');
  expect(Date.now() - began).toBeLessThan(4_000);
});

test('what a dead worker had claimed is sent by another when the claim has run out, and not before', async () => {
  const { id, receiver, send, list } = await endpointOf(await world.signUp());
  await send(1);
  const claim = `update webhook_deliveries set claim_id = gen_random_uuid(), claimed_until = now() + interval '1 second' where endpoint_id = $1`;
  await world.sql(claim, [id]);
  dispatcherOfTest(world);
  await new Promise((done) => setTimeout(done, 500));
  expect(receiver.received).toHaveLength(0);
  await eventually(async () => (await list())[0].status === 'delivered', 'the delivery');
  expect(receiver.received).toHaveLength(1);
});

test('what a worker learns after its claim has run out changes nothing', async () => {
  const { id, receiver, send, list } = await endpointOf(await world.signUp());
  const answers: ((status: number) => void)[] = [];
  receiver.always((res) => void answers.push((status) => void res.writeHead(status).end(`answer ${status}`)));
  await send(1);
  const [sleepy] = [dispatcherOfTest(world), dispatcherOfTest(world)];
  await eventually(async () => answers.length === 1, 'the first request');
  await world.sql(`update webhook_deliveries set claimed_until = now() - interval '1 second' where endpoint_id = $1`, [id]);
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
