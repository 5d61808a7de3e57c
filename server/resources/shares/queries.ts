import { statement } from '../../kernel/sql.ts';
import type { MessageRow } from '../messages/queries.ts';

export type ShareRow = {
  account_id: string;
  id: string;
  thread_id: string;
  token_sealed: Buffer;
  password_hash: string | null;
  live_update: boolean;
  last_message_number: number;
  hidden_message_numbers: number[];
  snapshot_turn_count: number;
  created_at: string;
};

/** A share with what of its thread it tells, and the seconds since 1970 by the clock of the database. */
export type OpenedShareRow = ShareRow & { title: string | null; thread_created_at: string; now: number };

const columns = `s.account_id, s.id, s.thread_id, s.token_sealed, s.password_hash, s.live_update, s.last_message_number, s.hidden_message_numbers,
  s.snapshot_turn_count, s.created_at`;

/** What of a thread there is to be seen at this moment: one statement, so that its parts belong together. */
export const insertShare = statement<ShareRow>(`
  insert into thread_shares as s (account_id, id, thread_id, created_by_user_id, token_hash, token_sealed, password_hash, live_update,
    last_message_number, hidden_message_numbers, snapshot_turn_count)
  select t.account_id, $3, t.id, $4, $5, $6, $7, $8, m.last, m.hidden, m.turns
  from threads t, lateral (
    select coalesce(max(m.number), 0) as last, coalesce(array_agg(m.number) filter (where not m.visible), '{}') as hidden,
      count(*) filter (where m.visible and m.role = 'user') as turns
    from messages m where m.account_id = t.account_id and m.thread_id = t.id and m.role <> 'tool') m
  where t.account_id = $1 and t.id = $2 and t.created_by_user_id = $4 and t.deleted_at is null
  returning ${columns}`);

export const selectShares = statement<ShareRow>(`
  select ${columns} from thread_shares s where s.account_id = $1 and s.thread_id = $2
    and ($3::timestamptz is null or (s.created_at, s.id) < ($3, $4::uuid)) order by s.created_at desc, s.id desc limit $5`);

export const selectShareOf = statement<{ id: string }>('select id from thread_shares where account_id = $1 and thread_id = $2 and id = $3');

export const deleteShare = statement<{ id: string }>(
  'delete from thread_shares where account_id = $1 and thread_id = $2 and id = $3 returning id',
);

/** The token is all that its reader knows; what is deleted, over, or of an account that is not active is not shown. */
export const selectShared = statement<OpenedShareRow>(`
  select ${columns}, t.title, t.created_at as thread_created_at, extract(epoch from now())::float8 as now
  from thread_shares s join threads t on t.account_id = s.account_id and t.id = s.thread_id
  join accounts a on a.id = s.account_id and a.status = 'active' and a.deleted_at is null
  where s.token_hash = $1 and t.deleted_at is null and (t.expires_at is null or t.expires_at > now())`);

/** Before message `$3` of a thread is edited: the snapshots that show it keep what it says. */
export const keepVersion = statement<never>(`
  insert into thread_share_messages (account_id, share_id, number, content, content_json)
  select s.account_id, s.id, m.number, m.content, m.content_json
  from thread_shares s join messages m on m.account_id = s.account_id and m.thread_id = s.thread_id
  where s.account_id = $1 and s.thread_id = $2 and m.id = $3
    and not s.live_update and m.number <= s.last_message_number and m.number <> all (s.hidden_message_numbers)
  on conflict do nothing`);

/** The messages of a thread that share `$6` shows: what is to be seen now (`$3`), or what was up to number `$4` but for the numbers `$5`. */
const shown = `thread_shares s left join messages m on m.account_id = $1 and m.thread_id = $2 and m.role <> 'tool'
  and case when $3::boolean then m.visible else m.number <= $4 and m.number not in (select unnest($5::integer[])) end
  left join thread_share_messages kept on kept.account_id = $1 and kept.share_id = $6 and kept.number = m.number
  where s.account_id = $1 and s.id = $6`;
const contentJson = 'case when kept.number is null then m.content_json else kept.content_json end';

export type SharedMessageRow = Pick<MessageRow, 'id' | 'role' | 'content' | 'content_json' | 'completion' | 'created_at'>;

/** One row without a message where there is none; no row when the share is gone by now. */
export const selectShown = statement<SharedMessageRow | { id: null }>(`
  select m.id, m.role, coalesce(kept.content, m.content) as content, ${contentJson} as content_json, m.completion, m.created_at
  from ${shown} order by m.number`);

/** Whether a message that is shown names the attachment with key `$7`. */
export const selectNaming = statement<{ id: string }>(`
  select m.id from ${shown}
    and ${contentJson} @> jsonb_build_object('parts', jsonb_build_array(jsonb_build_object('attachment', jsonb_build_object('key', $7::text))))
  limit 1`);
