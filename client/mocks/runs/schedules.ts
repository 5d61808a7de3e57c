import type { schedules as routes, Schedule, ScheduleOccurrence } from '../../../contract/schedules.ts';
import { type Context, type Engine, type RouteHandlers, untypedContext } from '../context.ts';
import { ownerOf } from '../factory.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json } from '../state.ts';

const scheduleKind = resourceType('/v1/schedules');
const occurrenceKind = resourceType('/v1/schedules/{schedule_id}/occurrences');
const hour = 3_600_000;

/** Patterns are not read: their times are the next full hours. */
export const schedules: RouteHandlers<typeof routes> = {
  preview: ({ engine, query: { timezone } }) => {
    const next = Math.ceil((engine.now() + 1) / hour) * hour;
    return { status: 200, body: { timezone, times: Array.from({ length: 5 }, (_, at) => new Date(next + at * hour).toISOString()) } };
  },
  /** The occurrence has no run: runs of the mocks are started in a thread. */
  runNow: (context) => {
    const { engine, loaded } = context;
    const { id: scheduleId } = loaded.schedule_id!.value as Schedule;
    const at = engine.time();
    const value: ScheduleOccurrence = {
      ...{ id: engine.fakes.id(engine.now()), schedule_id: scheduleId, scheduled_for: at, trigger: 'manual', status: 'started' },
      ...{ skip_reason: null, error_code: null, error_message: null, run_id: null, thread_id: null, run_status: null, created_at: at },
    };
    const owner = ownerOf(occurrenceKind, untypedContext(context));
    engine.state.add(occurrenceKind, { owner, parents: { schedule_id: scheduleId }, value: value as Json });
    return { status: 201, body: value };
  },
};

/** Sets when a new or changed schedule runs next, and what the request does not say. */
export function deriveSchedule(value: Json, { engine, caller, operation: { id: operation }, body }: Context): void {
  const given = Object(body) as { cron?: string; run_at?: string };
  if (given.cron !== undefined || given.run_at !== undefined)
    Object.assign(value, { cron: given.cron ?? null, run_at: given.run_at ?? null });
  if (operation === 'schedules.create') Object.assign(value, { status: 'active', last_run_id: null, thread_id: value.thread_id ?? null });
  if (operation === 'schedules.create') value.persona_id = value.persona_id || null;
  if (operation === 'schedules.pause') value.status = 'paused';
  if (operation === 'schedules.resume') value.status = 'active';
  if (['schedules.create', 'schedules.update'].includes(operation)) value.api_key_id = caller?.apiKeyId ?? value.api_key_id;
  value.disabled_reason = null;
  value.next_run_at = value.status === 'active' ? (value.run_at ?? engine.time(hour)) : null;
}

/** Pauses the active schedules that an API key has created or changed. */
export function pauseSchedulesOf({ state }: Engine, apiKeyId: unknown): void {
  for (const { value } of state.rows(scheduleKind, (row) => row.value.api_key_id === apiKeyId && row.value.status === 'active'))
    Object.assign(value, { status: 'paused', next_run_at: null });
}
