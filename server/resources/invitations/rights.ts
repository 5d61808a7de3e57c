import { permissionsOf } from '../../../contract/shared/permissions.ts';

/** Whether a member with the role `inviter` may invite as `invited`: only with the right to invite, and to no more than they may do themselves. */
export function mayInvite(inviter: string | null, invited: string): boolean {
  const held = inviter === null ? [] : permissionsOf(inviter);
  return held.includes('account.members.invite') && permissionsOf(invited).every((permission) => held.includes(permission));
}
