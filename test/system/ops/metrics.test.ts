import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { openDatabase } from '../../../server/database/database.ts';
import { sendMail } from '../../../server/jobs/sendMail.ts';
import { sendMailTask } from '../../../server/mail/mail.ts';
import { metricGroups } from '../../../server/metrics/metricsServer.ts';
import { seal } from '../../../server/platform/crypto/seal.ts';
import { metricsEvents } from '../../../server/platform/telemetry/metricsEvents.ts';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { chat } from '../../support/agent/vendor.ts';
import { startTestApp, testKeys } from '../../support/app/testApp.ts';
import { serveMetrics } from '../../support/checks/metrics.ts';
import { behindGatewayEnv, startTestGateway } from '../../support/gateway/testGateway.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { receiverOfTest, registerEndpoint } from '../../support/resources/receiver.ts';

const app = await startTestApp({ ...behindGatewayEnv, ARKLOOP_WEBHOOK_MAX_ATTEMPTS: '1' });
const idle = await startTestApp({}, { worker: false });

test('requests are counted by the template of their route, and unknown routes share one label', async () => {
  const { token } = await app.signUp();
  const counted = await serveMetrics(app.database);
  const thread = await openThread(app, { token } as never);
  await app.call('GET', `/v1/threads/${thread}`, { token });
  await app.call('GET', `/v1/threads/${crypto.randomUUID()}`, { token });
  await app.call('GET', '/healthz');
  await app.call('DELETE', '/v1/threads', { token });
  for (let n = 0; n < 5; n++) await app.call('GET', `/v1/made/up/${n}`);
  await app.call('PROPFIND', '/v1/threads', { token });
  const { sum, text } = await counted.scrape();
  const requests = (method: string, route: string, status: string) => sum('arkloop_http_requests_total', { method, route, status });
  expect(requests('GET', '/v1/threads/{thread_id}', '200')).toBe(1);
  expect(requests('GET', '/v1/threads/{thread_id}', '404')).toBe(1);
  expect(requests('POST', '/v1/threads', '201')).toBe(1);
  expect(requests('GET', '/healthz', '200')).toBe(1);
  expect(requests('GET', 'unknown', '404')).toBe(5);
  expect(sum('arkloop_http_requests_total', { method: 'DELETE', status: '405' })).toBe(1);
  expect(sum('arkloop_http_requests_total', { method: 'other', status: '405' })).toBe(1);
  expect(sum('arkloop_http_request_duration_seconds_count', { route: '/v1/threads/{thread_id}' })).toBe(2);
  expect(text).not.toContain('made/up');
  expect(text).not.toContain(thread);
});

test('a stream is counted while it is open, and as one request when it begins', async () => {
  const { call, gateway } = await startTestGateway(app);
  const talk = await openScriptedThread(app, { script: [{ steps: ['stall'] }] });
  const counted = await serveMetrics(app.database);
  const runId = await talk.start();
  const leave = new AbortController();
  const stream = await fetch(`${gateway.address}/v1/runs/${runId}/events`, {
    headers: { authorization: `Bearer ${talk.token}` },
    signal: leave.signal,
  });
  expect(stream.status).toBe(200);
  const open = async () => {
    const { sum } = await counted.scrape();
    return { api: sum('arkloop_streams_open', { part: 'api' }), gateway: sum('arkloop_streams_open', { part: 'gateway' }) };
  };
  expect(await open()).toEqual({ api: 1, gateway: 1 });
  const began = await counted.scrape();
  expect(began.sum('arkloop_http_requests_total', { route: '/v1/runs/{run_id}/events', status: '200' })).toBe(1);
  leave.abort();
  await eventually(async () => Object.values(await open()).every((count) => count === 0), 'the end of the stream');
  expect((await counted.scrape()).sum('arkloop_http_requests_total', { route: '/v1/runs/{run_id}/events' })).toBe(1);
  await call('POST', `/v1/runs/${runId}:cancel`, { token: talk.token });
});

