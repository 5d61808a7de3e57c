import { users } from '../../../contract/users.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { deleteUser } from './deleteUser.ts';
import { removeSecondFactor } from './removeSecondFactor.ts';
import { findUser, listUsers, withAccounts } from './service.ts';
import { updateUser } from './updateUser.ts';
import { viewUser, viewUserDetail } from './view.ts';

export const userHandlers = implement(
  users,
  { user: findUser },
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listUsers(scope, query);
      return { status: 200, body: rows.map(viewUser), next };
    },
    get: async ({ scope, loaded }) => ({ status: 200, body: viewUserDetail(await withAccounts(scope.db, loaded.user)) }),
    update: async ({ scope, loaded, body }) => ({ status: 200, body: viewUserDetail(await updateUser(scope, loaded.user, body)) }),
    delete: async ({ scope, loaded }) => {
      await deleteUser(scope, loaded.user);
      return { status: 204, body: undefined };
    },
    removeSecondFactor: async ({ scope, loaded }) => {
      await removeSecondFactor(scope, loaded.user);
      return { status: 204, body: undefined };
    },
  },
);
