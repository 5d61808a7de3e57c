import type { Permission } from '../../contract/shared/permissions.ts';
import type { Scope } from '../kernel/scope.ts';
import { demand } from './admit.ts';

/** For routes that their owner may use: throws 403 unless the caller owns the thing or holds the permission. A key with scopes needs the permission. */
export function demandOwnership(scope: Scope, ownerId: string | null, permission: Permission): void {
  if (ownerId === scope.actor.userId && !scope.isScoped) return;
  demand(scope, permission);
}
