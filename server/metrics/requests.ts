import { Counter, Gauge, Histogram } from 'prom-client';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { methodLabel, shortDurationBuckets } from './labels.ts';
import type { MetricGroup } from './metricGroup.ts';

export const requestMetrics: MetricGroup = ({ registers }) => {
  const requests = new Counter({
    name: 'arkloop_http_requests_total',
    help: 'Answers of the API. route is a template of the contract, a probe, or unknown; status 499 is a caller who left before the answer.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const times = new Histogram({
    name: 'arkloop_http_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its answer, or to the beginning of a stream.',
    labelNames: ['method', 'route'],
    buckets: shortDurationBuckets,
    registers,
  });
  return [
    metricsEvents.requestHandled.on(({ method: sent, route, status, seconds }) => {
      const method = methodLabel(sent);
      requests.inc({ method, route, status });
      times.observe({ method, route }, seconds);
    }),
  ];
};

export const streamMetrics: MetricGroup = ({ registers }) => {
  const open = new Gauge({
    name: 'arkloop_streams_open',
    help: 'Event streams that are open now, by part: api, or gateway for those that pass through it.',
    labelNames: ['part'],
    registers,
  });
  return [metricsEvents.streamOpened.on((part) => open.inc({ part })), metricsEvents.streamClosed.on((part) => open.dec({ part }))];
};
