import type { NewApiKey } from '../../../contract/apiKeys.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import { keyPermissions, permissions, platformPermissions } from '../../../contract/shared/permissions.ts';
import type { Scope } from '../../http/scope.ts';
import { newApiKey } from '../../platform/crypto/apiKeys.ts';
import { newId, sha256 } from '../../platform/crypto/ids.ts';
import { failWith, invalid, notFound } from '../../platform/failure.ts';
import { lockSession } from '../auth/sessions/lockSession.ts';
import type { ApiKeyRow } from './queries.ts';
import * as queries from './queries.ts';

/** The user whose keys the caller can see; null for all users. */
const visibleOwnerId = ({ actor, role, isPlatformAdmin }: Scope) => (role === 'admin' || isPlatformAdmin ? null : actor.userId);

/** Only this response contains the secret. Throws 403 `scope_not_grantable`, or 400 for unknown or unusable scopes. */
export async function createApiKey(scope: Scope, { name, scopes }: NewApiKey): Promise<ApiKeyRow & { key: string }> {
  const { app, tx, accountId, actor } = scope;
  const granted = scopes && checkScopes(scope, scopes);
  await lockSession(tx, actor);
  if (!(await tx.row(queries.lockMembership, { accountId, userId: actor.userId }))) throw notFound();
  const key = newApiKey();
  const prefix = key.slice(0, 7);
  const row = (await tx.row(queries.insertKey, {
    accountId,
    id: newId(),
    userId: actor.userId,
    name,
    keyPrefix: prefix,
    keyHash: sha256(key),
    scopes: granted ?? [],
    inheritsPermissions: !granted,
  }))!;
  scope.audit({ metadata: { name, key_prefix: prefix, scopes: row.scopes, inherits_permissions: !granted } });
  scope.afterCommit(() => app.accessControl.invalidateUser(actor.userId));
  return { ...row, key };
}

/**
 * Returns the scopes sorted and unique. A key can have the permissions of its creator, except platform permissions and those that no route
 * accepts from a key.
 */
function checkScopes({ permissions: held }: Scope, scopes: readonly string[]): string[] {
  const issuesOf = (known: readonly string[], message: string) =>
    scopes.flatMap((scope, at) => (known.includes(scope) ? [] : [{ location: 'body' as const, path: `/scopes/${at}`, message }]));
  const unknown = issuesOf(permissions, 'is not a permission');
  if (unknown.length > 0) throw invalid(unknown);
  const wanted = [...new Set(scopes)].sort();
  const lacking = wanted.filter((scope) => !held.has(scope) || (platformPermissions as readonly string[]).includes(scope));
  if (lacking.length > 0) throw failWith('forbidden', 'scope_not_grantable', 'A key cannot have more than you.', { scopes: lacking });
  const unusable = issuesOf(keyPermissions, 'is of no use to a key');
  if (unusable.length > 0) throw invalid(unusable, 'scope_unusable');
  return wanted;
}

/** Includes revoked keys. Newest first. */
export async function listApiKeys(scope: Scope, page: PageQuery): Promise<{ rows: ApiKeyRow[]; next: string | undefined }> {
  const { app, db, accountId } = scope;
  const ownerId = visibleOwnerId(scope);
  return app.cursors.fetchPage(
    page,
    ['api keys', accountId, ownerId],
    (key) => db.rows(queries.selectKeys, { accountId, ownerId, ...key }),
    (row) => [row.created_at, row.id],
  );
}

/** Throws 404 for a key that the caller cannot see or that is already revoked. */
export async function revokeApiKey(scope: Scope, id: string): Promise<void> {
  const revoked = await scope.tx.row(queries.revokeKey, { accountId: scope.accountId, id, ownerId: visibleOwnerId(scope) });
  if (!revoked) throw notFound();
  scope.audit({ metadata: { name: revoked.name, key_prefix: revoked.key_prefix } });
  scope.afterCommit(() => scope.app.accessControl.invalidateUser(revoked.user_id));
}
