import { expect, test } from 'vitest';
import { echo, gatewayTo, upstreamOf } from '../gateway/upstream.ts';
import { behindGateway, gatewayOf } from '../gateway/world.ts';
import { openTalk } from '../setup/agent.ts';
import { eventually } from '../setup/conversation.ts';
import { startProcess } from '../setup/process.ts';
import { receiverOfTest, register } from '../setup/receiver.ts';
import { addTools, asks } from '../setup/tools.ts';
import { chat } from '../setup/vendor.ts';
import { callTo, freshDatabase, startWorld } from '../setup/world.ts';

const world = await startWorld(behindGateway);
const trusting = { ARKLOOP_GATEWAY_TRUST_INCOMING_TRACE_ID: '1' };

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const sent = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, tracestate: 'vendor=1' };

/** The parts of a header that must be one. */
function spanIn(header: unknown) {
  const [, trace, span, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/.exec(`${header}`) ?? [];
  if (span === undefined) throw new Error(`this is no traceparent: ${header}`);
  return { trace, span, flags };
}

test('one trace leads from the gateway through API, job and worker to models, tool servers and webhooks, with a span for each request', async () => {
  const { call } = await gatewayOf(world, trusting);
  const person = await world.signUp();
  const receiver = await receiverOfTest();
  await register(world, person, receiver.url);
  const tools = await addTools(world, person);
  const busy = chat.failure(503, { message: 'Later.' }, { 'retry-after': '0' });
  const talk = await openTalk(world, { person, script: [busy, asks(['mcp__tools__count']), chat.answer('Done.')] });
  const answer = await call('POST', `/v1/threads/${talk.threadId}/runs`, { token: person.token, headers: sent, body: {} });
  expect(answer).toMatchObject({ status: 201, body: { trace_id: traceId } });
  expect(answer.headers.get('x-trace-id')).toBe(traceId);
  await (await talk.follow(answer.body.run_id)).ended;
  await eventually(async () => receiver.received.length === 1, 'the webhook');

  const called = tools.requests.filter(({ body }) => body?.method === 'tools/call');
  expect([talk.vendor.requests.length, called.length]).toEqual([3, 1]);
  const inside = [...talk.vendor.requests, ...called].map(({ headers }) => headers);
  for (const headers of inside) {
    expect(spanIn(headers.traceparent)).toMatchObject({ trace: traceId, flags: '01' });
    expect(headers.tracestate).toBe('vendor=1');
  }
  const hook = receiver.received[0]!.headers;
  expect(spanIn(hook.traceparent)).toMatchObject({ trace: traceId });
  const spans = [...inside, hook].map(({ traceparent }) => spanIn(traceparent).span);
  expect(new Set(spans).size).toBe(spans.length);
  const [job] = await world.sql(`select trace_id from runs where id = $1`, [answer.body.run_id]);
  expect(job).toEqual({ trace_id: traceId });
});

test('a run that nobody traced has a trace of its own all the same', async () => {
  const talk = await openTalk(world, { script: [chat.answer('Hi.')] });
  const { runId } = await talk.run();
  const [{ trace_id }] = await world.sql('select trace_id from runs where id = $1', [runId]);
  expect(spanIn(talk.vendor.requests[0]!.headers.traceparent)).toMatchObject({ trace: trace_id, flags: '00' });
  expect(talk.vendor.requests[0]!.headers.tracestate).toBeUndefined();
});

test('the gateway passes on a span of its own, and nobody forges a trace', async () => {
  const { url } = await upstreamOf(echo);
  const [trusts, doubts] = [await gatewayTo(url, trusting), await gatewayTo(url)];
  const passed = async (gateway: { address: string }, headers: Record<string, string>) => {
    const answer = await callTo(gateway.address)('GET', '/v1/x', { headers });
    const { traceparent, tracestate, 'x-trace-id': id } = answer.body.headers;
    expect([spanIn(traceparent).trace, answer.headers.get('x-trace-id')]).toEqual([id, id]);
    return { ...spanIn(traceparent), tracestate };
  };
  const first = await passed(trusts, sent);
  expect(first).toMatchObject({ trace: traceId, flags: '01', tracestate: 'vendor=1' });
  expect(first.span).not.toBe('00f067aa0ba902b7');
  expect((await passed(trusts, sent)).span).not.toBe(first.span);
  for (const [gateway, headers] of [
    [doubts, sent],
    [doubts, { ...sent, 'x-trace-id': traceId }],
    [trusts, { ...sent, traceparent: `ff${sent.traceparent.slice(2)}` }],
    [trusts, { ...sent, traceparent: sent.traceparent.toUpperCase() }],
    [trusts, { tracestate: 'vendor=1' }],
  ] as const) {
    const fresh = await passed(gateway, headers);
    expect(fresh).toMatchObject({ flags: '00', tracestate: undefined });
    expect(fresh.trace).not.toBe(traceId);
  }
});

test('an API believes a traceparent only where it believes a trace id', async () => {
  const strict = await startWorld({ ...behindGateway, ARKLOOP_TRUST_INCOMING_TRACE_ID: '0' }, { worker: false });
  const { headers } = await strict.call('GET', '/healthz', { headers: sent });
  expect(headers.get('x-trace-id')).not.toBe(traceId);
  const believed = await world.call('GET', '/healthz', { headers: sent });
  expect(believed.headers.get('x-trace-id')).toBe(traceId);
  for (const traceparent of [`ff-${traceId}-00f067aa0ba902b7-01`, `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, 'x'.repeat(5_000)]) {
    const answer = await world.call('GET', '/healthz', { headers: { traceparent } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-trace-id')).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(answer.headers.get('x-trace-id')).not.toBe(traceId);
  }
});

test('lines of the log about a request carry its trace and its span', async () => {
  const { url, output } = await startProcess('api', {
    ...behindGateway,
    ARKLOOP_DATABASE_URL: await freshDatabase(),
    ARKLOOP_AUTH_JWT_SECRET: 'a secret for traces '.repeat(2),
    ARKLOOP_ENCRYPTION_KEY: '0f'.repeat(32),
    ARKLOOP_LOG_MODE: 'json',
  });
  const call = callTo(url);
  const body = { login: 'ann', email: 'ann@example.test', password: 'Passw0rd-1' };
  const { access_token: token } = (await call('POST', '/v1/auth/register', { body })).body;
  const foreign = { 'x-account-id': crypto.randomUUID() };
  const { status } = await call('GET', '/v1/threads', { token, headers: { ...sent, ...foreign } });
  expect(status).toBe(404);
  const line = await eventually(
    async () =>
      output()
        .split('\n')
        .find((each) => each.includes('a foreign account was named')),
    'the line',
  );
  expect(JSON.parse(line)).toMatchObject({ trace_id: traceId, span_id: expect.stringMatching(/^[0-9a-f]{16}$/) });
});
