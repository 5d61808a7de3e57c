import { Counter, Histogram } from 'prom-client';
import { facts } from '../kernel/facts.ts';
import type { Concern } from './concern.ts';
import { boundedLabel, longTimes } from './labels.ts';

/** What becomes of runs, jobs, webhooks and mail. */
export const workMetrics: Concern = ({ registers }) => {
  const runs = new Counter({
    name: 'arkloop_runs_ended_total',
    help: 'Runs that ended here, by status and, where they failed, by error class.',
    labelNames: ['status', 'error_class'],
    registers,
  });
  const jobs = new Counter({
    name: 'arkloop_jobs_total',
    help: 'Jobs of the queue that were tried here, by outcome: done, retried later, or given_up.',
    labelNames: ['task', 'outcome'],
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
    buckets: longTimes,
    registers,
  });
  const mails = new Counter({
    name: 'arkloop_mails_total',
    help: 'Attempts to send mail, by outcome: sent, retried later, refused for good, expired before it could be sent, or unreadable.',
    labelNames: ['outcome'],
    registers,
  });
  const errorClass = boundedLabel(50);
  return [
    facts.runEnded.hear((run) => runs.inc({ status: run.status, error_class: errorClass(run.errorClass) })),
    facts.jobEnded.hear((job) => jobs.inc(job)),
    facts.webhookTried.hear(({ outcome, seconds }) => {
      webhooks.inc({ outcome });
      webhookTimes.observe(seconds);
    }),
    facts.mailTried.hear((outcome) => mails.inc({ outcome })),
  ];
};
