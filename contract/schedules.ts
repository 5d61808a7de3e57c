import { z } from 'zod';
import { maxMessageLength } from './messages.ts';
import { runOptions, RunStatus } from './runRequests.ts';
import { changes, Id, inconsistentValues, notBlankMeta, Ok, Time, timeZoneMeta, trimmedText } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const ScheduleStatus = z.enum(['active', 'paused', 'disabled', 'completed']).meta({
  id: 'ScheduleStatus',
  description:
    'Whether a schedule has further occurrences. `paused` by its user, `disabled` by the server, `completed` if no time is left.',
});
export type ScheduleStatus = z.infer<typeof ScheduleStatus>;

export const MissedPolicy = z.enum(['skip', 'run_once', 'run_all']).meta({
  id: 'MissedPolicy',
  description:
    'What happens with occurrences that were missed by more than a minute because no worker was running: none runs, the last one runs, or up to 10 of them run, one after the other.',
});
export type MissedPolicy = z.infer<typeof MissedPolicy>;

export const OverlapPolicy = z.enum(['skip', 'queue']).meta({
  id: 'OverlapPolicy',
  description:
    'What happens with an occurrence while the previous run, or another run of its thread, has not ended: it is skipped, or it waits. At most 10 wait, each for at most an hour.',
});
export type OverlapPolicy = z.infer<typeof OverlapPolicy>;

export const ScheduleDisabledReason = z.enum(['consecutive_failures', 'thread_not_found', 'access_ended', 'plan_limit']).meta({
  id: 'ScheduleDisabledReason',
  description: 'Why the server disabled a schedule: its user or API key may not start runs, or its interval is too short for the plan.',
});
export type ScheduleDisabledReason = z.infer<typeof ScheduleDisabledReason>;

export const Schedule = z
  .object({
    id: Id.meta({ description: 'ID of the schedule.' }),
    account_id: Id.meta({ description: 'The account that pays for the runs.' }),
    created_by_user_id: Id.meta({ description: 'The user who owns the schedule, its threads and its runs.' }),
    name: z.string().meta({ description: 'Name, for people.' }),
    cron: z.string().nullable().meta({ description: 'Cron pattern; null for a schedule with a single time.' }),
    run_at: Time.nullable().meta({ description: 'The single time; null for a cron pattern.' }),
    timezone: z.string().meta({ description: 'IANA time zone in which the pattern is read, in canonical spelling.' }),
    persona_id: z.string().nullable().meta({ description: 'Persona of the runs: `key` or `key@version`; null for the default.' }),
    input: z.string().meta({ description: 'The message that each run answers.' }),
    thread_id: Id.nullable().meta({ description: 'The thread of all runs; null if each run has a new one.' }),
    missed: MissedPolicy.meta({ description: 'What happens with missed occurrences.' }),
    overlap: OverlapPolicy.meta({ description: 'What happens while the previous run has not ended.' }),
    status: ScheduleStatus.meta({ description: 'Whether there are further occurrences.' }),
    disabled_reason: ScheduleDisabledReason.nullable().meta({ description: 'Why the schedule was disabled; null unless it was.' }),
    next_run_at: Time.nullable().meta({ description: 'The next occurrence; null unless the schedule is active.' }),
    last_run_id: Id.nullable().meta({ description: 'The newest run; null if there was none.' }),
    created_at: Time.meta({ description: 'When the schedule was created.' }),
    updated_at: Time.meta({ description: 'When the schedule was last changed.' }),
  })
  .meta({ id: 'Schedule', description: 'Starts runs at the times of a cron pattern, or once.' });
export type Schedule = z.infer<typeof Schedule>;

const cron = z.string().trim().min(1).max(120).meta({
  description:
    'Five fields: minute, hour, day of the month, month, day of the week (0 or 7 is Sunday), with lists, ranges, steps, names, and `L`, `W` and `#`. If both days are restricted, either may match.',
});
const timezone = z
  .string()
  .trim()
  .max(64)
  .meta({ description: 'IANA name, such as `Europe/Berlin`.', ...timeZoneMeta });
const input = z
  .string()
  .max(maxMessageLength)
  .refine((text) => text.trim() !== '', 'must not be blank')
  .meta({ description: 'The message that each run answers, at most 20,000 characters.', ...notBlankMeta });
