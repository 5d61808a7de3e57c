import type { Permission } from '../../../contract/shared/permissions.ts';
import { requirePermission } from '../access/authenticateRequest.ts';
import type { Scope } from '../scope.ts';

/** Throws 403 unless the caller owns the resource or has the permission. An API key with scopes needs the permission. */
export function requireOwnership(scope: Scope, ownerId: string | null, permission: Permission): void {
  if (ownerId === scope.actor.userId && !scope.isScoped) return;
  requirePermission(scope, permission);
}
