import { once } from 'node:events';
import { request } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openMetrics } from '../../../server/metrics/metricsServer.ts';
import { openLog } from '../../../server/platform/telemetry/log.ts';
import { openTelemetry } from '../../../server/processes/telemetry.ts';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { addToolServer, callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { onFileFinished } from '../../support/app/fileCleanup.ts';
import { startProcess } from '../../support/app/process.ts';
import { callTo, freshDatabase, startTestApp } from '../../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway } from '../../support/gateway/testGateway.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { receiverOfTest, registerEndpoint } from '../../support/resources/receiver.ts';
import { openCollector } from '../../support/telemetry/collector.ts';
import type { Item } from '../../support/telemetry/otlp.ts';

async function startCollector(...answer: Parameters<typeof openCollector>) {
  const collector = await openCollector(...answer);
  onFileFinished(collector.close);
  return collector;
}

const app = await startTestApp(behindGatewayEnv);
const trusting = { ARKLOOP_GATEWAY_TRUST_INCOMING_TRACE_ID: '1' };
const callerId = '00f067aa0ba902b7';
const newTrace = () => crypto.randomUUID().replaceAll('-', '');
const sampledBy = (traceId: string, flags = '01') => ({ traceparent: `00-${traceId}-${callerId}-${flags}`, tracestate: 'vendor=1' });

/** Exports the telemetry of this process until the test ends. The exporters read the environment themselves. */
async function exportTo(url: string, env: Record<string, string> = {}) {
  const all = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer collector-secret', ...env };
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
  const { telemetry, warnings } = await openTelemetry(process.env, 'all');
  expect(warnings).toEqual([]);
  onTestFinished(async () => {
    await telemetry?.shutDown();
    vi.unstubAllEnvs();
  });
  return telemetry!;
}

const byName = (spans: Item[], name: string): Item => {
  const found = spans.filter((span) => span.name === name);
  if (found.length !== 1) throw new Error(`${found.length} spans are named ${name}: ${spans.map((span) => span.name).join(', ')}`);
  return found[0]!;
};

const kinds = { internal: 1, server: 2, client: 3, consumer: 5 };

test('a trace has a span for the gateway, the request, the job, the agent, each model call, tool and webhook', async () => {
  const collector = await startCollector();
  const telemetry = await exportTo(collector.url);
  const { call } = await startTestGateway(app, trusting);
  const person = await app.signUp();
  const receiver = await receiverOfTest();
  const url = `${receiver.url}/path-secret?key=query-secret`;
  await registerEndpoint(app, person, url);
  const tools = await addToolServer(app, person);
  const busy = chat.failure(503, { message: 'vendor-message' }, { 'retry-after': '0' });
  const script = [busy, callsTools(['mcp__tools__count', { word: 'argument-text' }], ['mcp__tools__fail']), chat.answer('answer-text')];
  const talk = await openScriptedThread(app, { person, script });
  const traceId = newTrace();
  const { token } = person;
  const started = await call('POST', `/v1/threads/${talk.threadId}/runs`, { token, headers: sampledBy(traceId), body: {} });
  expect(started).toMatchObject({ status: 201, body: { trace_id: traceId } });
  expect(started.headers.get('x-trace-id')).toBe(traceId);
  await talk.follow(started.body.run_id).then(({ ended }) => ended);
  await eventually(async () => receiver.received.length === 1, 'the webhook');
  await call('GET', '/v1/threads/not-a-uuid?secret=query-secret', { token, headers: sampledBy(traceId) });
  await app.call('GET', '/healthz', { headers: sampledBy(traceId) });
  await telemetry.shutDown();

  const spans = collector.spans().filter((span) => span.traceId === traceId);
  const gateway = spans.find((span) => span.name === 'POST')!;
  const request = byName(spans, 'POST /v1/threads/{thread_id}/runs');
  const job = byName(spans, 'process run.execute');
  const agent = spans.find((span) => span.name.startsWith('invoke_agent '))!;
  const calls = spans.filter((span) => span.name.startsWith('chat '));
  const counted = byName(spans, 'execute_tool mcp__tools__count');
  const failed = byName(spans, 'execute_tool mcp__tools__fail');
  const hook = byName(spans, 'POST webhook');

  // Each is the child of the one before it.
  expect(gateway).toMatchObject({ parentSpanId: callerId, kind: kinds.server, traceState: 'vendor=1' });
  expect(request).toMatchObject({ parentSpanId: gateway.spanId, kind: kinds.server, attributes: { 'http.response.status_code': 201 } });
  expect(job).toMatchObject({
    parentSpanId: request.spanId,
    kind: kinds.consumer,
    attributes: { 'messaging.destination.name': 'run.execute', 'arkloop.run.id': started.body.run_id },
  });
  expect(agent).toMatchObject({
    parentSpanId: job.spanId,
    kind: kinds.internal,
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.conversation.id': talk.threadId,
      'gen_ai.usage.output_tokens': expect.any(Number),
    },
  });
  for (const each of [...calls, counted, failed]) expect(each.parentSpanId).toBe(agent.spanId);

  const model = calls[0]!.attributes['gen_ai.request.model'];
  expect(
    calls.map(({ attributes, status }) => [attributes['gen_ai.response.finish_reasons'], attributes['error.type'], status?.code]),
  ).toEqual([
    [undefined, '503', 2],
    [['tool_calls'], undefined, 0],
    [['stop'], undefined, 0],
  ]);
  expect(calls[1]).toMatchObject({
    name: `chat ${model}`,
    kind: kinds.client,
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 20,
    },
  });
  expect(counted).toMatchObject({ attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'mcp__tools__count' } });
  expect(failed.status).toMatchObject({ code: 2 });
  expect(failed.attributes['error.type']).toMatch(/^(tool|mcp)\./);
  expect(hook).toMatchObject({
    kind: kinds.client,
    attributes: { 'http.response.status_code': 200, 'server.address': '127.0.0.1', 'arkloop.webhook.event_type': 'run.completed' },
  });
  expect(spans.filter((span) => span.attributes['http.response.status_code'] === 400)).toMatchObject([
    { status: { code: 0 } },
    { status: { code: 0 } },
  ]);

  // The receivers continue the spans that are exported.
  const parents = [...talk.vendor.requests, receiver.received[0]!].map(({ headers }) => `${headers.traceparent}`.split('-')[2]);
  expect(parents).toEqual([...calls.map((span) => span.spanId), hook.spanId]);
  const toolParents = tools.requests
    .filter(({ body }) => body?.method === 'tools/call')
    .map(({ headers }) => `${headers.traceparent}`.split('-')[2]);
  expect(toolParents).toEqual([counted.spanId, failed.spanId]);

  // Nothing that is secret or belongs to users, and no probes.
  const exported = Buffer.concat(collector.received.map(({ body }) => body)).toString('latin1');
  for (const secret of [
    'query-secret',
    'path-secret',
    'argument-text',
    'answer-text',
    'vendor-message',
    'counted',
    'The tool says no',
    token,
    'healthz',
  ])
    expect(exported).not.toContain(secret);
  expect(exported).not.toContain('collector-secret');
  expect(collector.received.every(({ headers }) => headers.authorization === 'Bearer collector-secret')).toBe(true);
  expect(new Set(spans.map((span) => span.spanId)).size).toBe(spans.length);
  for (const span of spans) {
    expect(span.end).toBeGreaterThanOrEqual(span.start);
    expect(span.resource).toMatchObject({
      'service.name': 'arkloop',
      'service.version': expect.stringMatching(/^\d/),
      'host.name': expect.any(String),
    });
  }
});

