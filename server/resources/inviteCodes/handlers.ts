import { inviteCodes } from '../../../contract/inviteCodes.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { findInviteCode, listInviteCodes, updateInviteCode } from './admin.ts';
import { viewOwnedInviteCode } from './view.ts';

export const inviteCodeHandlers = implement(
  inviteCodes,
  { code: findInviteCode },
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listInviteCodes(scope, query);
      return { status: 200, body: rows.map(viewOwnedInviteCode), next };
    },
    get: ({ loaded }) => ({ status: 200, body: viewOwnedInviteCode(loaded.code) }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewOwnedInviteCode(await updateInviteCode(scope, loaded.code, body)),
    }),
  },
);
