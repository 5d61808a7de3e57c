import { provisionalTitle } from '../../../contract/titles.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith } from '../../platform/failure.ts';
import { checkRunLimits, type RunCreator, runOptionsOf, startRun } from '../../runs/create/startRun.ts';
import { insertMessage } from '../messages/queries.ts';
import { insertThread } from '../threads/queries.ts';
import type { ScheduleRow } from './queries.ts';
import * as queries from './queries.ts';

/**
 * Adds the input of a schedule to its thread, or to a new one, and starts a run in the name of its user. Throws the errors of starting a run,
 * and 409 `thread_not_found` if the thread was deleted.
 */
export async function startScheduledRun(creator: RunCreator, schedule: ScheduleRow): Promise<string> {
  const { tx, accountId } = creator;
  const { created_by_user_id: userId, name, input, persona_id: personaId } = schedule;
  const threadId = schedule.thread_id ?? newId();
  if (schedule.thread_id && !(await tx.row(queries.selectOwnThread, { accountId, id: threadId, userId })))
    throw failWith('conflict', 'thread_not_found', 'The thread of the schedule was deleted.');
  await checkRunLimits(creator, threadId);
  if (!schedule.thread_id) await tx.row(insertThread, { accountId, id: threadId, userId, title: name, projectId: null, isPrivate: false });
  const title = provisionalTitle({ content: input, content_json: null });
  await tx.row(insertMessage, { accountId, threadId, id: newId(), userId, content: input, contentJson: null, title });
  const runId = await startRun(creator, threadId, runOptionsOf({ persona_id: personaId }), { source: 'schedule' });
  await tx.run(queries.setLastRun, { accountId, id: schedule.id, runId });
  return runId;
}
