import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { metricsEvents } from '../../../server/platform/telemetry/metricsEvents.ts';
import { chat } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { freshDatabase, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { nats, redis } from '../../support/cluster/brokers.ts';
import { openStream } from '../../support/http/events.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';

describe.for([
  ['Redis', redis],
  ['NATS', nats],
] as const)('with %s', ([name, open]) => {
  test('events and revocations reach another API, also while the broker is down', async ({ skip }) => {
    const broker = await open();
    if ('reason' in broker) return skip(`${name}: ${broker.reason}`);
    await broker.start();
    onTestFinished(broker.stop);
    const databaseUrl = await freshDatabase();
    const env = { ARKLOOP_PUBSUB_URL: broker.url! };
    const [app, other] = [await startTestApp(env, { databaseUrl }), await startTestApp(env, { databaseUrl, worker: false })];
    const bob = await app.signUp();
    const vendor = await addVendorModel(app, bob);
    onTestFinished(vendor.close);
    const sent: string[] = [];
    onTestFinished(metricsEvents.notificationSent.on((outcome) => sent.push(outcome)));
    const isUp = async (at: TestApp) => {
      const { status, body } = await at.call('GET', '/readyz');
      expect(status).toBe(200);
      return body.notifications === 'ok';
    };
    const bothUp = () => eventually(async () => (await isUp(app)) && (await isUp(other)), 'notifications');
    const bothDown = () => eventually(async () => !(await isUp(app)) && !(await isUp(other)), 'the loss of the broker');

    /** Runs an answer of six deltas, 300 ms apart. Returns the longest delay of an event at a reader of the other API, in milliseconds. */
    async function longestDelay() {
      const pieces = Array.from({ length: 6 }, (_, at) => `piece${at} `);
      vendor.respondWith({
        steps: pieces.flatMap((piece) => [chat.text(piece), { wait: () => sleep(300) }]).concat(chat.stop(), chat.done),
      });
      const runId = await startRun(app, bob, await openThread(app, bob));
      const reader = await openStream(other.url, runId, { token: bob.token });
      const late: number[] = [];
      while (!reader.events.at(-1)?.type.match(/^run\.(completed|failed|cancelled)$/)) {
        const seq = late.length + 1;
        for (const event of (await reader.until((each) => each.seq === seq)).slice(late.length))
          late.push(Date.now() - Date.parse(event.created_at));
      }
      expect(reader.events).toEqual(await expectRunInvariants(app, runId, bob.token));
      expect(reader.events.at(-1)?.type).toBe('run.completed');
      return Math.max(...late);
    }
    /** A user that the other API has cached signs out here, and is rejected there. */
    async function revoke() {
      const person = await app.signUp();
      expect((await other.call('GET', '/v1/me', { token: person.token })).status).toBe(200);
      expect((await app.call('POST', '/v1/auth/logout', { token: person.token })).status).toBe(200);
      const rejected = async () => (await other.call('GET', '/v1/me', { token: person.token })).status === 401;
      await eventually(rejected, 'the end of the session at the other API', 3_000);
    }

    await bothUp();
    await longestDelay();
    sent.splice(0);
    expect(await longestDelay()).toTakeLessThan(1_000);
    await revoke();
    expect([...new Set(sent)]).toEqual(['broker']);
    await broker.stop();
    await bothDown();
    sent.splice(0);
    expect(await longestDelay()).toTakeLessThan(2_500);
    await revoke();
    expect([...new Set(sent)].toSorted()).toEqual(['lost', 'postgres']);
    await broker.start();
    await bothUp();
    sent.splice(0);
    expect(await longestDelay()).toTakeLessThan(1_000);
    await revoke();
    expect([...new Set(sent)]).toEqual(['broker']);
  });
});