test('runs, jobs, model calls, tokens and webhooks are counted by outcome', async () => {
  const person = await app.signUp();
  const receiver = await receiverOfTest();
  receiver.answers(200, 500);
  await registerEndpoint(app, person, receiver.url);
  const counted = await serveMetrics(app.database);
  const overloaded = chat.failure(503, { message: 'Later.' }, { 'retry-after': '0' });
  const script = [overloaded, chat.answer('Hi.'), chat.failure(400, { message: 'No.' })];
  const talk = await openScriptedThread(app, { person, script, model: { model: 'gpt-counted' } });
  await talk.run();
  await talk.run();
  const { sum } = await eventually(async () => {
    const seen = await counted.scrape();
    return seen.sum('arkloop_webhook_attempts_total') === 2 && seen.sum('arkloop_jobs_total', { task: 'run.execute' }) === 2 && seen;
  }, 'the webhooks of two runs');
  expect(sum('arkloop_runs_ended_total', { status: 'completed', error_class: '' })).toBe(1);
  expect(sum('arkloop_runs_ended_total', { status: 'failed', error_class: 'provider.non_retryable' })).toBe(1);
  expect(sum('arkloop_jobs_total', { task: 'run.execute', outcome: 'done' })).toBe(2);
  const calls = (outcome: string) => sum('arkloop_llm_calls_total', { provider: 'openai', outcome });
  expect([calls('answered'), calls('retryable'), calls('non_retryable'), calls('abandoned')]).toEqual([1, 1, 1, 0]);
  expect(sum('arkloop_llm_retries_total')).toBe(1);
  expect(sum('arkloop_llm_call_duration_seconds_count')).toBe(3);
  const tokens = (kind: string) => sum('arkloop_llm_tokens_total', { provider: 'openai', model: 'gpt-counted', kind });
  expect([tokens('input'), tokens('output'), tokens('cached')]).toEqual([11, 7, 3]);
  expect(sum('arkloop_webhook_attempts_total', { outcome: 'delivered' })).toBe(1);
  expect(sum('arkloop_webhook_attempts_total', { outcome: 'http_status' })).toBe(1);
});

test('counters with an alert on any event start at zero', async () => {
  const counted = await serveMetrics(idle.database);
  await startTestApp();
  const { samples } = await counted.scrape();
  const valuesOf = (name: string, label: string) =>
    samples.filter((sample) => sample.name === name && sample.value === 0).map(({ labels }) => labels[label]);
  expect(valuesOf('arkloop_runs_archived_total', 'outcome')).toContain('failed');
  expect(valuesOf('arkloop_mails_total', 'outcome')).toContain('unreadable');
  expect(valuesOf('arkloop_jobs_total', 'task')).toEqual(expect.arrayContaining(['run.execute', 'email.send', 'schedule.run']));
  expect(valuesOf('arkloop_gateway_access_log_lines_total', 'outcome')).toContain('dropped');
  expect(valuesOf('arkloop_gateway_upstream_failures_total', 'reason')).toContain('bad_gateway');
  expect(valuesOf('arkloop_notifications_total', 'outcome')).toContain('lost');
  expect(valuesOf('arkloop_unhandled_rejections_total', 'outcome')).toHaveLength(1);
});

test('mail is counted by outcome', async () => {
  const counted = await serveMetrics(app.database);
  const mailed = (until: Date, kind = 'test') => {
    const mail = JSON.stringify({ to: 'ann@example.test', locale: 'en', kind, data: {} });
    const sealed = seal(testKeys.encryptionKeys, Buffer.from(mail), sendMailTask).toString('base64');
    return { v: 1, trace_id: 'a'.repeat(32), until: until.toISOString(), sealed };
  };
  const soon = new Date(Date.now() + 600_000);
  const log = pino({ level: 'silent' });
  const failing = (error: object) => ({ send: () => Promise.reject(Object.assign(new Error('no'), error)) });
  const taken = { send: async () => undefined };
  await sendMail(taken, testKeys, mailed(soon), log);
  await sendMail(taken, testKeys, mailed(new Date(0)), log);
  await sendMail(taken, testKeys, mailed(soon, 'unheard of'), log);
  await sendMail(failing({ code: 'EENVELOPE', responseCode: 550 }), testKeys, mailed(soon), log);
  await expect(sendMail(failing({ code: 'ECONNECTION' }), testKeys, mailed(soon), log)).rejects.toThrow();
  const { sum } = await counted.scrape();
  const outcomes = ['sent', 'expired', 'unreadable', 'refused', 'retried'].map((outcome) => sum('arkloop_mails_total', { outcome }));
  expect(outcomes).toEqual([1, 1, 1, 1, 1]);
});

