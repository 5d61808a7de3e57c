import { defineEntity, p } from '@mikro-orm/core';
import type { MissedPolicy, OverlapPolicy, ScheduleDisabledReason } from '../../../contract/schedules.ts';
import { timestamptz } from '../../database/columns.ts';

export const Schedule = defineEntity({
  name: 'Schedule',
  tableName: 'schedules',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    createdByUserId: p.uuid(),
    /** The API key that created or last changed the schedule. Its limits apply to the runs. */
    apiKeyId: p.uuid().nullable(),
    name: p.text(),
    cron: p.text().nullable(),
    runAt: timestamptz().nullable(),
    timezone: p.text(),
    personaId: p.text().nullable(),
    input: p.text(),
    threadId: p.uuid().nullable(),
    missed: p.text().$type<MissedPolicy>(),
    overlap: p.text().$type<OverlapPolicy>(),
    status: p.enum(['active', 'paused', 'disabled', 'completed'] as const).default('active'),
    disabledReason: p.text().$type<ScheduleDisabledReason>().nullable(),
    nextRunAt: timestamptz().nullable(),
    lastRunId: p.uuid().nullable(),
    /** Occurrences before this time do not count as failures in a row. */
    failuresSince: timestamptz().defaultRaw('now()'),
    createdAt: timestamptz().defaultRaw('now()'),
    updatedAt: timestamptz().defaultRaw('now()'),
  },
  checks: [
    { name: 'schedules_check', expression: 'num_nonnulls(cron, run_at) = 1' },
    { name: 'schedules_check1', expression: "(status = 'active') = (next_run_at IS NOT NULL)" },
    { name: 'schedules_check2', expression: "(status = 'disabled') = (disabled_reason IS NOT NULL)" },
  ],
  indexes: [
    {
      name: 'schedules_list',
      expression: 'create index schedules_list on schedules (account_id, created_by_user_id, created_at desc, id desc)',
    },
    { name: 'schedules_due', expression: "create index schedules_due on schedules (next_run_at) where (status = 'active')" },
    {
      name: 'schedules_completed',
      expression:
        "create index schedules_completed on schedules (account_id, greatest(run_at, updated_at) desc, id desc) where (status = 'completed')",
    },
    {
      name: 'schedules_age',
      expression: "create index schedules_age on schedules (greatest(run_at, updated_at)) where (status = 'completed')",
    },
    {
      name: 'schedules_thread',
      expression: 'create index schedules_thread on schedules (account_id, thread_id) where (thread_id is not null)',
    },
    {
      name: 'schedules_last_run',
      expression: 'create index schedules_last_run on schedules (account_id, last_run_id) where (last_run_id is not null)',
    },
  ],
});

/** A time of a schedule. A waiting one is started when nothing of the schedule runs. */
export const ScheduleOccurrence = defineEntity({
  name: 'ScheduleOccurrence',
  tableName: 'schedule_occurrences',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    scheduleId: p.uuid(),
    scheduledFor: timestamptz(),
    trigger: p.enum(['schedule', 'manual'] as const),
    status: p.enum(['waiting', 'started', 'skipped', 'failed'] as const),
    skipReason: p.text().$type<'missed' | 'overlap' | 'paused'>().nullable(),
    errorCode: p.text().nullable(),
    errorMessage: p.text().nullable(),
    runId: p.uuid().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [
    { name: 'schedule_occurrences_check', expression: "(status = 'skipped') = (skip_reason IS NOT NULL)" },
    { name: 'schedule_occurrences_check1', expression: "(status = 'failed') = (error_code IS NOT NULL)" },
  ],
  indexes: [
    {
      name: 'schedule_occurrences_once',
      expression:
        "create unique index schedule_occurrences_once on schedule_occurrences (account_id, schedule_id, scheduled_for) where (trigger = 'schedule')",
    },
    {
      name: 'schedule_occurrences_list',
      expression: 'create index schedule_occurrences_list on schedule_occurrences (account_id, schedule_id, created_at desc, id desc)',
    },
    {
      name: 'schedule_occurrences_waiting',
      expression:
        "create index schedule_occurrences_waiting on schedule_occurrences (schedule_id, scheduled_for) where (status = 'waiting')",
    },
    {
      name: 'schedule_occurrences_run',
      expression: 'create unique index schedule_occurrences_run on schedule_occurrences (account_id, run_id) where (run_id is not null)',
    },
    { name: 'schedule_occurrences_age', expression: 'create index schedule_occurrences_age on schedule_occurrences (created_at)' },
  ],
});
