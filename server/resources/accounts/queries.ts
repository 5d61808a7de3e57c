import { statement } from '../../kernel/sql.ts';

type Plain = {
  id: string;
  slug: string;
  name: string;
  type: 'personal' | 'workspace';
  status: 'active' | 'suspended';
  timezone: string | null;
  created_at: string;
};

/** An account with the role that somebody has in it. */
export type AccountRow = Plain & { role: string | null };

const own = 'id, slug, name, type, status, timezone, created_at';
const columns = 'a.id, a.slug, a.name, a.type, a.status, a.timezone, a.created_at, m.role';

/** The account $1 with the role of the user $2. */
export const selectAccount = statement<AccountRow>(`
  select ${columns} from accounts a left join memberships m on m.account_id = a.id and m.user_id = $2
  where a.id = $1 and a.deleted_at is null`);

export const selectAccountsOf = statement<AccountRow>(`
  select ${columns} from memberships m join accounts a on a.id = m.account_id and a.deleted_at is null
  where m.user_id = $1 and ($2::timestamptz is null or (a.created_at, a.id) < ($2::timestamptz, $3::uuid))
  order by a.created_at desc, a.id desc limit $4`);

/** Whatever changes who belongs to an account happens one after the other, under this lock. */
export const lockAccount = statement<Plain>(`select ${own} from accounts where id = $1 and deleted_at is null for no key update`);

/** A user joins one account after the other, so that they can be counted, and none while he is suspended or deleted. */
export const lockUser = statement<{ id: string }>(`select id from users where id = $1 and status = 'active' for no key update`);

/** Nothing comes back when the slug is taken, also by an account that was closed. */
export const insertWorkspace = statement<Plain>(`
  insert into accounts (id, slug, name, type, owner_user_id) values ($1, $2, $3, 'workspace', $4) on conflict (slug) do nothing returning ${own}`);
export const insertAdmin = statement<never>(`insert into memberships (account_id, user_id, role) values ($1, $2, 'admin')`);
export const insertEmptyBalance = statement<never>('insert into credit_balances (account_id, balance) values ($1, 0)');

export const updateAccount = statement<never>('update accounts set name = $2, timezone = $3 where id = $1');

export const markClosed = statement<never>('update accounts set deleted_at = now() where id = $1 and deleted_at is null');
export const deleteInvitations = statement<never>('delete from invitations where account_id = $1');

/** Runs are started under this lock too: each is seen here, or sees that the account is closed. */
export const lockRunSlots = statement<unknown>(`select pg_advisory_xact_lock(hashtextextended('run slots ' || $1::uuid::text, 0))`);
export const selectOpenRuns = statement<{ id: string }>(
  `select id from runs where account_id = $1 and status in ('running', 'waiting_for_input') order by id`,
);
