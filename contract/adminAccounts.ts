import { z } from 'zod';
import { Account } from './accounts.ts';
import { balanceFields } from './credits.ts';
import { Id, searchParam } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

const { type, status } = Account.shape;

export const AdminAccount = Account.pick({ id: true, slug: true, name: true, type: true, status: true, created_at: true })
  .extend({
    owner_user_id: Id.meta({ description: 'The user who created the account.' }),
    members_count: z.int().min(0).meta({ description: 'Number of members.' }),
    ...balanceFields,
  })
  .meta({ id: 'AdminAccount', description: 'An account as seen by platform admins.' });
export type AdminAccount = z.infer<typeof AdminAccount>;

export const AdminAccountChanges = z
  .strictObject({ status })
  .meta({ id: 'AdminAccountChanges', description: 'The status to give an account.' });
export type AdminAccountChanges = z.infer<typeof AdminAccountChanges>;

export const AdminAccountsQuery = pageQuery().extend({
  q: searchParam().optional().meta({ description: 'Matches part of the slug or name, ignoring case.' }),
  status: status.optional().meta({ description: 'Return only accounts with this status.' }),
  type: type.optional().meta({ description: 'Return only accounts of this type.' }),
});
export type AdminAccountsQuery = z.infer<typeof AdminAccountsQuery>;

/** Excludes closed accounts. */
export const adminAccounts = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/accounts',
    summary: 'List all accounts, newest first',
    description: 'Shows the balance and number of members of each account. Closed accounts are left out.',
    query: AdminAccountsQuery,
    responses: { 200: z.array(AdminAccount) },
    metadata: { auth: 'platform', permission: 'platform.accounts.read', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/accounts/{account_id}',
    summary: 'Retrieve any account',
    description: 'Use this for support: it shows the owner, the number of members and the balance. A closed account is 404.',
    responses: { 200: AdminAccount },
    metadata: { auth: 'platform', permission: 'platform.accounts.read' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/admin/accounts/{account_id}',
    summary: 'Suspend or reactivate an account',
    description:
      'Suspending an account stops its runs and ends its event streams. While it is suspended, requests from its members and API keys are rejected. Reactivating it restores access, but not the runs.',
    body: AdminAccountChanges,
    responses: { 200: AdminAccount },
    metadata: { auth: 'platform', permission: 'platform.accounts.manage', audit: ['account.suspend', 'account'], extraErrors: [409] },
  },
} as const satisfies Resource);
