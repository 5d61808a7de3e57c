import { Counter, Gauge, Histogram } from 'prom-client';
import { activeReplicas } from '../database/replica/readReplica.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { shortDurationBuckets } from './labels.ts';
import type { MetricGroup } from './metricGroup.ts';

/** Reads of lists and statistics where a replica is configured. */
export const replicaMetrics: MetricGroup = ({ registers }) => {
  const reads = new Counter({
    name: 'arkloop_replica_reads_total',
    help: 'Reads that a replica may serve, by the server that served them, and why it was the primary.',
    labelNames: ['server', 'reason'],
    registers,
  });
  const waits = new Histogram({
    name: 'arkloop_replica_wait_duration_seconds',
    help: 'Time that a read waited for a connection to the replica, and for the replica to catch up.',
    buckets: shortDurationBuckets,
    registers,
  });
  new Gauge({
    name: 'arkloop_replica_lag_bytes',
    help: 'How far the replica is behind the primary, in bytes of the write-ahead log.',
    registers,
    async collect() {
      this.reset();
      for (const replica of activeReplicas) {
        const lag = await replica.lagBytes();
        if (lag !== undefined) this.set(lag);
      }
    },
  });
  return [metricsEvents.replicaRead.on((read) => reads.inc(read)), metricsEvents.replicaWaited.on((seconds) => waits.observe(seconds))];
};