test('the sampler decides about new traces, and callers about theirs', async () => {
  const collector = await startCollector();
  const telemetry = await exportTo(collector.url, { OTEL_TRACES_SAMPLER: 'parentbased_always_off', OTEL_SERVICE_NAME: 'mine' });
  const [wanted, unwanted, named] = [newTrace(), newTrace(), newTrace()];
  const paths = [sampledBy(wanted), sampledBy(unwanted, '00'), { 'x-trace-id': named }, {}];
  const ids: unknown[] = [];
  for (const headers of paths) ids.push((await app.call('GET', '/v1/me', { headers })).headers.get('x-trace-id'));
  expect(ids).toEqual([wanted, unwanted, named, expect.stringMatching(/^[0-9a-f]{32}$/)]);
  await telemetry.shutDown();
  expect(collector.spans().map((span) => [span.traceId, span.resource['service.name']])).toEqual([[wanted, 'mine']]);
});

test('a new trace has the id that the response names', async () => {
  const collector = await startCollector();
  const telemetry = await exportTo(collector.url);
  const named = newTrace();
  const first = await app.call('GET', '/v1/me', { headers: { 'x-trace-id': named } });
  const second = await app.call('GET', '/v1/me');
  await telemetry.shutDown();
  const ids = [first, second].map(({ headers }) => headers.get('x-trace-id'));
  expect(ids[0]).toBe(named);
  expect(collector.spans().map((span) => [span.traceId, span.name, span.parentSpanId])).toEqual(
    ids.map((traceId) => [traceId, 'GET /v1/me', undefined]),
  );
});

