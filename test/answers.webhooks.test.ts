import { afterAll, expect, test } from 'vitest';
import { WebhookEvent, type WebhookEventType } from '../contract/webhooks.ts';
import { readExamples } from '../docs/examples.ts';
import { formOf, writeWebhooks } from './setup/answers/recording.ts';
import { createStable } from './setup/answers/stable.ts';
import { eventually, openThread, startRun } from './setup/conversation.ts';
import { addModel, addProvider } from './setup/providers.ts';
import { deliveriesOf, receiverOfTest, register } from './setup/receiver.ts';
import { startVendor } from './setup/vendor.ts';
import { type Person, startWorld } from './setup/world.ts';

const world = await startWorld({ ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.1' });
const vendor = await startVendor();
afterAll(vendor.close);

/** `npm run record` writes what it sees; otherwise it is compared with what was written. */
const recording = process.env.RECORD_EXAMPLES === '1';
const seen: Record<string, WebhookEvent> = {};
afterAll(() => {
  if (recording) writeWebhooks(seen);
});

const nothing = async () => undefined;

/** How each is brought about: what is there before the run, and what is done to it. */
const causes: Record<
  WebhookEventType,
  { before(person: Person): Promise<unknown>; during(person: Person, runId: string): Promise<unknown> }
> = {
  'run.completed': { before: nothing, during: nothing },
  'run.failed': {
    // Whatever this vendor is asked, it has nothing.
    before: async (person) => addModel(world, person, await addProvider(world, person, { base_url: `${vendor.origin}/v1` })),
    during: nothing,
  },
  'run.cancelled': {
    before: nothing,
    during: async ({ token }, runId) => {
      const begun = `select from run_events where run_id = $1 and type = 'message.delta'`;
      await eventually(async () => (await world.sql(begun, [runId])).length > 0, 'the first words');
      return world.call('POST', `/v1/runs/${runId}:cancel`, { token });
    },
  },
};

test.each(Object.keys(causes) as WebhookEventType[])('the documents show %s as it is sent', async (type) => {
  const receiver = await receiverOfTest();
  const person = await world.signUp();
  const { id } = await register(world, person, receiver.url);
  await causes[type].before(person);
  const runId = await startRun(world, person, await openThread(world, person));
  await causes[type].during(person, runId);
  await eventually(async () => (await deliveriesOf(world, person, id))[0]?.status === 'delivered', 'the delivery', 20_000);
  const event = WebhookEvent.parse(JSON.parse(receiver.received[0]!.body));
  expect(event.type).toBe(type);
  seen[type] = createStable()(event);
  if (!recording) expect(formOf(readExamples().webhooks[type]), 'npm run record').toEqual(formOf(seen[type]));
});
