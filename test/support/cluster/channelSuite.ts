import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../server/database/database.ts';
import { maxPayloadBytes, type NotificationChannel } from '../../../server/pubsub/notificationChannel.ts';
import { openNotificationChannel } from '../../../server/pubsub/openChannel.ts';
import { accessChannel, runChannel } from '../../../server/pubsub/runNotifier.ts';
import { freshDatabase } from '../app/testApp.ts';

/** What carries the notifications in a test. `url` is undefined for PostgreSQL. */
export type Broker = { url: string | undefined; stop(): Promise<void>; start(): Promise<void>; freeze?(): void; thaw?(): void };

const silent = pino({ level: 'silent' });
const topics = [runChannel, accessChannel];
const maxConnections = 4;

const reportSkipped = (reason: string) => void test('keep the contract of a channel', ({ skip }) => skip(reason));

/** The contract of a notification channel, for one carrier. `reason` says why it cannot be tested here. */
export function testNotificationChannel(carrier: string, open: (databaseUrl: string) => Promise<Broker | { reason: string }>) {
  describe(`notifications through ${carrier}`, async () => {
    const databaseUrl = await freshDatabase();
    const broker = await open(databaseUrl);
    if ('reason' in broker) return reportSkipped(broker.reason);
    const { url: pubsubUrl } = broker;
    const database = openDatabase(databaseUrl, { max: maxConnections, log: silent, applicationName: 'arkloop test' });
    afterAll(() => database.close());
    afterAll(broker.stop);
    await broker.start();

    /** A channel as each process has one, with what it received and the changes of its state. */
    function openChannel() {
      const channel = openNotificationChannel({ pubsubUrl, directUrl: databaseUrl, database, topics, log: silent });
      onTestFinished(channel.close);
      const received: string[] = [];
      const states: boolean[] = [];
      for (const topic of topics) channel.on(topic, (payload) => received.push(`${topic} ${payload}`));
      channel.onConnectionChange((up) => states.push(up));
      return { channel, received, states };
    }
    const isUp = (channel: NotificationChannel) => expect.poll(() => channel.isUp, { interval: 20 }).toBe(true);
    async function openUp() {
      const opened = openChannel();
      await isUp(opened.channel);
      return opened;
    }
    const arrived = (received: string[], expected: string[]) => expect.poll(() => received, { interval: 10 }).toEqual(expected);

    test('every process receives what one publishes, in order, also the publisher', async () => {
      const [one, two] = [await openUp(), await openUp()];
      const payloads = Array.from({ length: 50 }, (_, at) => `${at}`);
      for (const payload of payloads) await one.channel.publish(runChannel, payload);
      await one.channel.publish(accessChannel, 'someone');
      const expected = [...payloads.map((payload) => `${runChannel} ${payload}`), `${accessChannel} someone`];
      await Promise.all([arrived(one.received, expected), arrived(two.received, expected)]);
      const late = await openUp();
      await two.channel.publish(runChannel, 'again');
      await Promise.all([arrived(late.received, [`${runChannel} again`]), arrived(one.received, [...expected, `${runChannel} again`])]);
      expect([one.states.at(-1), two.states.at(-1)]).toEqual([true, true]);
    });

    test('the longest payload passes, and a longer one is rejected by every carrier', async () => {
      const { channel, received } = await openUp();
      const longest = `e${'é'.repeat(Math.floor(maxPayloadBytes / 2))}`;
      await channel.publish(accessChannel, longest);
      await arrived(received, [`${accessChannel} ${longest}`]);
      await expect(channel.publish(accessChannel, `${longest}e`)).rejects.toThrow(`has ${maxPayloadBytes + 1} bytes`);
    });

    test('an invalidation does not wait for a connection of the pool', async () => {
      const [one, two] = [await openUp(), await openUp()];
      const taken = await Promise.all(Array.from({ length: maxConnections }, () => database.pool.connect()));
      try {
        await one.channel.publish(accessChannel, 'someone');
        await arrived(two.received, [`${accessChannel} someone`]);
      } finally {
        for (const each of taken) each.release();
      }
    });

    test('a loss is reported, and afterwards notifications arrive again', async () => {
      const [one, two] = [await openUp(), await openUp()];
      const known = one.states.length;
      await broker.stop();
      await expect.poll(() => [one, two].map(({ states }) => states.includes(false, known))).toEqual([true, true]);
      // What is sent meanwhile may be lost, and nothing fails if the database works.
      await one.channel.publish(runChannel, 'meanwhile').catch(() => undefined);
      await broker.start();
      await Promise.all([isUp(one.channel), isUp(two.channel)]);
      expect([one.states.at(-1), two.states.at(-1)]).toEqual([true, true]);
      two.received.splice(0);
      await one.channel.publish(runChannel, 'after');
      await arrived(two.received, [`${runChannel} after`]);
    });

    const testBroker = broker.url === undefined ? () => undefined : test;
    testBroker('a process starts while the broker is down, and invalidations reach others through PostgreSQL', async () => {
      const up = await openUp();
      await broker.stop();
      const started = openChannel();
      await sleep(300);
      expect([started.channel.isUp, started.states.includes(true)]).toEqual([false, false]);
      await started.channel.publish(runChannel, 'lost');
      await started.channel.publish(accessChannel, 'someone');
      await arrived(up.received, [`${accessChannel} someone`]);
      await broker.start();
      await isUp(started.channel);
      await isUp(up.channel);
      await up.channel.publish(runChannel, 'after');
      await expect.poll(() => started.received).toContain(`${runChannel} after`);
    });

    testBroker('a frozen broker delays an invalidation by at most 4 s, and is reported as lost', async () => {
      const [one, two] = [await openUp(), await openUp()];
      broker.freeze!();
      try {
        const began = performance.now();
        await one.channel.publish(accessChannel, 'someone');
        await expect.poll(() => two.received, { interval: 10 }).toContain(`${accessChannel} someone`);
        expect(performance.now() - began).toTakeLessThan(4_000);
        await expect.poll(() => two.channel.isUp, { interval: 100 }).toBe(false);
      } finally {
        broker.thaw!();
      }
      await Promise.all([isUp(one.channel), isUp(two.channel)]);
    });
  });
}
