import { type Statement, statement } from '../../kernel/sql.ts';

/** An entry as it is stored; the states only where they were asked for. */
export type EntryRow = {
  id: string;
  account_id: string | null;
  actor_user_id: string | null;
  action: string;
  target_type: string;
  target_id: string | null;
  trace_id: string;
  metadata: Record<string, unknown>;
  ip_address: string | null;
  user_agent: string | null;
  created_at: string;
  before_state?: Record<string, unknown> | null;
  after_state?: Record<string, unknown> | null;
};

const columns = 'id, account_id, actor_user_id, action, target_type, target_id, trace_id, metadata, ip_address, user_agent, created_at';
const states = 'before_state, after_state';

/** $2 to $6 narrow the choice, where they are given. */
const narrowed = `
  and ($2::text is null or action = $2) and ($3::text is null or target_type = $3) and ($4::uuid is null or actor_user_id = $4)
  and ($5::timestamptz is null or created_at >= $5) and ($6::timestamptz is null or created_at <= $6)`;

/** The questions about a set of entries. */
export type Questions = {
  count: Statement<{ total: number }>;
  /** $7 entries, newest first, after the first $8. */
  page: Statement<EntryRow>;
  pageWithStates: Statement<EntryRow>;
};

const about = (condition: string): Questions => {
  const chosen = `from audit_logs where ${condition}${narrowed}`;
  const order = 'order by created_at desc, id desc limit $7 offset $8';
  return {
    count: statement(`select count(*) as total ${chosen}`),
    page: statement(`select ${columns} ${chosen} ${order}`),
    pageWithStates: statement(`select ${columns}, ${states} ${chosen} ${order}`),
  };
};

/** Of the account $1. */
export const ofAccount = about('account_id = $1');

/** Of all accounts and of the platform: only for who administers it. $1 is null. */
export const ofPlatform = about('$1::uuid is null');

/** The user $2, if they are a member of the account $1 or the actor of one of its entries: former members are. */
export const selectActor = statement<{ id: string }>(`
  select u.id from users u where u.id = $2 and (
    exists (select from memberships m where m.account_id = $1 and m.user_id = u.id)
    or exists (select from audit_logs l where l.account_id = $1 and l.actor_user_id = u.id))`);
