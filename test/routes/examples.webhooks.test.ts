import { afterAll, expect, test } from 'vitest';
import { WebhookEvent, type WebhookEventType } from '../../contract/webhooks.ts';
import { readExamples } from '../../docs/openapi/examples.ts';
import { announceExpiringKeys } from '../../server/jobs/notices/announceExpiringKeys.ts';
import { openScriptedThread } from '../support/agent/agent.ts';
import { addModel, addProvider } from '../support/agent/providers.ts';
import { askUserArgs, callsTools } from '../support/agent/tools.ts';
import { chat, startVendor } from '../support/agent/vendor.ts';
import { structureOf, writeWebhooks } from '../support/answers/recording.ts';
import { createStabilizer } from '../support/answers/stabilizer.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { setBalance } from '../support/credits/credits.ts';
import { announceCredits } from '../support/credits/lowCredits.ts';
import { erasureCalls } from '../support/erasure/erasureCalls.ts';
import { eventually, openThread, startRun } from '../support/resources/conversation.ts';
import { receiverOfTest } from '../support/resources/receiver.ts';
import { workspaceCalls } from '../support/resources/workspaces.ts';
import { adminOf } from '../support/samples/context.ts';
import { useDatabaseClock } from '../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp({ ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.1', ARKLOOP_ERASURE_SETTLE_SECONDS: '0' });
const vendor = await startVendor();
afterAll(vendor.close);

/** `npm run record` writes the examples; otherwise events are compared with the recorded ones. */
const recording = process.env.RECORD_EXAMPLES === '1';
const seen: Record<string, WebhookEvent> = {};
afterAll(() => {
  if (recording) writeWebhooks(seen);
});

const { openWorkspace, addMember } = workspaceCalls(app);

const erasures = erasureCalls(app);

/** Events that a personal account does not have. */
const ofWorkspace: readonly WebhookEventType[] = ['member.joined', 'account.erasure_scheduled', 'account.erasure_cancelled'];

/** Causes each event in the account of the endpoint. */
const causes: Record<WebhookEventType, (person: Person & { slug?: string }) => Promise<unknown>> = {
  'run.completed': async (person) => startRun(app, person, await openThread(app, person)),
  'run.failed': async (person) => {
    // This provider has no scripted responses, so every call fails.
    await addModel(app, person, await addProvider(app, person, { base_url: `${vendor.origin}/v1` }));
    return startRun(app, person, await openThread(app, person));
  },
  // A run may have ended before it is canceled.
  'run.cancelled': (person) =>
    eventually(async () => {
      const runId = await startRun(app, person, await openThread(app, person));
      const begun = `select from run_events where run_id = $1 and type = 'message.delta'`;
      await eventually(async () => (await app.sql(begun, [runId])).length > 0, 'the first words');
      await app.call('POST', `/v1/runs/${runId}:cancel`, { token: person.token });
      const ended = `select status from runs where id = $1 and status not in ('running', 'cancelling')`;
      const [run] = await eventually(async () => app.sql(ended, [runId]).then((rows) => rows.length > 0 && rows), 'the end of the run');
      return run.status === 'cancelled';
    }, 'a canceled run'),
  'run.waiting_for_input': async (person) => {
    const script = [callsTools(['ask_user', askUserArgs(), 'q1']), chat.answer('Thanks.')];
    return (await openScriptedThread(app, { person, script })).start();
  },
  'member.joined': async (person) => addMember(person, person.accountId, await app.signUp()),
  'subscription.changed': async (person) => {
    const admin = await app.signUp();
    await app.promote(admin);
    const post = (path: string, body: object) => app.call('POST', path, { token: admin.token, body });
    const { body: plan } = await post('/v1/plans', { name: crypto.randomUUID(), display_name: 'Team', entitlements: [] });
    const period = { current_period_start: '2026-01-01T00:00:00Z', current_period_end: '2027-01-01T00:00:00Z' };
    return post('/v1/subscriptions', { account_id: person.accountId, plan_id: plan.id, ...period });
  },
  'api_key.expiring': async (person) => {
    const body = { name: 'shop', expires_at: new Date(Date.now() + 30 * 86_400_000).toISOString() };
    const { body: key } = await app.call('POST', '/v1/api-keys', { token: person.token, body });
    await app.sql(`update api_keys set created_at = now() - interval '30 days', expires_at = now() + interval '6 days' where id = $1`, [
      key.id,
    ]);
    await announceExpiringKeys(app.database);
  },
  'credits.low': async (person) => {
    const body = { low_credit_threshold: 500 };
    await app.call('PATCH', `/v1/accounts/${person.accountId}`, { token: person.token, body });
    await setBalance(app, person, 1_000);
    await adminOf(app).then(({ token }) =>
      app.call('POST', '/v1/admin/credits/adjust', { token, body: { account_id: person.accountId, amount: -600 } }),
    );
    await announceCredits(app);
  },
  'account.erasure_scheduled': (person) => erasures.request(person, person.accountId, person.slug!),
  'account.erasure_cancelled': async (person) => {
    await erasures.request(person, person.accountId, person.slug!);
    await app.call('DELETE', `/v1/accounts/${person.accountId}/erasure`, { token: person.token });
  },
  'account.erased': async (person) => {
    const workspace = await openWorkspace(person);
    const { id } = await erasures.request(person, workspace.id, workspace.slug);
    await erasures.makeDue(id);
  },
};

test.each(Object.keys(causes) as WebhookEventType[])('the recorded example of %s matches the sent event', async (type) => {
  const receiver = await receiverOfTest();
  const person = await app.signUp();
  if (ofWorkspace.includes(type)) {
    const { id: accountId, slug } = await openWorkspace(person);
    Object.assign(person, { accountId, slug });
  }
  const headers = { 'x-account-id': person.accountId };
  const made = await app.call('POST', '/v1/webhook-endpoints', {
    token: person.token,
    headers,
    body: { url: receiver.url, events: [type] },
  });
  expect(made.status).toBe(201);
  await causes[type](person);
  await eventually(async () => receiver.received.length > 0, 'the event');
  const event = WebhookEvent.parse(JSON.parse(receiver.received[0]!.body));
  expect(event).toMatchObject({ type, data: { account_id: person.accountId } });
  seen[type] = createStabilizer()(event);
  if (!recording) expect(structureOf(readExamples().webhooks[type]), 'npm run record').toEqual(structureOf(seen[type]));
});
