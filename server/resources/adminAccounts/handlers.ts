import { adminAccounts } from '../../../contract/adminAccounts.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { findAccount, listAccounts, updateAccount } from './service.ts';
import { viewAdminAccount } from './view.ts';

export const adminAccountHandlers = implement(
  adminAccounts,
  { account: findAccount },
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listAccounts(scope, query);
      return { status: 200, body: rows.map(viewAdminAccount), next };
    },
    get: ({ loaded }) => ({ status: 200, body: viewAdminAccount(loaded.account) }),
    update: async ({ scope, loaded, body }) => ({ status: 200, body: viewAdminAccount(await updateAccount(scope, loaded.account, body)) }),
  },
);
