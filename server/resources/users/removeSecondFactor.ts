import type { Scope } from '../../http/scope.ts';
import { failWith } from '../../platform/failure.ts';
import { notifyOfSecondFactor } from '../secondFactor/notices.ts';
import { turnOff } from '../secondFactor/turnOff.ts';
import type { UserRow } from './queries.ts';
import { checkChangeAllowed, lockUser } from './rights.ts';

/**
 * Turns the second factor of another user off. Admins turn theirs off with a code, so that a stolen session of an admin cannot. Throws 409
 * `second_factor_disabled` if it is off.
 */
export async function removeSecondFactor(scope: Scope, { id }: UserRow): Promise<void> {
  const user = await lockUser(scope, id);
  await checkChangeAllowed(scope, user, { access: id === scope.actor.userId, adminRight: false });
  if (!(await turnOff(scope, id))) throw failWith('conflict', 'second_factor_disabled', 'The user has no second factor.');
  await notifyOfSecondFactor(scope, id, 'removed');
  scope.audit({ accountId: null });
}
