import type { CancelRequest } from '../../../contract/runRequests.ts';
import { facts } from '../../kernel/facts.ts';
import { Failure } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Actor, Scope } from '../../kernel/scope.ts';
import { insertDeliveries } from '../webhooks/outbox.ts';
import { appendEvent, lockRun } from './queries.ts';

/** Ask a run to stop; one that no worker has begun is over at once. Whether anything changed. */
export async function requestCancel(
  scope: Pick<Scope, 'app' | 'tx' | 'accountId' | 'afterCommit'> & { actor: Pick<Actor, 'userId'> },
  runId: string,
  { last_seen_seq: seen, client_cancelled_at: at }: CancelRequest,
): Promise<boolean> {
  const { app, tx, accountId, actor } = scope;
  const run = await tx.row(lockRun, [accountId, runId]);
  if (!run || (run.status !== 'running' && run.status !== 'waiting_for_input')) return false;
  const requested = {
    requested_by_user_id: actor.userId,
    ...(seen !== undefined && seen !== null && { last_seen_seq: seen }),
    ...(at && { client_cancelled_at: at }),
    trace_id: run.trace_id,
  };
  await tx.run(appendEvent, [runId, newId(), 'run.cancel_requested', JSON.stringify(requested), 'cancelling']);
  if (run.attempt === 0) {
    const cancelled = JSON.stringify({ reason: 'cancelled_before_start', trace_id: run.trace_id });
    await tx.run(appendEvent, [runId, newId(), 'run.cancelled', cancelled, 'cancelled']);
    await app.queue.withdrawRun(tx, runId);
    insertDeliveries(tx, { id: runId, account_id: accountId });
  }
  scope.afterCommit(() => {
    app.bell.ring(runId);
    if (run.attempt === 0) facts.runEnded.tell({ status: 'cancelled', errorClass: '' });
  });
  return true;
}

/** The refusal of what only the creator of a run may do. */
export const notYours = () =>
  new Failure('forbidden', 'Only the creator of the run may do this.', { reason: 'not_owner', deny_reason: 'owner_mismatch' });
