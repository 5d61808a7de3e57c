import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Account } from './accounts.ts';
import { balanceFields } from './credits.ts';
import { Id, searchParam } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

const { type, status } = Account.shape;

/** An account as those who run the platform see one. */
export const AdminAccount = Account.pick({ id: true, slug: true, name: true, type: true, status: true, created_at: true })
  .extend({
    owner_user_id: Id,
    members_count: z.int().min(0),
    ...balanceFields,
  })
  .meta({ id: 'AdminAccount' });
export type AdminAccount = z.infer<typeof AdminAccount>;

export const AdminAccountChanges = z.strictObject({ status }).meta({ id: 'AdminAccountChanges' });
export type AdminAccountChanges = z.infer<typeof AdminAccountChanges>;

export const AdminAccountsQuery = pageQuery().extend({
  q: searchParam().optional().meta({ description: 'Part of the slug or the name, in either case.' }),
  status: status.optional(),
  type: type.optional(),
});
export type AdminAccountsQuery = z.infer<typeof AdminAccountsQuery>;

/** The accounts of the platform, but for those that were closed. */
export const adminAccounts = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/accounts',
    summary: 'List all accounts, newest first',
    query: AdminAccountsQuery,
    responses: { 200: z.array(AdminAccount) },
    metadata: { auth: 'platform', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/accounts/{account_id}',
    summary: 'Read any account',
    responses: { 200: AdminAccount },
    metadata: { auth: 'platform' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/admin/accounts/{account_id}',
    summary: 'Suspend or re-activate an account',
    description: 'While it is suspended every member and every key of it is refused; its runs are stopped and its streams end.',
    body: AdminAccountChanges,
    responses: { 200: AdminAccount },
    metadata: { auth: 'platform', audit: ['account.suspend', 'account'], also: [409] },
  },
} as const satisfies Resource);
