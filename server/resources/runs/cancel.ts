import type { RunEventInput } from '../../../contract/events.ts';
import type { CancelRequest } from '../../../contract/runRequests.ts';
import type { Transaction } from '../../database/sql.ts';
import type { Actor } from '../../http/access/accessTypes.ts';
import type { App, Queue } from '../../http/app.ts';
import type { Scope } from '../../http/scope.ts';
import { Failure } from '../../platform/failure.ts';
import { metricsEvents } from '../../platform/telemetry/metricsEvents.ts';
import { insertDeliveries } from '../webhooks/outbox.ts';
import { runEventValues } from './appendRunEvents.ts';
import { appendEvents, lockRun, selectOpenChildren } from './eventQueries.ts';
import { reportEnd } from './reportEnd.ts';

type RunKey = { accountId: string; id: string };
type Requested = Extract<RunEventInput, { type: 'run.cancel_requested' }>['data'];

/** A run whose cancellation was requested, or that was cancelled because no worker had started it. */
export type CancelledRun = { id: string; isEnded: boolean };

/** Requests cancellation of a run and its descendants. A run that no worker has started is cancelled immediately. */
export async function requestCancel(
  scope: Pick<Scope, 'tx' | 'accountId' | 'afterCommit'> & {
    app: Pick<App, 'database' | 'queue' | 'runNotifier'>;
    actor: Pick<Actor, 'userId'>;
  },
  runId: string,
  { last_seen_seq: seen, client_cancelled_at: at }: CancelRequest,
): Promise<boolean> {
  const { app, tx, accountId, actor } = scope;
  const cancelled = await cancelTree(
    tx,
    app.queue,
    { accountId, id: runId },
    {
      requested_by_user_id: actor.userId,
      ...(seen !== undefined && seen !== null && { last_seen_seq: seen }),
      ...(at && { client_cancelled_at: at }),
    },
  );
  scope.afterCommit(() => {
    announceCancelled(cancelled, app.runNotifier);
    // The parents of its descendants are canceled too. If this fails, the parent finds the end of its child by polling.
    if (cancelled[0]?.isEnded) reportEnd(app, accountId, runId).catch(() => {});
  });
  return cancelled.length > 0;
}

/** The same inside a transaction. Returns the changed runs for `announceCancelled`: none if the run has ended or is being cancelled. */
export async function cancelTree(tx: Transaction, queue: Queue, key: RunKey, requested: Requested): Promise<CancelledRun[]> {
  const run = await tx.row(lockRun, key);
  if (!run || (run.status !== 'running' && run.status !== 'waiting_for_input')) return [];
  const isEnded = run.attempt === 0;
  const events: RunEventInput[] = [{ type: 'run.cancel_requested', data: requested }];
  if (isEnded) events.push({ type: 'run.cancelled', data: { reason: 'cancelled_before_start' } });
  await tx.run(appendEvents, { runId: run.id, status: isEnded ? 'cancelled' : 'cancelling', ...runEventValues(run.trace_id, events) });
  if (isEnded) {
    await queue.dequeueRun(tx, run.id);
    await insertDeliveries(tx, { id: run.id, account_id: key.accountId });
  }
  // A run that no worker has started has no children.
  const below = isEnded ? [] : await cancelDescendants(tx, queue, key);
  return [{ id: run.id, isEnded }, ...below];
}

/**
 * Requests cancellation of the descendants of a run. The caller has locked the run and changed its status, so it can start no more children.
 */
export async function cancelDescendants(tx: Transaction, queue: Queue, { accountId, id }: RunKey): Promise<CancelledRun[]> {
  const cancelled: CancelledRun[] = [];
  for (const child of await tx.rows(selectOpenChildren, { accountId, id }))
    cancelled.push(...(await cancelTree(tx, queue, { accountId, id: child.id }, {})));
  return cancelled;
}

/** Call after the commit. */
export function announceCancelled(cancelled: readonly CancelledRun[], { notify }: App['runNotifier']): void {
  for (const { id, isEnded } of cancelled) {
    notify(id);
    if (isEnded) metricsEvents.runEnded.emit({ status: 'cancelled', errorClass: '' });
  }
}

export const notCreator = () =>
  new Failure('forbidden', 'Only the creator of the run may do this.', { reason: 'not_owner', deny_reason: 'owner_mismatch' });
