import type { AdminAccount } from '../../../contract/adminAccounts.ts';
import { statement } from '../../kernel/sql.ts';

import { reservedBy } from '../runs/queries.ts';

/** An account with the number of its members and its balance. */
export type AdminAccountRow = Omit<AdminAccount, 'available'>;

const account = `
  select a.id, a.slug, a.name, a.type, a.status, a.owner_user_id, a.created_at,
    (select count(*)::int from memberships m where m.account_id = a.id) as members_count,
    coalesce((select b.balance from credit_balances b where b.account_id = a.id), 0) as balance, ${reservedBy('a.id')} as reserved
  from accounts a where a.deleted_at is null`;

/** Newest first, from the sort key ($4, $5) on; $1: what slug or name contain, as a pattern. */
export const selectAccounts = statement<AdminAccountRow>(`${account}
  and ($1::text is null or a.slug ilike $1 or a.name ilike $1) and ($2::text is null or a.status = $2) and ($3::text is null or a.type = $3)
  and ($4::timestamptz is null or (a.created_at, a.id) < ($4::timestamptz, $5::uuid))
  order by a.created_at desc, a.id desc limit $6`);

export const selectAccount = statement<AdminAccountRow>(`${account} and a.id = $1`);

export const updateStatus = statement<never>('update accounts set status = $2 where id = $1');
