import { me } from '../../../contract/me.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { changePassword } from '../auth/changePassword.ts';
import { evaluateFlags } from '../featureFlags/service.ts';
import { getInviteCode, resetInviteCode } from '../inviteCodes/service.ts';
import { viewInviteCode } from '../inviteCodes/view.ts';
import { redeemCode } from '../redemptionCodes/service.ts';
import { getMe, updateMe } from './service.ts';
import { viewMe, viewProfile } from './view.ts';

export const meHandlers = implement(
  me,
  {},
  {
    get: async ({ scope }) => ({ status: 200, body: viewMe(await getMe(scope), scope) }),
    update: async ({ scope, body }) => ({ status: 200, body: viewProfile(await updateMe(scope, body)) }),
    inviteCode: async ({ scope }) => ({ status: 200, body: viewInviteCode(await getInviteCode(scope)) }),
    resetInviteCode: async ({ scope }) => ({ status: 200, body: viewInviteCode(await resetInviteCode(scope)) }),
    redeem: async ({ scope, body }) => ({ status: 200, body: await redeemCode(scope, body) }),
    featureFlags: async ({ scope }) => ({ status: 200, body: await evaluateFlags(scope.db, scope.accountId) }),
    changePassword: async ({ scope, body }) => {
      await changePassword(scope, body);
      return { status: 204, body: undefined };
    },
  },
);
