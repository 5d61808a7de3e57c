import { expect, test } from 'vitest';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { addToolServer, callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { startProcess } from '../../support/app/process.ts';
import { callTo, freshDatabase, startTestApp } from '../../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway } from '../../support/gateway/testGateway.ts';
import { echo, startGatewayTo, startUpstream } from '../../support/gateway/upstream.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { receiverOfTest, registerEndpoint } from '../../support/resources/receiver.ts';

const app = await startTestApp(behindGatewayEnv);
const trusting = { ARKLOOP_GATEWAY_TRUST_INCOMING_TRACE_ID: '1' };

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const sent = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, tracestate: 'vendor=1' };

/** Parses a traceparent header. Throws if it is invalid. */
function spanIn(header: unknown) {
  const [, trace, span, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/.exec(`${header}`) ?? [];
  if (span === undefined) throw new Error(`this is no traceparent: ${header}`);
  return { trace, span, flags };
}

test('one trace covers gateway, API, job, worker, models, tool servers and webhooks, with a span for each request', async () => {
  const { call } = await startTestGateway(app, trusting);
  const person = await app.signUp();
  const receiver = await receiverOfTest();
  await registerEndpoint(app, person, receiver.url);
  const tools = await addToolServer(app, person);
  const busy = chat.failure(503, { message: 'Later.' }, { 'retry-after': '0' });
  const talk = await openScriptedThread(app, { person, script: [busy, callsTools(['mcp__tools__count']), chat.answer('Done.')] });
  const answer = await call('POST', `/v1/threads/${talk.threadId}/runs`, { token: person.token, headers: sent, body: {} });
  expect(answer).toMatchObject({ status: 201, body: { trace_id: traceId } });
  expect(answer.headers.get('x-trace-id')).toBe(traceId);
  await talk.follow(answer.body.run_id).then(({ ended }) => ended);
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
  const [job] = await app.sql(`select trace_id from runs where id = $1`, [answer.body.run_id]);
  expect(job).toEqual({ trace_id: traceId });
});

test('a run started without a trace has its own trace', async () => {
  const talk = await openScriptedThread(app, { script: [chat.answer('Hi.')] });
  const { runId } = await talk.run();
  const [{ trace_id }] = await app.sql('select trace_id from runs where id = $1', [runId]);
  expect(spanIn(talk.vendor.requests[0]!.headers.traceparent)).toMatchObject({ trace: trace_id, flags: '00' });
  expect(talk.vendor.requests[0]!.headers.tracestate).toBeUndefined();
});

test('the gateway sends its own span upstream, and ignores untrusted and invalid trace headers', async () => {
  const { url } = await startUpstream(echo);
  const [trusts, doubts] = [await startGatewayTo(url, trusting), await startGatewayTo(url)];
  const passed = async (gateway: { address: string }, headers: Record<string, string>) => {
    const answer = await callTo(gateway.address)('GET', '/v1/x', { headers });
    const { traceparent, tracestate, 'x-trace-id': id } = answer.body.headers;
    expect(answer.headers.get('x-trace-id')).toBe(id);
    return { id, traceparent, tracestate };
  };
  const [first, second] = [await passed(trusts, sent), await passed(trusts, sent)];
  expect(first).toMatchObject({ id: traceId, tracestate: 'vendor=1' });
  expect(spanIn(first.traceparent)).toMatchObject({ trace: traceId, flags: '01' });
  const spans = [sent, first, second].map(({ traceparent }) => spanIn(traceparent).span);
  expect(new Set(spans).size).toBe(3);
  // Callers decide whether their traces are recorded. Nobody has decided about a new one.
  const unsampled = await passed(trusts, { traceparent: sent.traceparent.replace(/01$/, '00') });
  expect(spanIn(unsampled.traceparent)).toMatchObject({ trace: traceId, flags: '00' });
  expect(await passed(trusts, { 'x-trace-id': traceId })).toEqual({ id: traceId, traceparent: undefined, tracestate: undefined });
  for (const [gateway, headers] of [
    [doubts, sent],
    [doubts, { ...sent, 'x-trace-id': traceId }],
    [trusts, { ...sent, traceparent: `ff${sent.traceparent.slice(2)}` }],
    [trusts, { ...sent, traceparent: sent.traceparent.toUpperCase() }],
    [trusts, { tracestate: 'vendor=1' }],
  ] as const) {
    const fresh = await passed(gateway, headers);
    expect(fresh).toEqual({ id: expect.stringMatching(/^(?!0{32})[0-9a-f]{32}$/), traceparent: undefined, tracestate: undefined });
    expect(fresh.id).not.toBe(traceId);
  }
});

test('an API accepts a traceparent only if it trusts incoming trace ids', async () => {
  const strict = await startTestApp({ ...behindGatewayEnv, ARKLOOP_TRUST_INCOMING_TRACE_ID: '0' }, { worker: false });
  const { headers } = await strict.call('GET', '/healthz', { headers: sent });
  expect(headers.get('x-trace-id')).not.toBe(traceId);
  const believed = await app.call('GET', '/healthz', { headers: sent });
  expect(believed.headers.get('x-trace-id')).toBe(traceId);
  for (const traceparent of [`ff-${traceId}-00f067aa0ba902b7-01`, `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, 'x'.repeat(5_000)]) {
    const answer = await app.call('GET', '/healthz', { headers: { traceparent } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-trace-id')).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(answer.headers.get('x-trace-id')).not.toBe(traceId);
  }
});

test('log lines of a request have its trace and span ids', async () => {
  const { url, output } = await startProcess('api', {
    ...behindGatewayEnv,
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
