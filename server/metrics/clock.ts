import { Gauge } from 'prom-client';
import { millisecondsAhead } from '../platform/databaseClock.ts';
import type { MetricGroup } from './metricGroup.ts';

export const clockMetrics: MetricGroup = ({ registers }) => {
  new Gauge({
    name: 'arkloop_clock_difference_seconds',
    help: 'How far the clock of this process is ahead of that of PostgreSQL. Above a minute in either direction, the process deletes nothing.',
    registers,
    collect() {
      this.set(millisecondsAhead() / 1_000);
    },
  });
  return [];
};
