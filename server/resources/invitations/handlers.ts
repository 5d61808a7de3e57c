import { invitations } from '../../../contract/invitations.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { acceptInvitation } from './accept.ts';
import * as service from './service.ts';
import { viewCreatedInvitation, viewInvitation } from './view.ts';

export const invitationHandlers = implement(
  invitations,
  { invitation: service.findInvitation },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewCreatedInvitation(await service.createInvitation(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listInvitations(scope, query);
      return { status: 200, body: rows.map(viewInvitation), next };
    },
    accept: async ({ scope, params }) => {
      await acceptInvitation(scope, params.token);
      return { status: 200, body: { ok: true } };
    },
    revoke: async ({ scope, loaded }) => {
      await service.revokeInvitation(scope, loaded.invitation);
      return { status: 204, body: undefined };
    },
  },
);
