import { Counter, Gauge, Histogram } from 'prom-client';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { methodLabel, shortDurationBuckets, startAtZero } from './labels.ts';
import type { MetricGroup } from './metricGroup.ts';

/** Requests, rejections and upstream failures of the gateway, and its access log. */
export const gatewayMetrics: MetricGroup = ({ registers }) => {
  const requests = new Counter({
    name: 'arkloop_gateway_requests_total',
    help: 'Answers of the gateway without those to probes; status 499 is a caller who left before the answer.',
    labelNames: ['method', 'status'],
    registers,
  });
  const times = new Histogram({
    name: 'arkloop_gateway_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its answer, also of a stream.',
    buckets: shortDurationBuckets,
    registers,
  });
  const refusals = new Counter({
    name: 'arkloop_gateway_refusals_total',
    help: 'Requests that the gateway refused itself, by reason: request_rate, ip_blocked, risk_rejected, or the name of the failure.',
    labelNames: ['reason'],
    registers,
  });
  const failures = new Counter({
    name: 'arkloop_gateway_upstream_failures_total',
    help: 'Requests that the server behind the gateway did not answer, by reason: bad_gateway, gateway_timeout, or broken_off after the headers.',
    labelNames: ['reason'],
    registers,
  });
  startAtZero(failures, 'reason', ['bad_gateway', 'gateway_timeout', 'broken_off']);
  const lines = new Counter({
    name: 'arkloop_gateway_access_log_lines_total',
    help: 'Lines of the access log, by outcome: written, or dropped because too many waited for the database.',
    labelNames: ['outcome'],
    registers,
  });
  startAtZero(lines, 'outcome', ['written', 'dropped']);
  const healthy = new Gauge({
    name: 'arkloop_gateway_upstream_healthy',
    help: 'Whether an upstream of several is used (1) or ejected (0).',
    labelNames: ['upstream'],
    registers,
  });
  const ejections = new Counter({
    name: 'arkloop_gateway_upstream_ejections_total',
    help: 'Ejections of upstreams, by reason: connect (no connection could be opened), or check (it was not ready).',
    labelNames: ['reason'],
    registers,
  });
  startAtZero(ejections, 'reason', ['connect', 'check']);
  const expiry = new Gauge({
    name: 'arkloop_gateway_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the gateway expires; 0 without one.',
    registers,
  });
  return [
    metricsEvents.upstreamStateChanged.on(({ upstream, state, reason }) => {
      if (state === 'ejected' && reason !== 'configuration') ejections.inc({ reason });
      if (state === 'removed') healthy.remove({ upstream });
      else healthy.set({ upstream }, state === 'healthy' ? 1 : 0);
    }),
    metricsEvents.certificateLoaded.on((time) => expiry.set(time)),
    metricsEvents.gatewayResponded.on(({ method, status, seconds }) => {
      requests.inc({ method: methodLabel(method), status });
      times.observe(seconds);
    }),
    metricsEvents.gatewayRejected.on((reason) => refusals.inc({ reason })),
    metricsEvents.upstreamFailed.on((reason) => failures.inc({ reason })),
    metricsEvents.accessLogLines.on(({ outcome, count }) => lines.inc({ outcome }, count)),
  ];
};
