import type { Schedule, ScheduleOccurrence } from '../../../contract/schedules.ts';
import type { OccurrenceRow, ScheduleRow } from './queries.ts';

export const viewSchedule = (row: ScheduleRow): Schedule => ({
  id: row.id,
  account_id: row.account_id,
  created_by_user_id: row.created_by_user_id,
  name: row.name,
  cron: row.cron,
  run_at: row.run_at,
  timezone: row.timezone,
  persona_id: row.persona_id,
  input: row.input,
  thread_id: row.thread_id,
  missed: row.missed,
  overlap: row.overlap,
  status: row.status,
  disabled_reason: row.disabled_reason,
  next_run_at: row.next_run_at,
  last_run_id: row.last_run_id,
  created_at: row.created_at,
  updated_at: row.updated_at,
});

export const viewOccurrence = (row: OccurrenceRow): ScheduleOccurrence => ({
  id: row.id,
  schedule_id: row.schedule_id,
  scheduled_for: row.scheduled_for,
  trigger: row.trigger,
  status: row.status,
  skip_reason: row.skip_reason,
  error_code: row.error_code,
  error_message: row.error_message,
  run_id: row.run_id,
  thread_id: row.thread_id,
  run_status: row.run_status,
  created_at: row.created_at,
});