test('a run that is cancelled before it starts is counted by the process that cancels it', async () => {
  const person = await idle.signUp();
  const counted = await serveMetrics(idle.database);
  const runId = await startRun(idle, person, await openThread(idle, person));
  await idle.call('POST', `/v1/runs/${runId}:cancel`, { token: person.token });
  expect((await counted.scrape()).sum('arkloop_runs_ended_total', { status: 'cancelled' })).toBe(1);
});

test('waiting jobs are reported with the age of the oldest', async () => {
  const person = await idle.signUp();
  await startRun(idle, person, await openThread(idle, person));
  await idle.sql(`update graphile_worker._private_jobs set run_at = now() - interval '90 seconds' where key like 'run:%'`);
  const { sum } = await (await serveMetrics(idle.database, 'worker')).scrape();
  expect(sum('arkloop_database_reachable')).toBe(1);
  expect(sum('arkloop_queue_jobs', { task: 'run.execute', state: 'waiting' })).toBe(1);
  expect(sum('arkloop_queue_jobs', { task: 'run.execute', state: 'taken' })).toBe(0);
  expect(sum('arkloop_queue_oldest_job_seconds', { task: 'run.execute' })).toBeGreaterThan(89);
  expect(sum('arkloop_runs', { state: 'queued' })).toBe(1);
  expect(sum('arkloop_runs', { state: 'running' })).toBe(0);
});

test('consecutive scrapes query the database once', async () => {
  const counted = await serveMetrics(idle.database);
  const before = await counted.scrape();
  const person = await idle.signUp();
  await startRun(idle, person, await openThread(idle, person));
  const after = await counted.scrape();
  expect(after.sum('arkloop_runs', { state: 'queued' })).toBe(before.sum('arkloop_runs', { state: 'queued' }));
});

test('an unreachable database is reported with the rest of the metrics', async () => {
  const log = pino({ level: 'silent' });
  const away = openDatabase('postgres://nobody@127.0.0.1:1/nothing', { max: 1, log, applicationName: 'arkloop away' });
  onTestFinished(away.close);
  const { sum, samples } = await (await serveMetrics(away)).scrape();
  expect(sum('arkloop_database_reachable')).toBe(0);
  expect(samples.filter(({ name }) => /^arkloop_(queue|runs$)/.test(name))).toEqual([]);
  expect(sum('arkloop_database_connections_max', { pool: 'away' })).toBe(1);
  expect(sum('process_start_time_seconds')).toBeGreaterThan(0);
});

test('database connections are reported by state', async () => {
  const counted = await serveMetrics(idle.database);
  const client = await idle.database.pool.connect();
  const { sum } = await counted.scrape();
  client.release();
  expect(sum('arkloop_database_connections', { pool: 'test', state: 'used' })).toBeGreaterThanOrEqual(1);
  // A connection that is being opened also counts as awaited.
  await expect.poll(async () => (await counted.scrape()).sum('arkloop_database_connections_awaited', { pool: 'test' })).toBe(0);
});

test('the number of model labels is limited', async () => {
  const counted = await serveMetrics(idle.database);
  for (let n = 0; n < 300; n++)
    metricsEvents.modelCalled.emit({ provider: 'openai', model: `m${n}`, outcome: 'answered', seconds: 1, usage: { input_tokens: 1 } });
  const { samples, sum } = await counted.scrape();
  expect(samples.filter(({ name }) => name === 'arkloop_llm_tokens_total')).toHaveLength(101);
  expect(sum('arkloop_llm_tokens_total', { model: 'other' })).toBe(200);
});

test('closing the metrics removes all event listeners', async () => {
  const { shutDown } = await serveMetrics(idle.database);
  expect(metricsEvents.requestHandled.hasListeners).toBe(true);
  await shutDown();
  expect(Object.values(metricsEvents).filter(({ hasListeners }) => hasListeners)).toEqual([]);
});

const ownMetrics = async () => {
  const registry = new Registry();
  for (const end of metricGroups.all.flatMap((concern) => concern({ registers: [registry], database: idle.database }))) end();
  // The types of the library omit `labelNames`.
  return registry.getMetricsAsArray() as unknown as { name: string; help: string; type: string; labelNames: string[] }[];
};

