import type { NewWebhookReplay } from '../../../contract/webhooks.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith, invalidField, notFound } from '../../platform/failure.ts';
import { lockEnabledEndpoint } from './deliveries.ts';
import { countReplay } from './limits.ts';
import { notifyDispatchers } from './outbox.ts';
import type { EndpointRow } from './queries.ts';
import * as queries from './replayQueries.ts';

/** The number of messages that one replay may send. */
const maxMessages = 10_000;

/**
 * Starts a replay, which workers carry out. Throws 400 `too_many_messages`, 409 `endpoint_disabled` or `replay_running`, 429
 * `webhook_replay_rate_limited`.
 */
export async function startReplay(
  scope: Scope,
  { id: endpointId }: EndpointRow,
  { since, until, only_failed: onlyFailed }: NewWebhookReplay,
): Promise<queries.ReplayRow> {
  const { app, tx, db, accountId } = scope;
  await countReplay(scope);
  const range = { accountId, endpointId, since, until: until ?? null, onlyFailed };
  // Takes long for many deliveries: before the lock, for which recording their results waits.
  const { total } = (await db.row(queries.countReplayed, { ...range, most: maxMessages + 1 }))!;
  if (total > maxMessages)
    throw invalidField('/since', `covers more than ${maxMessages.toLocaleString('en-US')} messages`, 'too_many_messages');
  await lockEnabledEndpoint(scope, endpointId);
  const replay = await tx.row(queries.insertReplay, { ...range, total });
  if (!replay) throw failWith('conflict', 'replay_running', 'A replay of this endpoint is running.');
  scope.audit({ targetId: endpointId, metadata: { since, until: replay.until, only_failed: onlyFailed, total } });
  scope.afterCommit(() => notifyDispatchers(app));
  return replay;
}

/** Throws 404 if there was none. */
export async function lastReplay({ db, accountId }: Scope, { id: endpointId }: EndpointRow): Promise<queries.ReplayRow> {
  const replay = await db.row(queries.selectReplay, { accountId, endpointId });
  if (!replay) throw notFound();
  return replay;
}
