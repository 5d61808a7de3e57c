import { Counter } from 'prom-client';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import type { MetricGroup } from './metricGroup.ts';

export const unhandledErrorMetrics: MetricGroup = ({ registers }) => {
  const rejections = new Counter({
    name: 'arkloop_unhandled_rejections_total',
    help: 'Promises that were rejected without a handler while the process served; each is logged with its stack.',
    registers,
  });
  return [metricsEvents.unhandledRejection.on(() => rejections.inc())];
};
