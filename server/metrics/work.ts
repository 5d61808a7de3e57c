import { Counter, Histogram } from 'prom-client';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { boundedLabel, longDurationBuckets, startAtZero } from './labels.ts';
import type { MetricGroup } from './metricGroup.ts';

/** Outcomes of runs, jobs, webhooks and mail. */
export const workMetrics: MetricGroup = ({ registers }) => {
  const runs = new Counter({
    name: 'arkloop_runs_ended_total',
    help: 'Runs that ended here, by status and, where they failed, by error class.',
    labelNames: ['status', 'error_class'],
    registers,
  });
  const archived = new Counter({
    name: 'arkloop_runs_archived_total',
    help: 'Ended runs whose events were moved to the object store here, by outcome: archived, failed, or interrupted by the object store.',
    labelNames: ['outcome'],
    registers,
  });
  startAtZero(archived, 'outcome', ['archived', 'failed', 'interrupted']);
  const jobs = new Counter({
    name: 'arkloop_jobs_total',
    help: 'Jobs of the queue that were tried here, by outcome: done, retried later, or given_up.',
    labelNames: ['task', 'outcome'],
    registers,
  });
  const housekeeping = new Counter({
    name: 'arkloop_housekeeping_steps_total',
    help: 'Steps of the hourly housekeeping that ended here, by outcome: done or failed.',
    labelNames: ['step', 'outcome'],
    registers,
  });
  const webhooks = new Counter({
    name: 'arkloop_webhook_attempts_total',
    help: 'Requests to webhook endpoints, by outcome: delivered, or the error of the delivery.',
    labelNames: ['outcome'],
    registers,
  });
  const webhookTimes = new Histogram({
    name: 'arkloop_webhook_attempt_duration_seconds',
    help: 'Time that a webhook endpoint took to answer, or to fail.',
    buckets: longDurationBuckets,
    registers,
  });
  const mails = new Counter({
    name: 'arkloop_mails_total',
    help: 'Attempts to send mail, by outcome: sent, retried later, refused for good, expired before it could be sent, or unreadable.',
    labelNames: ['outcome'],
    registers,
  });
  startAtZero(mails, 'outcome', ['sent', 'retried', 'refused', 'expired', 'unreadable']);
  const left = new Counter({
    name: 'arkloop_work_left_total',
    help: 'Work that this process left to others, because it lacks the encryption key of a stored value: mail, webhook or run.',
    labelNames: ['work'],
    registers,
  });
  startAtZero(left, 'work', ['mail', 'webhook', 'run']);
  const errorClass = boundedLabel(50);
  return [
    metricsEvents.runEnded.on((run) => runs.inc({ status: run.status, error_class: errorClass(run.errorClass) })),
    metricsEvents.runArchived.on((outcome) => archived.inc({ outcome })),
    // Only the process that runs jobs knows its tasks.
    metricsEvents.jobTaskServed.on((task) => jobs.inc({ task, outcome: 'given_up' }, 0)),
    metricsEvents.housekeepingStepEnded.on((step) => housekeeping.inc(step)),
    metricsEvents.jobEnded.on((job) => jobs.inc(job)),
    metricsEvents.webhookAttempted.on(({ outcome, seconds }) => {
      webhooks.inc({ outcome });
      webhookTimes.observe(seconds);
    }),
    metricsEvents.workLeft.on((work) => left.inc({ work })),
    metricsEvents.mailAttempted.on((outcome) => mails.inc({ outcome })),
  ];
};