test('metric names follow the conventions, and every metric has a help text', async () => {
  for (const { name, help, type } of await ownMetrics()) {
    expect(name).toMatch(/^arkloop_[a-z_]+$/);
    expect(help.length, name).toBeGreaterThan(20);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
  }
});

test('the operations guide lists every metric with its labels', async () => {
  const guide = readFileSync(new URL('../../../docs/guides/operations.md', import.meta.url), 'utf8');
  const rows = [...guide.matchAll(/^\| `(arkloop_[a-z_]+)` *\| (\w+) *\| ([\w, ]*?) *\|/gm)].map((row) => row.slice(1, 4).join(' | '));
  const own = (await ownMetrics()).map(({ name, type, labelNames }) => [name, type, labelNames.join(', ')].join(' | '));
  expect(rows.toSorted()).toEqual(own.toSorted());
});

test('every metric and label of the dashboard and of the alert rules is on the page', async () => {
  const registry = new Registry();
  for (const group of metricGroups.all) for (const end of group({ registers: [registry], database: app.database })) onTestFinished(end);
  collectDefaultMetrics({ register: registry });
  const monitoring = (name: string) => readFileSync(new URL(`../../../docs/deployment/monitoring/${name}`, import.meta.url), 'utf8');
  const rules = parse(monitoring('alerts.yaml')).groups.flatMap((group: any) => group.rules);
  const { panels, templating } = JSON.parse(monitoring('grafana-dashboard.json'));
  const shown = [
    ...panels.flatMap(({ targets }: any) => targets.map(({ expr }: any) => expr)),
    ...templating.list.map((each: any) => each.definition ?? ''),
  ];
  const expressions: string[] = [...rules.map(({ expr }: any) => expr), ...shown];
  const known = (name: string) => registry.getSingleMetric(name) ?? registry.getSingleMetric(name.replace(/_(bucket|sum|count)$/, ''));
  const wrong: string[] = [];
  let uses = 0;
  for (const expression of expressions)
    for (const [, name = '', selector = ''] of expression.matchAll(/\b((?:arkloop|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)) {
      uses++;
      const metric = known(name) as { labelNames?: string[] } | undefined;
      if (!metric) wrong.push(`${name} does not exist`);
      for (const [, label = ''] of selector.matchAll(/(\w+)\s*[=!]/g))
        if (label !== 'job' && !metric?.labelNames?.includes(label)) wrong.push(`${name} has no label ${label}`);
    }
  expect(wrong).toEqual([]);
  expect(uses).toBeGreaterThan(rules.length + panels.length);
  // An alert for each metric of the guide that has one in its table, but for the budget, which is that of the operator.
  const guide = readFileSync(new URL('../../../docs/guides/operations.md', import.meta.url), 'utf8');
  const advised = [...guide.matchAll(/^\| `(arkloop_\w+)` .*\| *([^|]*?) *\|$/gm)]
    .filter(([, , alert]) => alert !== '')
    .map(([, name, alert]) => ({ name: name!, alert: alert! }));
  const rulesOf = (name: string): { expr: string; for: string }[] => rules.filter(({ expr }: any) => expr.includes(name));
  expect(advised.map(({ name }) => name).filter((name) => rulesOf(name).length === 0)).toEqual(['arkloop_llm_tokens_total']);
  // The rules use the labels, values and times that the table names.
  const missing = advised
    .filter(({ name }) => rulesOf(name).length > 0)
    .flatMap(({ name, alert }) => {
      const words = [...alert.matchAll(/`([^`]+)`|above (\d+)( %)?/g)].map(
        ([, label, limit, percent]) => label ?? `> ${percent ? Number(limit) / 100 : limit}`,
      );
      const times = [...alert.matchAll(/for (\w+) (minute|hour)/g)].map(
        ([, count, unit]) => `${/^an?$/.test(count!) ? 1 : count}${unit![0]}`,
      );
      const expressions = rulesOf(name).map(({ expr }) => expr);
      return [
        ...words.filter((word) => !expressions.some((expr) => expr.includes(word))),
        ...times.filter((time) => !rulesOf(name).some((rule) => rule.for === time)),
      ].map((each) => `${name}: ${each}`);
    });
  expect(missing).toEqual([]);
});
