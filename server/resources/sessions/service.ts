import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Scope } from '../../http/scope.ts';
import { notFound } from '../../platform/failure.ts';
import { selectPersonalAccount } from '../auth/queries.ts';
import { revokeOtherSessions } from '../auth/sessions/queries.ts';
import * as queries from './queries.ts';

/** Newest first. */
export const listSessions = ({ app, db, actor: { userId } }: Scope, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['sessions', userId],
    (key) => db.rows(queries.selectSessions, { userId, ...key }),
    (row) => [row.created_at, row.id],
  );

/** Includes sessions that have ended or expired. Throws 404 for a session of another user. */
export async function findSession({ db, actor }: Scope, id: string): Promise<{ id: string }> {
  const session = await db.row(queries.selectSessionId, { userId: actor.userId, id });
  if (!session) throw notFound();
  return session;
}

/** Succeeds without effect if the session has ended. */
export async function endSession(scope: Scope, { id }: { id: string }): Promise<void> {
  const { tx, actor } = scope;
  if ((await tx.run(queries.endSession, { userId: actor.userId, id })) === 0) return scope.skipAudit();
  await finish(scope, id);
}

/** Ends all sessions but that of the request. */
export async function endOtherSessions(scope: Scope): Promise<void> {
  const { userId, sessionId = null } = scope.actor;
  const ended = await scope.tx.run(revokeOtherSessions, { userId, keptId: sessionId });
  await finish(scope, userId, { ended });
}

async function finish({ app, tx, actor: { userId }, audit, afterCommit }: Scope, targetId: string, metadata: object = {}) {
  const home = await tx.row(selectPersonalAccount, { userId });
  audit({ accountId: home?.id ?? null, targetId, metadata: { ...metadata } });
  afterCommit(() => app.accessControl.invalidateUser(userId));
}
