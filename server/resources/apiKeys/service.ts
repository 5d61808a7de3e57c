import type { NewApiKey } from '../../../contract/apiKeys.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { keyPermissions, permissions, platformPermissions } from '../../../contract/shared/permissions.ts';
import { newApiKey } from '../../kernel/apiKeys.ts';
import { invalid, notFound, refuse } from '../../kernel/failure.ts';
import { newId, sha256 } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { holdSession } from '../auth/holdSession.ts';
import type { ApiKeyRow } from './queries.ts';
import * as queries from './queries.ts';

/** Whose keys the caller sees: null for everybody's. */
const ownerSeen = ({ actor, role, isPlatformAdmin }: Scope) => (role === 'admin' || isPlatformAdmin ? null : actor.userId);

/** Make a key; its secret leaves only with this answer. Throws 403 `scope_not_grantable`, 400 for other scopes. */
export async function createApiKey(scope: Scope, { name, scopes }: NewApiKey): Promise<ApiKeyRow & { key: string }> {
  const { app, tx, accountId, actor } = scope;
  const granted = scopes && checkScopes(scope, scopes);
  await holdSession(tx, actor);
  if (!(await tx.row(queries.lockMembership, [accountId, actor.userId]))) throw notFound();
  const key = newApiKey();
  const prefix = key.slice(0, 7);
  const values = [accountId, newId(), actor.userId, name, prefix, sha256(key), granted ?? [], !granted];
  const row = (await tx.row(queries.insertKey, values))!;
  scope.audit({ metadata: { name, key_prefix: prefix, scopes: row.scopes, inherits_permissions: !granted } });
  scope.afterCommit(() => app.access.forgetUser(actor.userId));
  return { ...row, key };
}

/** The scopes sorted and unique. A key can have what its creator has, except what is of the platform or no key could use. */
function checkScopes({ permissions: held }: Scope, scopes: readonly string[]): string[] {
  const issuesOf = (known: readonly string[], message: string) =>
    scopes.flatMap((scope, at) => (known.includes(scope) ? [] : [{ location: 'body' as const, path: `/scopes/${at}`, message }]));
  const unknown = issuesOf(permissions, 'is not a permission');
  if (unknown.length > 0) throw invalid(unknown);
  const wanted = [...new Set(scopes)].sort();
  const lacking = wanted.filter((scope) => !held.has(scope) || (platformPermissions as readonly string[]).includes(scope));
  if (lacking.length > 0) throw refuse('forbidden', 'scope_not_grantable', 'A key cannot have more than you.', { scopes: lacking });
  const unusable = issuesOf(keyPermissions, 'is of no use to a key');
  if (unusable.length > 0) throw invalid(unusable, 'scope_unusable');
  return wanted;
}

/** The keys that the caller sees, revoked ones too, newest first. */
export async function listApiKeys(scope: Scope, { limit, before }: PageQuery): Promise<{ rows: ApiKeyRow[]; next: string | undefined }> {
  const { app, read, accountId } = scope;
  const owner = ownerSeen(scope);
  const list = ['api keys', accountId, owner];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectKeys, [accountId, owner, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** Refuse a key from now on. One that the caller may not see, or that is revoked already, looks absent. */
export async function revokeApiKey(scope: Scope, id: string): Promise<void> {
  const revoked = await scope.tx.row(queries.revokeKey, [scope.accountId, id, ownerSeen(scope)]);
  if (!revoked) throw notFound();
  scope.audit({ metadata: { name: revoked.name, key_prefix: revoked.key_prefix } });
  scope.afterCommit(() => scope.app.access.forgetUser(revoked.user_id));
}
