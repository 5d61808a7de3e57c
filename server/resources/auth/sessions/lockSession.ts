import { sql } from 'kysely';
import type { Queryable } from '../../../database/sql.ts';
import { statement } from '../../../database/statement.ts';
import type { Actor } from '../../../http/access/accessTypes.ts';
import { Failure, failWith } from '../../../platform/failure.ts';

const selectSessionForShare = statement<{ userId: string; sessionId: string | null }>()((db, $) =>
  db
    .selectFrom('users as u')
    .innerJoin('sessions as s', (join) =>
      join
        .onRef('s.user_id', '=', 'u.id')
        .on('s.id', '=', sql<string>`${$.sessionId}::uuid`)
        .on('s.revoked_at', 'is', null),
    )
    .select('u.is_platform_admin')
    .where('u.id', '=', $.userId)
    .where('u.status', '=', sql.lit('active' as const))
    .forShare(['u', 's']),
);

export const selectKeyForShare = statement<{ accountId: string; userId: string; apiKeyId: string }>()((db, $) =>
  db
    .selectFrom('users as u')
    .innerJoin('api_keys as k', (join) =>
      join
        .onRef('k.user_id', '=', 'u.id')
        .on('k.account_id', '=', sql<string>`${$.accountId}::uuid`)
        .on('k.id', '=', sql<string>`${$.apiKeyId}::uuid`)
        .on('k.revoked_at', 'is', null)
        .on(sql<boolean>`(k.expires_at is null or k.expires_at > clock_timestamp())`),
    )
    .select('k.id')
    .where('u.id', '=', $.userId)
    .where('u.status', '=', sql.lit('active' as const))
    .forShare(['u', 'k']),
);

/**
 * Locks the caller's session until the commit. Throws 401 if it has ended since the request was authenticated. Call it before creating
 * anything that outlives the session: whatever ends the session either commits first, or waits and then sees what was created. The lock is
 * shared with other requests and runs of the user.
 */
export async function lockSession(tx: Queryable, { userId, sessionId }: Actor): Promise<{ is_platform_admin: boolean }> {
  const locked = await tx.row(selectSessionForShare, { userId, sessionId: sessionId ?? null });
  if (!locked) throw failWith('unauthenticated', 'session_revoked', 'The session has ended.');
  return locked;
}

/** Like `lockSession`, for what only platform admins may do. Throws 403 if the caller is none any more, whose sessions stay open. */
export async function lockAdminSession(tx: Queryable, actor: Actor): Promise<void> {
  if (!(await lockSession(tx, actor)).is_platform_admin)
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: 'platform.admin' });
}

/**
 * Like `lockSession`, for what API keys can create too. Throws 401 if the key was revoked or has expired. What ends a user's access (`resetAccess`) locks the user, then
 * ends sessions and keys, and then what they have created.
 */
export async function lockCredential({ tx, accountId, actor }: { tx: Queryable; accountId: string; actor: Actor }): Promise<void> {
  const { userId, apiKeyId, sessionId } = actor;
  if (apiKeyId === undefined) {
    // A run acts for its user without a credential.
    if (sessionId !== undefined) await lockSession(tx, actor);
    return;
  }
  if (!(await tx.row(selectKeyForShare, { accountId, userId, apiKeyId })))
    throw failWith('unauthenticated', 'invalid_token', 'The credential is no longer valid.');
}
