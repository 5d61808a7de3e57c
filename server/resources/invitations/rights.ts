import { permissionsOf } from '../../../contract/shared/permissions.ts';

/**
 * Whether a member with the role `inviter` may invite as `invited`. Requires the permission to invite and every permission of the invited
 * role.
 */
export function mayInvite(inviter: string | null, invited: string): boolean {
  const held = inviter === null ? [] : permissionsOf(inviter);
  return held.includes('account.members.invite') && permissionsOf(invited).every((permission) => held.includes(permission));
}
