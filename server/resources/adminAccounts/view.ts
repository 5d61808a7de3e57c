import type { AdminAccount } from '../../../contract/adminAccounts.ts';
import { viewBalance } from '../credits/view.ts';
import type { AdminAccountRow } from './queries.ts';

export const viewAdminAccount = (row: AdminAccountRow): AdminAccount => ({
  id: row.id,
  slug: row.slug,
  name: row.name,
  type: row.type,
  status: row.status,
  owner_user_id: row.owner_user_id,
  members_count: row.members_count,
  ...viewBalance(row),
  created_at: row.created_at,
});
