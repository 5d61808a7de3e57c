import { Counter, Gauge } from 'prom-client';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { openChannels } from '../pubsub/notificationChannel.ts';
import { startAtZero } from './labels.ts';
import type { MetricGroup } from './metricGroup.ts';

/** Notifications between processes. */
export const notificationMetrics: MetricGroup = ({ registers }) => {
  new Gauge({
    name: 'arkloop_notifications_up',
    help: 'Whether this process receives notifications, by what carries them: postgres, redis or nats. The lowest of its channels.',
    labelNames: ['carrier'],
    registers,
    collect() {
      this.reset();
      for (const carrier of new Set([...openChannels].map((channel) => channel.carrier)))
        this.set({ carrier }, [...openChannels].every((channel) => channel.carrier !== carrier || channel.isUp) ? 1 : 0);
    },
  });
  const sent = new Counter({
    name: 'arkloop_notifications_total',
    help: 'Notifications sent with a broker: by the broker, by PostgreSQL because the broker took none, or lost (run events, whose readers poll).',
    labelNames: ['outcome'],
    registers,
  });
  startAtZero(sent, 'outcome', ['broker', 'postgres', 'lost']);
  return [metricsEvents.notificationSent.on((outcome) => sent.inc({ outcome }))];
};