test('a gateway without a collector leaves the decision about a new trace to the API', async () => {
  const gateway = await startProcess('gateway', { ARKLOOP_GATEWAY_UPSTREAM: app.url });
  const collector = await startCollector();
  const telemetry = await exportTo(collector.url);
  const { headers } = await callTo(gateway.url)('GET', '/v1/me');
  await telemetry.shutDown();
  expect(collector.spans().map((span) => [span.traceId, span.name, span.parentSpanId])).toEqual([
    [headers.get('x-trace-id'), 'GET /v1/me', undefined],
  ]);
});

test('lines of the log are exported without their secrets, with the ids of their spans', async () => {
  const collector = await startCollector();
  const telemetry = await exportTo(collector.url);
  const lines: string[] = [];
  const log = openLog({ logLevel: 'info', logMode: 'json' }, undefined, (line) => {
    lines.push(line);
    telemetry.writeLog!(line);
  });
  const ids = { trace_id: newTrace(), span_id: callerId };
  log.debug('too fine');
  log.warn({ ...ids, password: 'password-secret', headers: { authorization: 'header-secret' }, count: 3 }, 'something happened');
  log.error({ err: new TypeError('broken') }, 'something failed');
  await telemetry.shutDown();
  expect(lines).toHaveLength(2);
  const [warning, error] = collector.logs();
  expect(warning).toMatchObject({
    body: { string: 'something happened' },
    severity: 13,
    severityText: 'WARN',
    traceId: ids.trace_id,
    spanId: callerId,
  });
  expect(warning!.attributes).toMatchObject({ count: 3, password: '******', headers: { authorization: '******' } });
  expect(error!.attributes).toMatchObject({ 'exception.type': 'TypeError', 'exception.message': 'broken' });
  expect(Buffer.concat(collector.received.map(({ body }) => body)).toString('latin1')).not.toMatch(/password-secret|header-secret/);
});

test('metrics are those of the Prometheus page, with the values that it shows', async () => {
  const collector = await startCollector();
  const telemetry = await exportTo(collector.url);
  const { registry, end } = openMetrics({ role: 'all', database: app.database });
  onTestFinished(end);
  const stop = await telemetry.exportMetrics(registry);
  const talk = await openScriptedThread(app, { script: [chat.answer('Hi.')] });
  await talk.run();
  const shown = await registry.getMetricsAsJSON();
  await stop();
  const metrics = collector.metrics();
  const names = new Set(metrics.map(({ name }) => name));
  expect(shown.map(({ name }) => name).filter((name) => !names.has(name))).toEqual([]);
  const metricOf = (name: string) => metrics.find((metric) => metric.name === name)!;
  expect(metricOf('arkloop_llm_calls_total').sum).toMatchObject({ isMonotonic: true, temporality: 2 });
  const calls = metricOf('arkloop_llm_calls_total').sum.points;
  expect(calls).toMatchObject([{ double: 1, attributes: { provider: 'openai', outcome: 'answered' } }]);
  const [duration] = metricOf('arkloop_llm_call_duration_seconds').histogram.points;
  expect(duration.count).toBe(1);
  expect(duration.counts).toHaveLength(duration.bounds.length + 1);
  expect(duration.counts.reduce((sum: number, count: number) => sum + count)).toBe(1);
  expect(metricOf('gen_ai.client.operation.duration')).toMatchObject({ unit: 's' });
  expect(
    metricOf('gen_ai.client.token.usage')
      .histogram.points.map(({ attributes }: Item) => attributes['gen_ai.token.type'])
      .toSorted(),
  ).toEqual(['input', 'output']);
  expect(metricOf('http.server.request.duration').histogram.points.length).toBeGreaterThan(0);
});

