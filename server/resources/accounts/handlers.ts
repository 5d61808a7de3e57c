import { accounts } from '../../../contract/accounts.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { recheckOf } from '../../http/pipeline/recheck.ts';
import { exportAccount } from './export/exportAccount.ts';
import * as members from './members.ts';
import * as service from './service.ts';
import { viewAccount, viewMember } from './view.ts';

export const accountHandlers = implement(
  accounts,
  { user: members.findMember },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewAccount(await service.createAccount(scope, body)) }),
    mine: async ({ scope, query }) => {
      const { rows, next } = await service.listAccounts(scope, query);
      return { status: 200, body: rows.map(viewAccount), next };
    },
    get: async ({ scope }) => ({ status: 200, body: viewAccount(await service.getAccount(scope)) }),
    update: async ({ scope, body }) => ({ status: 200, body: viewAccount(await service.updateAccount(scope, body)) }),
    delete: async ({ scope, body }) => {
      await service.closeAccount(scope, body);
      return { status: 204, body: undefined };
    },
    export: async ({ scope, signal, authenticated }) => {
      const { name, body } = await exportAccount(scope, { closed: signal(), recheck: recheckOf(accounts.export, authenticated) });
      const headers = {
        'content-type': 'application/zip',
        'content-disposition': `attachment; filename="${name}"`,
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      };
      return { status: 200, body, headers };
    },
    members: async ({ scope, query }) => {
      const { rows, next } = await members.listMembers(scope, query);
      return { status: 200, body: rows.map(viewMember), next };
    },
    updateMember: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewMember(await members.updateMember(scope, loaded.user, body)),
    }),
    removeMember: async ({ scope, loaded }) => {
      await members.removeMember(scope, loaded.user);
      return { status: 204, body: undefined };
    },
  },
);
