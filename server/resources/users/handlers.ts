import { users } from '../../../contract/users.ts';
import { implement } from '../../http/implement.ts';
import { deleteUser } from './end.ts';
import { findUser, listUsers, withAccounts } from './service.ts';
import { updateUser } from './update.ts';
import { viewUser, viewUserDetail } from './view.ts';

export const userHandlers = implement(
  users,
  { user: findUser },
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listUsers(scope, query);
      return { status: 200, body: rows.map(viewUser), next };
    },
    get: async ({ scope, found }) => ({ status: 200, body: viewUserDetail(await withAccounts(scope.read, found.user)) }),
    update: async ({ scope, found, body }) => ({ status: 200, body: viewUserDetail(await updateUser(scope, found.user, body)) }),
    delete: async ({ scope, found }) => {
      await deleteUser(scope, found.user);
      return { status: 204, body: undefined };
    },
  },
);
