import type { RequestScope } from '../../http/scope.ts';
import { ownAccountOf } from '../auth/ownAccount.ts';
import { notifyUsers } from '../notifications/service.ts';

const notices = {
  enabled: {
    type: 'user.second_factor_enabled',
    title: 'Your second factor is on',
    body: 'From now on, signing in requires a code of your authenticator app.',
  },
  disabled: {
    type: 'user.second_factor_disabled',
    title: 'Your second factor is off',
    body: 'A password or an emailed code is enough to sign in. If this was not you, change your password and end your other sessions.',
  },
  removed: {
    type: 'user.second_factor_disabled',
    title: 'An administrator has removed your second factor',
    body: 'A password or an emailed code is enough to sign in. Set up a second factor again.',
  },
  recoveryCodeUsed: {
    type: 'user.recovery_code_used',
    title: 'You signed in with a recovery code',
    body: 'The code cannot be used again. If this was not you, change your password and replace your recovery codes.',
  },
} as const;

/** Tells the user about a change of the second factor. Returns the personal account, whose audit log records the change. */
export async function notifyOfSecondFactor(scope: RequestScope, userId: string, what: keyof typeof notices): Promise<string> {
  const accountId = await ownAccountOf(scope, userId);
  await notifyUsers(scope.tx, { accountId, userIds: [userId], ...notices[what] });
  return accountId;
}
