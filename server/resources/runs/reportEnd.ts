import type { RunEventInput } from '../../../contract/events.ts';
import { backgroundShare } from '../../database/connection/connectionShares.ts';
import type { Database } from '../../database/sql.ts';
import type { RunNotifier } from '../../pubsub/runNotifier.ts';
import { runEventValues } from './appendRunEvents.ts';
import { appendEvents, lockRun, selectEnded, selectReports } from './eventQueries.ts';

/**
 * Tells the parent of an ended child run once: appends `subagent.finished`, and wakes the parent if it waits. In a transaction of its own after the
 * end of the child, because a cancellation locks parents before their children. Nothing is appended to a parent that has ended or is being
 * cancelled.
 */
export async function reportEnd(
  { database, runNotifier }: { database: Database; runNotifier: RunNotifier },
  accountId: string,
  childRunId: string,
): Promise<void> {
  const parentId = await database.of(backgroundShare(accountId)).transaction(async (tx) => {
    const child = await tx.row(selectEnded, { accountId, id: childRunId });
    if (!child) return undefined;
    const parent = await tx.row(lockRun, { accountId, id: child.parent_run_id! });
    if (!parent || (parent.status !== 'running' && parent.status !== 'waiting_for_input')) return undefined;
    const reports = await tx.rows(selectReports, { runId: parent.id });
    if (reports.some(({ type, data }) => type === 'subagent.finished' && data.run_id === child.id)) return parent.id;
    const { error_class, message } = child.error ?? {};
    const finished = {
      type: 'subagent.finished',
      data: {
        agent_id: child.thread_id,
        run_id: child.id,
        status: child.status as 'completed' | 'failed' | 'cancelled',
        ...(error_class !== undefined && message !== undefined && { error: { error_class, message } }),
      },
    } satisfies RunEventInput;
    await tx.run(appendEvents, { runId: parent.id, status: null, ...runEventValues(parent.trace_id, [finished]) });
    return parent.id;
  });
  if (parentId) runNotifier.notify(parentId);
}