/** Prints the modules of OpenTelemetry that a process loads. */
const printsModules = `--import=data:text/javascript,${encodeURIComponent(
  `import { registerHooks } from 'node:module'; registerHooks({ load(url, context, next) { if (url.includes('/@opentelemetry/')) process.stderr.write('LOADED ' + url + '\\n'); return next(url, context); } });`,
)}`;

test('a process loads nothing of OpenTelemetry if it is off, and exports all signals of itself and its API processes if it is on', async () => {
  const shared = {
    NODE_OPTIONS: printsModules,
    ARKLOOP_METRICS_ADDR: '127.0.0.1:0',
    ARKLOOP_LOG_LEVEL: 'info',
    OTEL_METRIC_EXPORT_INTERVAL: '300',
  };
  const off = await startProcess('all', {
    NODE_OPTIONS: printsModules,
    ARKLOOP_DATABASE_URL: await freshDatabase(),
    OTEL_SDK_DISABLED: 'true',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
  });
  expect((await callTo(off.url)('GET', '/v1/me')).status).toBe(401);
  expect(off.output()).not.toContain('LOADED');

  const collector = await startCollector();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  };
  const on = await startProcess('api', { ...shared, ...env, ARKLOOP_DATABASE_URL: await freshDatabase(), ARKLOOP_API_PROCESSES: '2' });
  expect(on.output()).toContain('LOADED');
  expect((await callTo(on.url)('GET', '/v1/me')).status).toBe(401);
  const processes = (items: Item[]) => new Set(items.map(({ resource }) => resource['arkloop.process']));
  await eventually(async () => processes(collector.metrics()).size === 3, 'metrics of three processes');
  // The last export has also what is counted after the signal.
  const headers = { 'content-type': 'application/json', expect: '100-continue' };
  const late = request(`${on.url}/v1/auth/login`, { method: 'POST', headers });
  const answered = once(late, 'response');
  late.flushHeaders();
  await once(late, 'continue');
  on.kill('SIGTERM');
  // A connection that arrives at this moment may be neither taken nor closed.
  const isServed = () =>
    fetch(`${on.url}/healthz`, { signal: AbortSignal.timeout(500) }).then(
      () => true,
      () => false,
    );
  await eventually(async () => !(await isServed()), 'the end of the server');
  late.end('{}');
  const [response] = await answered;
  response.resume();
  expect(await on.exited).toEqual({ code: 0, signal: null });
  const counted = collector.metrics().filter(({ name }) => name === 'arkloop_http_requests_total');
  expect(counted.flatMap(({ sum }) => (sum.points ?? []).map(({ attributes }: Item) => attributes.route))).toContain('/v1/auth/login');
  const spans = collector.spans().toSorted((left, right) => Number(left.start) - Number(right.start));
  expect(spans).toMatchObject([
    { name: 'GET /v1/me', resource: { 'service.name': 'arkloop-api', 'deployment.environment.name': 'test' } },
    { name: 'POST /v1/auth/login' },
  ]);
  expect(collector.received.every(({ headers }) => headers['content-encoding'] === 'gzip')).toBe(true);
});

test('a collector that hangs, fails or is gone delays no request, and the end of a process only shortly', async () => {
  const hanging = await startCollector(() => undefined);
  const failing = await startCollector((_req, res) => res.writeHead(500).end('collector-answer'));
  const gone = await startCollector();
  await gone.close();
  for (const { url } of [hanging, failing, gone]) {
    const limits = {
      OTEL_BSP_MAX_QUEUE_SIZE: '4',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2',
      OTEL_BSP_SCHEDULE_DELAY: '1',
      OTEL_BLRP_SCHEDULE_DELAY: '1',
    };
    const server = await startProcess('api', {
      ...limits,
      ARKLOOP_DATABASE_URL: await freshDatabase(),
      ARKLOOP_LOG_MODE: 'json',
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
    });
    const call = callTo(server.url);
    for (let n = 0; n < 50; n++) expect((await call('GET', '/v1/me')).status).toBe(401);
    if (url !== hanging.url) await eventually(async () => server.output().includes('telemetry was not exported'), 'the warning');
    const stopped = performance.now();
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - stopped).toTakeLessThan(10_000);
    // Every export fails, and one line in a minute says so.
    expect(server.output().split('telemetry was not exported').length - 1).toBeLessThanOrEqual(1);
    expect(server.output()).not.toContain('collector-answer');
  }
});