const inputFields = {
  name: trimmedText(200).meta({ description: 'Name, for people: 1 to 200 characters.' }),
  cron: cron.optional(),
  run_at: Instant.optional().meta({ description: 'A single time in the future, in place of `cron` (RFC 3339, in any time zone).' }),
  timezone: timezone.default('UTC'),
  persona_id: runOptions.persona_id,
  input,
  thread_id: Id.nullish().meta({ description: 'A thread of yours for all runs. Without it, each run has a new thread.' }),
  missed: MissedPolicy.default('run_once').meta({ description: 'What happens with missed occurrences.' }),
  overlap: OverlapPolicy.default('skip').meta({ description: 'What happens while the previous run has not ended.' }),
};

export const NewSchedule = z
  .strictObject(inputFields)
  .refine(({ cron, run_at: runAt }) => (cron === undefined) !== (runAt === undefined), {
    path: ['cron'],
    message: 'give either cron or run_at',
    params: inconsistentValues,
  })
  .meta({ id: 'NewSchedule', description: 'A schedule to create, with either `cron` or `run_at`.' });
export type NewSchedule = z.infer<typeof NewSchedule>;

export const ScheduleChanges = changes({
  name: inputFields.name.optional(),
  cron: cron.optional(),
  run_at: inputFields.run_at,
  timezone: timezone.optional(),
  persona_id: inputFields.persona_id,
  input: input.optional(),
  thread_id: inputFields.thread_id,
  missed: MissedPolicy.optional().meta({ description: 'What happens with missed occurrences.' }),
  overlap: OverlapPolicy.optional().meta({ description: 'What happens while the previous run has not ended.' }),
})
  .refine(({ cron, run_at: runAt }) => cron === undefined || runAt === undefined, {
    path: ['cron'],
    message: 'give either cron or run_at',
    params: inconsistentValues,
  })
  .meta({
    id: 'ScheduleChanges',
    description: 'The fields to change. `cron` replaces `run_at` and the reverse. At least one is required.',
  });
export type ScheduleChanges = z.infer<typeof ScheduleChanges>;

export const ScheduleOccurrence = z
  .object({
    id: Id.meta({ description: 'ID of the occurrence.' }),
    schedule_id: Id.meta({ description: 'The schedule.' }),
    scheduled_for: Time.meta({ description: 'The time of the occurrence; for a run that was started by hand, when that was.' }),
    trigger: z
      .enum(['schedule', 'manual'])
      .meta({ id: 'OccurrenceTrigger', description: 'What started an occurrence.' })
      .meta({ description: 'Whether the time came, or a user started the run.' }),
    status: z
      .enum(['waiting', 'started', 'skipped', 'failed'])
      .meta({ id: 'OccurrenceStatus', description: 'What became of an occurrence.' })
      .meta({ description: '`started` has a run; `failed` could not start one; `waiting` will.' }),
    skip_reason: z
      .enum(['missed', 'overlap', 'paused'])
      .meta({ id: 'OccurrenceSkipReason', description: 'Why an occurrence was skipped.' })
      .nullable()
      .meta({ description: 'Why it was skipped; null unless it was.' }),
    error_code: z.string().nullable().meta({ description: 'Why no run could be started, such as `credits_exhausted`; null otherwise.' }),
    error_message: z.string().nullable().meta({ description: 'The error as text; null unless the occurrence failed.' }),
    run_id: Id.nullable().meta({ description: 'The run; null if there is none.' }),
    thread_id: Id.nullable().meta({ description: 'The thread of the run; null if there is none.' }),
    run_status: RunStatus.nullable().meta({ description: 'Current status of the run; null if there is none.' }),
    created_at: Time.meta({ description: 'When the server handled the occurrence.' }),
  })
  .meta({ id: 'ScheduleOccurrence', description: 'A time of a schedule, and what happened then. Kept for 90 days.' });
export type ScheduleOccurrence = z.infer<typeof ScheduleOccurrence>;

export const SchedulePreview = z
  .object({
    timezone: z.string().meta({ description: 'The time zone in canonical spelling.' }),
    times: z.array(Time).meta({ description: 'The next occurrences from now, at most 5.' }),
  })
  .meta({ id: 'SchedulePreview', description: 'The next times of a cron pattern.' });
export type SchedulePreview = z.infer<typeof SchedulePreview>;

