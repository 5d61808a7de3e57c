import { Webhook } from 'standardwebhooks';
import { expect, expectTypeOf, test } from 'vitest';
import { createClient, type RunEvent, type WebhookEvent, webhooks } from '../../client/index.ts';
import {
  asks,
  cancels,
  completes,
  encodeEvent,
  eventsResponse,
  fails,
  says,
  scriptRun,
  signTestWebhook,
  testWebhookSecret,
  thinks,
  usesTool,
} from '../../client/testing/index.ts';
import { RunEvent as schema } from '../../contract/events.ts';
import { WebhookEvent as webhookSchema } from '../../contract/webhooks.ts';

const runId = '0198c0de-0000-7000-8000-000000000001';
const event: WebhookEvent = {
  type: 'run.completed',
  timestamp: '2026-01-02T03:04:05.678Z',
  data: {
    run_id: runId,
    account_id: runId,
    thread_id: runId,
    status: 'completed',
    created_at: '2026-01-02T03:04:05.000Z',
    completed_at: '2026-01-02T03:04:05.678Z',
    failed_at: null,
    cancelled_at: null,
    model: 'ü😀',
    total_input_tokens: 1,
    total_output_tokens: 2,
    total_cost_usd: 0,
    credits_used: 1,
    error_class: null,
    resumable: null,
    trace_id: 'a'.repeat(32),
  },
};

test('a signed test webhook is accepted by the client and standardwebhooks, and rejected if changed', async () => {
  expect(webhookSchema.parse(event)).toEqual(event);
  const secret = testWebhookSecret();
  const { headers, body } = await signTestWebhook(event, secret);
  expect(await webhooks.unwrap(headers, body, secret)).toEqual(event);
  expect(new Webhook(secret).verify(body, headers)).toEqual(event);
  expect(headers).toMatchObject({ 'webhook-id': `msg_${runId}`, 'x-arkloop-event': 'run.completed', 'content-type': 'application/json' });
  const refused = (changed: Record<string, string>, text = body, by = secret) =>
    expect(webhooks.unwrap({ ...headers, ...changed }, text, by)).rejects;
  await refused({}, body.replace('completed', 'failed')).toMatchObject({ reason: 'invalid_signature' });
  await refused({}, body, testWebhookSecret()).toMatchObject({ reason: 'invalid_signature' });
  await refused({ 'webhook-id': 'msg_other' }).toMatchObject({ reason: 'invalid_signature' });
});

test('a test webhook can be signed for another time, and needs a valid secret', async () => {
  const secret = testWebhookSecret();
  const old = await signTestWebhook(event, secret, { id: 'msg_1', at: new Date(Date.now() - 301_000) });
  await expect(webhooks.unwrap(old.headers, old.body, secret)).rejects.toMatchObject({ reason: 'too_old' });
  for (const bad of ['', 'whsec_', 'whsec_***', secret.slice(6)]) await expect(signTestWebhook(event, bad)).rejects.toThrow(TypeError);
});

const everything = [
  thinks('Let me see.'),
  says(' Two  spaces\nand a line '),
  usesTool('web_search', { q: 'a' }, { hits: 1 }),
  usesTool('web_fetch', { url: 'x' }, new Error('It is down.')),
  asks('Which?', 'The blue one'),
];

test.each([
  ['completed', [everything, completes({ usage: { output_tokens: 3 } })]],
  ['failed', [says('Half'), fails('No more', { resumable: true })]],
  ['cancelled', [cancels()]],
])('every event of a scripted run that %s conforms to the contract', (outcome, script) => {
  const events = scriptRun(script);
  expectTypeOf(events).toEqualTypeOf<RunEvent[]>();
  for (const each of events) expect(schema.parse(each)).toEqual(each);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(events.length);
  expect([events[0]!.type, events.at(-1)!.type]).toEqual(['run.started', `run.${outcome}`]);
});

test('a script produces exactly its text, and equal scripts produce equal events', () => {
  const text = ' Two  spaces\nand 😀 a line ';
  const said = scriptRun([says(text)]).flatMap((each) => (each.type === 'message.delta' ? [each.data.content] : []));
  expect(said.length).toBeGreaterThan(4);
  expect(said.join('')).toBe(text);
  expect(scriptRun([says(''), says('  ')]).filter(({ type }) => type === 'message.delta')).toHaveLength(1);
  expect(scriptRun([says(text), completes()])).toEqual(scriptRun([says(text), completes()]));
  const other = scriptRun([completes()], { runId: runId.replace('1', '2'), startedAt: new Date(0), everyMs: 1_000 });
  expect(other[1]).toMatchObject({ run_id: runId.replace('1', '2'), created_at: '1970-01-01T00:00:01.000Z' });
});

test('a client follows a scripted run over an interrupted connection', async () => {
  const events = scriptRun([says('One two three'), completes()]);
  const asked: (string | null)[] = [];
  const states: string[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    asked.push(request.headers.get('last-event-id'));
    return eventsResponse(events, request, { everyMs: 1, ...(asked.length === 1 && { cutAfter: 2 }) });
  };
  const client = createClient({ baseUrl: 'http://localhost', fetch, retryDelayMs: 1 });
  const seen: RunEvent[] = [];
  for await (const each of client.runs.stream(runId, { onConnection: (state) => states.push(state) })) seen.push(each);
  expect(seen).toEqual(events);
  expect(asked).toEqual([null, '2']);
  expect(states).toEqual(['open', 'reconnecting', 'open']);
});

test('eventsResponse() encodes the events after after_seq or Last-Event-ID', async () => {
  const events = scriptRun([says('One two'), completes()]);
  const from = (url: string, headers = {}) => eventsResponse(events, new Request(`http://localhost${url}`, { headers })).text();
  expect(await eventsResponse(events).text()).toBe(events.map(encodeEvent).join(''));
  expect(await from('/?after_seq=3')).toBe(encodeEvent(events[3]!));
  expect(await from('/?after_seq=1', { 'last-event-id': '3' })).toBe(encodeEvent(events[3]!));
  expect(await from('/?after_seq=4')).toBe('');
});

test('a stream that starts after the final event is empty', async () => {
  const events = scriptRun([says('Done.'), completes()]);
  let requests = 0;
  const client = createClient({
    baseUrl: 'https://api.example.test',
    retryDelayMs: 0,
    fetch: async (input, init) => {
      requests++;
      return eventsResponse(events, new Request(input, init));
    },
  });
  const seen = [];
  for await (const each of client.runs.stream(runId, { afterSeq: events.length })) seen.push(each);
  expect(seen).toEqual([]);
  expect(requests).toBe(2);
});
