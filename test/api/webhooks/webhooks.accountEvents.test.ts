import { expect, expectTypeOf, test } from 'vitest';
import { webhooks } from '../../../client/index.ts';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { askUserArgs, callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { concurrently, tally } from '../../support/checks/race.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { receiverOfTest } from '../../support/resources/receiver.ts';
import { workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await startTestApp();
const { call, sql, signUp } = app;
const { openWorkspace, invite, accept, verified } = workspaceCalls(app);
const platformAdmin = await signUp();
await app.promote(platformAdmin);

/** An endpoint of an account for events. Its filter, which is only for runs, matches no run. */
async function endpointOf(
  { token }: Person,
  accountId: string,
  events: string[],
  filter = { project_ids: [crypto.randomUUID()] } as object,
) {
  const receiver = await receiverOfTest();
  const headers = { 'x-account-id': accountId };
  const { status, body } = await call('POST', '/v1/webhook-endpoints', { token, headers, body: { url: receiver.url, events, filter } });
  expect(status).toBe(201);
  const unwrapped = async (count: number) => {
    await eventually(async () => receiver.received.length >= count, `${count} events`);
    return Promise.all(receiver.received.map(({ headers: sent, body: raw }) => webhooks.unwrap(sent, raw, body.signing_secret)));
  };
  const queued = () => sql('select id from webhook_deliveries where endpoint_id = $1', [body.id]);
  return { unwrapped, queued };
}

test('a run that waits for input is sent once for each question, without its text, also if its worker is replaced', async () => {
  const script = [callsTools(['ask_user', askUserArgs(), 'q1']), callsTools(['ask_user', askUserArgs(), 'q2']), chat.answer('Thanks.')];
  const talk = await openScriptedThread(app, { script });
  const { unwrapped, queued } = await endpointOf(talk, talk.accountId, ['run.waiting_for_input', 'run.completed'], {});
  const runId = await talk.start();
  const [event] = await unwrapped(1);
  if (event?.type !== 'run.waiting_for_input') throw new Error(`unexpected ${event?.type}`);
  expectTypeOf(event.data.reason).toEqualTypeOf<'ask_user' | 'check_in' | 'elicitation'>();
  const [stored] = await sql(`select data from run_events where run_id = $1 and type = 'run.waiting_for_input'`, [runId]);
  const { request_id, expires_at } = stored.data;
  expect(event.data).toEqual({
    ...{ run_id: runId, account_id: talk.accountId, thread_id: talk.threadId, request_id, reason: 'ask_user', expires_at },
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(JSON.stringify(event)).not.toContain(stored.data.message);
  // The next worker continues to wait for the same question.
  await sql(`update runs set lease_until = now() - interval '1 minute' where id = $1`, [runId]);
  await eventually(async () => (await sql('select attempt from runs where id = $1', [runId]))[0].attempt > 1, 'the next attempt');
  expect(await queued()).toHaveLength(1);
  expect((await talk.input(runId, '{"colour": "red"}')).status).toBe(200);
  const second = (await unwrapped(2)).at(-1)!;
  expect(second).toMatchObject({ type: 'run.waiting_for_input', data: { run_id: runId } });
  expect((second.data as { request_id: string }).request_id).not.toBe(request_id);
  await talk.input(runId, '{"colour": "blue"}');
  expect((await unwrapped(3)).map(({ type }) => type)).toEqual(['run.waiting_for_input', 'run.waiting_for_input', 'run.completed']);
});

test('a new member is sent once to the account they join, whatever is raced', async () => {
  const [host, guest] = [await signUp(), await signUp()];
  const { id: workspace } = await openWorkspace(host);
  const joined = await endpointOf(host, workspace, ['member.joined']);
  const elsewhere = await endpointOf(guest, guest.accountId, ['member.joined', 'subscription.changed']);
  const { token } = await invite(host, workspace, (await verified(guest)).email, 'admin');
  const answers = await concurrently(4, () => accept(guest, token));
  expect(tally(answers)).toMatchObject({ 200: 1 });
  const [event, ...more] = await joined.unwrapped(1);
  const { trace_id: _, ...data } = event!.data as { trace_id: string };
  expect([event!.type, data]).toEqual(['member.joined', { account_id: workspace, user_id: guest.id, role: 'admin' }]);
  expect([more, await joined.queued()]).toEqual([[], [expect.anything()]]);
  expect(await elsewhere.queued()).toEqual([]);
});

test('every change of a subscription is sent, and a rejected one is not', async () => {
  const person = await signUp();
  const { unwrapped, queued } = await endpointOf(person, person.accountId, ['subscription.changed']);
  const send = (method: string, path: string, body?: object) => call(method, path, { token: platformAdmin.token, body });
  const plan = (await send('POST', '/v1/plans', { name: crypto.randomUUID(), display_name: 'Team', entitlements: [] })).body;
  const period = { current_period_start: '2026-01-01T00:00:00.000Z', current_period_end: '2027-01-01T00:00:00.000Z' };
  const subscription = { account_id: person.accountId, plan_id: plan.id, ...period };
  const made = (await send('POST', '/v1/subscriptions', subscription)).body;
  expect((await send('POST', '/v1/subscriptions', subscription)).status).toBe(409);
  const path = `/v1/subscriptions/${made.id}`;
  expect((await send('PATCH', path, { current_period_end: '2025-01-01T00:00:00Z' })).status).toBe(400);
  const renewed = (await send('PATCH', path, { current_period_end: '2028-01-01T00:00:00Z' })).body;
  const cancelled = await concurrently(3, () => send('DELETE', path));
  expect(cancelled.filter(({ status }) => status < 300)).toHaveLength(1);
  const last = (await send('GET', path)).body;
  const events = (await unwrapped(3)).sort((a, b) => a.timestamp.localeCompare(b.timestamp));
  expect(await queued()).toHaveLength(3);
  expect(
    events.map((event) => (event.type === 'subscription.changed' ? [event.data.change, event.data.subscription] : event.type)),
  ).toEqual([
    ['created', made],
    ['updated', renewed],
    ['cancelled', last],
  ]);
});
