import { z } from 'zod';
import { NewSchedule } from '../../../contract/schedules.ts';
import { backgroundShare } from '../../database/connection/connectionShares.ts';
import type { Database, Transaction } from '../../database/sql.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { Failure } from '../../platform/failure.ts';
import { checkQuota } from '../../resources/quotas/check.ts';
import type { ScheduleRow } from '../../resources/schedules/queries.ts';
import * as queries from '../../resources/schedules/queries.ts';
import { createSchedule, deleteSchedule } from '../../resources/schedules/service.ts';
import { scheduleGroup } from './scheduleNames.ts';
import { defineTool, type Tool, type ToolContext, ToolFailure } from './tool.ts';

type Run = ToolContext['run'];

const common = { group: scheduleGroup, timeoutMs: 15_000 };
/** Schedules that one call lists. */
const maxListed = 50;

const { cron, run_at: runAt, timezone, input, name, missed, overlap } = NewSchedule.shape;

/** Tools that manage the schedules of the run's user. Runs have them only if the allowlist of their persona names them. */
export const scheduleTools = (database: Database): Tool[] => [createTool(database), listTool(database), deleteTool(database)];

const createTool = (database: Database) =>
  defineTool({
    ...common,
    name: 'schedule_create',
    description:
      'Schedule runs like this one for later: at the times of a cron pattern, or once at run_at. Ask for the time zone of the user if it is unknown.',
    input: z.strictObject({
      name,
      cron,
      run_at: z.iso.datetime({ offset: true }).optional().meta({ description: runAt.meta()?.description }),
      timezone,
      input,
      same_thread: z
        .boolean()
        .default(false)
        .meta({ description: 'Whether the runs answer in this conversation. Otherwise each has a new one.' }),
      missed,
      overlap,
    }),
    parallel: false,
    run: ({ same_thread: sameThread, ...fields }, { run }) =>
      asUser(run, async (userId) => {
        const accountId = run.account_id;
        const created = await database.of(backgroundShare(accountId)).transaction(async (tx) => {
          const origin = await tx.row(queries.lockRunOrigin, { accountId, runId: run.id });
          if (!origin) throw new ToolFailure('tool.execution_failed', 'The run has been cancelled.');
          // Never another persona: it could have tools that this run has not.
          const { persona_id, api_key_id } = origin;
          const schedule = NewSchedule.safeParse({ ...fields, persona_id, thread_id: sameThread ? run.thread_id : null });
          if (!schedule.success) throw new ToolFailure('tool.args_invalid', z.prettifyError(schedule.error));
          const owner = { app: { database }, tx, accountId, actor: { userId, apiKeyId: api_key_id ?? undefined } };
          const made = await createSchedule(owner, schedule.data);
          await checkQuota(database, tx, 'schedules', { accountId, userId });
          await audit(tx, run, 'schedule.create', userId, made.id);
          return made;
        });
        return { result: summaryOf(created) };
      }),
  });

const listTool = (database: Database) =>
  defineTool({
    ...common,
    name: 'schedule_list',
    description: `List the schedules of the user, newest first, at most ${maxListed}.`,
    input: z.strictObject({}),
    parallel: true,
    run: (_, { run }) =>
      asUser(run, async (userId) => {
        const page = { beforeTime: null, beforeId: null, limit: maxListed };
        const rows = await database.rows(queries.selectSchedules, { accountId: run.account_id, userId, ...page });
        return { result: { schedules: rows.map(summaryOf) } };
      }),
  });

const deleteTool = (database: Database) =>
  defineTool({
    ...common,
    name: 'schedule_delete',
    description: 'Delete a schedule of the user. Runs that it has started continue.',
    input: z.strictObject({ id: z.guid() }),
    parallel: false,
    run: ({ id }, { run }) =>
      asUser(run, async (userId) => {
        const accountId = run.account_id;
        await database.of(backgroundShare(accountId)).transaction(async (tx) => {
          if (!(await tx.row(queries.selectSchedule, { accountId, id, userId })))
            throw new ToolFailure('tool.execution_failed', 'The user has no schedule with this id.');
          await deleteSchedule({ tx, accountId }, id);
          await audit(tx, run, 'schedule.delete', userId, id);
        });
        return { result: { deleted: id } };
      }),
  });

/** The user of a run may have been deleted. Errors of the service are for the model. */
async function asUser<T>({ created_by_user_id: userId }: Run, work: (userId: string) => Promise<T>): Promise<T> {
  if (!userId) throw new ToolFailure('tool.execution_failed', 'The user of this run was deleted.');
  try {
    return await work(userId);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { issues = [], ...details } = error.details as { issues?: { path: string; message: string }[] };
    const problems = issues.map(({ path, message }) => `${path.slice(1)}: ${message}`).join('; ');
    throw new ToolFailure('tool.execution_failed', problems || error.message, details);
  }
}

const audit = (
  tx: Transaction,
  { id: runId, account_id: accountId, trace_id: traceId }: Run,
  action: 'schedule.create' | 'schedule.delete',
  userId: string,
  scheduleId: string,
) =>
  tx.run(queries.insertAudit, { id: newId(), accountId, userId, scheduleId, action, traceId, metadata: JSON.stringify({ run_id: runId }) });

/** What the model needs to talk about a schedule. */
const summaryOf = ({
  id,
  name,
  cron: pattern,
  run_at: time,
  timezone: zone,
  status,
  next_run_at: next,
  thread_id: threadId,
}: ScheduleRow) => ({
  id,
  name,
  ...(pattern === null ? { run_at: time } : { cron: pattern, timezone: zone }),
  status,
  next_run_at: next,
  ...(threadId && { thread_id: threadId }),
});
