import type { RunEventInput } from '../../../contract/events.ts';
import type { CancelRequest } from '../../../contract/runRequests.ts';
import type { Actor } from '../../http/pipeline/accessTypes.ts';
import type { Scope } from '../../http/scope.ts';
import { Failure } from '../../platform/failure.ts';
import { metricsEvents } from '../../platform/telemetry/metricsEvents.ts';
import { insertDeliveries } from '../webhooks/outbox.ts';
import { runEventValues } from './appendRunEvents.ts';
import { appendEvents, lockRun } from './eventQueries.ts';

/** Requests cancellation of a run. A run that no worker has started is cancelled immediately. Returns whether anything changed. */
export async function requestCancel(
  scope: Pick<Scope, 'app' | 'tx' | 'accountId' | 'afterCommit'> & { actor: Pick<Actor, 'userId'> },
  runId: string,
  { last_seen_seq: seen, client_cancelled_at: at }: CancelRequest,
): Promise<boolean> {
  const { app, tx, accountId, actor } = scope;
  const run = await tx.row(lockRun, { accountId, id: runId });
  if (!run || (run.status !== 'running' && run.status !== 'waiting_for_input')) return false;
  const requested = {
    requested_by_user_id: actor.userId,
    ...(seen !== undefined && seen !== null && { last_seen_seq: seen }),
    ...(at && { client_cancelled_at: at }),
  };
  const isQueued = run.attempt === 0;
  const events: RunEventInput[] = [{ type: 'run.cancel_requested', data: requested }];
  if (isQueued) events.push({ type: 'run.cancelled', data: { reason: 'cancelled_before_start' } });
  await tx.run(appendEvents, { runId, status: isQueued ? 'cancelled' : 'cancelling', ...runEventValues(run.trace_id, events) });
  if (isQueued) {
    await app.queue.dequeueRun(tx, runId);
    await insertDeliveries(tx, { id: runId, account_id: accountId });
  }
  scope.afterCommit(() => {
    app.runNotifier.notify(runId);
    if (isQueued) metricsEvents.runEnded.emit({ status: 'cancelled', errorClass: '' });
  });
  return true;
}

export const notCreator = () =>
  new Failure('forbidden', 'Only the creator of the run may do this.', { reason: 'not_owner', deny_reason: 'owner_mismatch' });
