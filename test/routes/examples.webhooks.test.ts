import { afterAll, expect, test } from 'vitest';
import { WebhookEvent, type WebhookEventType } from '../../contract/webhooks.ts';
import { readExamples } from '../../docs/openapi/examples.ts';
import { addModel, addProvider } from '../support/agent/providers.ts';
import { startVendor } from '../support/agent/vendor.ts';
import { structureOf, writeWebhooks } from '../support/answers/recording.ts';
import { createStabilizer } from '../support/answers/stabilizer.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { eventually, openThread, startRun } from '../support/resources/conversation.ts';
import { deliveriesOf, receiverOfTest, registerEndpoint } from '../support/resources/receiver.ts';

const app = await startTestApp({ ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.1' });
const vendor = await startVendor();
afterAll(vendor.close);

/** `npm run record` writes the examples; otherwise events are compared with the recorded ones. */
const recording = process.env.RECORD_EXAMPLES === '1';
const seen: Record<string, WebhookEvent> = {};
afterAll(() => {
  if (recording) writeWebhooks(seen);
});

const nothing = async () => undefined;

/** How to cause each event: setup before the run and actions during it. */
const causes: Record<
  WebhookEventType,
  { before(person: Person): Promise<unknown>; during(person: Person, runId: string): Promise<unknown> }
> = {
  'run.completed': { before: nothing, during: nothing },
  'run.failed': {
    // This provider has no scripted responses, so every call fails.
    before: async (person) => addModel(app, person, await addProvider(app, person, { base_url: `${vendor.origin}/v1` })),
    during: nothing,
  },
  'run.cancelled': {
    before: nothing,
    during: async ({ token }, runId) => {
      const begun = `select from run_events where run_id = $1 and type = 'message.delta'`;
      await eventually(async () => (await app.sql(begun, [runId])).length > 0, 'the first words');
      return app.call('POST', `/v1/runs/${runId}:cancel`, { token });
    },
  },
};

test.each(Object.keys(causes) as WebhookEventType[])('the recorded example of %s matches the sent event', async (type) => {
  const receiver = await receiverOfTest();
  const person = await app.signUp();
  const { id } = await registerEndpoint(app, person, receiver.url);
  await causes[type].before(person);
  const runId = await startRun(app, person, await openThread(app, person));
  await causes[type].during(person, runId);
  await eventually(async () => (await deliveriesOf(app, person, id))[0]?.status === 'delivered', 'the delivery');
  const event = WebhookEvent.parse(JSON.parse(receiver.received[0]!.body));
  expect(event.type).toBe(type);
  seen[type] = createStabilizer()(event);
  if (!recording) expect(structureOf(readExamples().webhooks[type]), 'npm run record').toEqual(structureOf(seen[type]));
});
