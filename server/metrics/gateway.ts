import { Counter, Histogram } from 'prom-client';
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
  return [
    metricsEvents.gatewayResponded.on(({ method, status, seconds }) => {
      requests.inc({ method: methodLabel(method), status });
      times.observe(seconds);
    }),
    metricsEvents.gatewayRejected.on((reason) => refusals.inc({ reason })),
    metricsEvents.upstreamFailed.on((reason) => failures.inc({ reason })),
    metricsEvents.accessLogLines.on(({ outcome, count }) => lines.inc({ outcome }, count)),
  ];
};
