import { expect, test } from 'vitest';
import { startProcess } from '../support/app/process.ts';
import { freshDatabase, startTestApp } from '../support/app/testApp.ts';
import { scrape, serveMetrics } from '../support/checks/metrics.ts';
import { behindGatewayEnv, startTestGateway } from '../support/gateway/testGateway.ts';
import { startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';
import { eventually } from '../support/resources/conversation.ts';

const app = await startTestApp(behindGatewayEnv, { worker: false });

test('counts responses, errors of the gateway, upstream failures, and lines of the access log', async () => {
  const limited = { ARKLOOP_RATELIMIT_CAPACITY: '2', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '1' };
  const { call } = await startTestGateway(app, limited);
  const lost = await startTestGateway({ url: 'http://127.0.0.1:1', databaseUrl: app.databaseUrl }, {}, { alone: true });
  const counted = await serveMetrics(app.database);
  for (let n = 0; n < 3; n++) await call('GET', '/v1/me');
  await call('GET', '/healthz');
  await lost.call('GET', '/v1/me');
  await lost.call('GET', '/elsewhere');
  const { sum } = await eventually(async () => {
    const seen = await counted.scrape();
    return seen.sum('arkloop_gateway_access_log_lines_total', { outcome: 'written' }) === 5 && seen;
  }, 'five lines of the log');
  const answers = (status: string) => sum('arkloop_gateway_requests_total', { method: 'GET', status });
  expect([answers('200'), answers('401'), answers('429'), answers('502'), answers('404')]).toEqual([0, 2, 1, 1, 1]);
  const refusals = (reason: string) => sum('arkloop_gateway_refusals_total', { reason });
  expect([refusals('request_rate'), refusals('bad_gateway'), refusals('not_found')]).toEqual([1, 1, 1]);
  expect(sum('arkloop_gateway_upstream_failures_total', { reason: 'bad_gateway' })).toBe(1);
  expect(sum('arkloop_gateway_request_duration_seconds_count')).toBe(5);
});

test('a response that breaks off counts as an upstream failure', async () => {
  const { url } = await startUpstream((_, res) => {
    res.writeHead(200, { 'content-length': '100' }).write('half');
    setTimeout(() => res.destroy(), 50);
  });
  const gateway = await startGatewayTo(url);
  const counted = await serveMetrics(app.database);
  await expect(fetch(`${gateway.address}/v1/x`).then((answer) => answer.text())).rejects.toThrow();
  expect((await counted.scrape()).sum('arkloop_gateway_upstream_failures_total', { reason: 'broken_off' })).toBe(1);
});

test('a gateway process serves its metrics and prints their address', async () => {
  const { output } = await startProcess('gateway', {
    ARKLOOP_METRICS_ADDR: '127.0.0.1:0',
    ARKLOOP_DATABASE_URL: await freshDatabase(),
    ARKLOOP_GATEWAY_UPSTREAM: 'http://127.0.0.1:1',
  });
  const [, address = ''] = /Metrics: +(\S+)/.exec(output()) ?? [];
  const [, url] = /Gateway: +(\S+)/.exec(output()) ?? [];
  await fetch(`${url}/v1/me`);
  const { sum, samples } = await scrape(address);
  expect(sum('arkloop_gateway_requests_total', { status: '502' })).toBe(1);
  expect(sum('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
  expect(samples.filter(({ name }) => name.startsWith('arkloop_http_'))).toEqual([]);
  expect((await fetch(new URL('/', address))).status).toBe(404);
});