const read = ['data.runs.read', 'data.threads.read'] as const;
/** A schedule writes messages and starts runs. */
const permission = ['data.runs.write', 'data.threads.write'] as const;
const startErrors = [402, 409, 429] as const;

/** A schedule belongs to the user who created it, as the threads and runs that it creates. */
export const schedules = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/schedules',
    summary: 'Create a schedule',
    description:
      'Starts runs in your name from now on. The plan limits the number of schedules and the shortest interval. The runs send the usual webhooks.',
    body: NewSchedule,
    responses: { 201: Schedule },
    metadata: { auth: 'user+key', read, permission, quota: 'schedules', audit: ['schedule.create', 'schedule'] },
  },
  list: {
    method: 'GET',
    path: '/v1/schedules',
    summary: 'List your schedules, newest first',
    description: 'Returns your schedules in the active account. Those of other members are left out.',
    query: pageQuery(),
    responses: { 200: z.array(Schedule) },
    metadata: { auth: 'user+key', read, pages: 'cursor' },
  },
  preview: {
    method: 'GET',
    path: '/v1/schedules/preview',
    summary: 'Preview the next times of a cron pattern',
    description: 'Use this to show what a pattern means before it is saved. A pattern that is not valid is 400 `invalid_cron`.',
    query: z.object({
      cron,
      timezone: timezone.default('UTC'),
    }),
    responses: { 200: SchedulePreview },
    metadata: { auth: 'user+key', read },
  },
  get: {
    method: 'GET',
    path: '/v1/schedules/{schedule_id}',
    summary: 'Retrieve a schedule',
    description: 'Use `status` and `disabled_reason` to find out why a schedule starts nothing.',
    responses: { 200: Schedule },
    metadata: { auth: 'user+key', read },
  },
  update: {
    method: 'PATCH',
    path: '/v1/schedules/{schedule_id}',
    summary: 'Update a schedule',
    description:
      'A new pattern, time or time zone applies from now on; occurrences before that are not made up for. A completed schedule becomes active again with a new pattern or time, if the plan allows another one.',
    body: ScheduleChanges,
    responses: { 200: Schedule },
    metadata: { auth: 'user+key', read, permission, audit: ['schedule.update', 'schedule'], extraErrors: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/schedules/{schedule_id}',
    summary: 'Delete a schedule and its history',
    description: 'Runs that it has started continue, and their threads are kept.',
    body: null,
    responses: { 200: Ok },
    metadata: { auth: 'user+key', read, permission, audit: ['schedule.delete', 'schedule'] },
  },
  pause: {
    method: 'POST',
    path: '/v1/schedules/{schedule_id}:pause',
    summary: 'Pause a schedule',
    description: 'No runs are started until it is resumed, and waiting occurrences are skipped. Pausing it again has no effect.',
    body: null,
    responses: { 200: Schedule },
    metadata: { auth: 'user+key', read, permission, audit: ['schedule.pause', 'schedule'], extraErrors: [409] },
  },
  resume: {
    method: 'POST',
    path: '/v1/schedules/{schedule_id}:resume',
    summary: 'Resume a schedule',
    description: 'Continues with the next time from now. Also enables a schedule that was disabled, and resets its failures.',
    body: null,
    responses: { 200: Schedule },
    metadata: { auth: 'user+key', read, permission, audit: ['schedule.resume', 'schedule'], extraErrors: [409] },
  },
  runNow: {
    method: 'POST',
    path: '/v1/schedules/{schedule_id}:run',
    summary: 'Start a run of a schedule now',
    description: 'In addition to its times, whatever its status. Errors are those of starting a run.',
    body: null,
    responses: { 201: ScheduleOccurrence },
    metadata: {
      auth: 'user+key',
      read,
      permission,
      quota: 'messages',
      audit: ['schedule.run', 'schedule_occurrence'],
      extraErrors: startErrors,
    },
  },
  occurrences: {
    method: 'GET',
    path: '/v1/schedules/{schedule_id}/occurrences',
    summary: 'List the occurrences of a schedule, newest first',
    description: 'Shows which runs were started, and why others were not. Occurrences are kept for 90 days.',
    query: pageQuery(),
    responses: { 200: z.array(ScheduleOccurrence) },
    metadata: { auth: 'user+key', read, pages: 'cursor' },
  },
} as const satisfies Resource);
