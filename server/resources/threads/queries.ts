import { statement } from '../../kernel/sql.ts';
import { projectVisible } from '../projects/visible.ts';

/** A thread as the queries give it; `active_run_id` is the run that has not ended. */
export type ThreadRow = {
  id: string;
  account_id: string;
  created_by_user_id: string | null;
  title: string | null;
  title_locked: boolean;
  project_id: string | null;
  is_private: boolean;
  expires_at: string | null;
  parent_thread_id: string | null;
  created_at: string;
  updated_at: string;
  active_run_id: string | null;
};

const own = `t.id, t.account_id, t.created_by_user_id, t.title, t.title_locked, t.is_private, t.expires_at, t.parent_thread_id, t.created_at, t.updated_at`;
const columns = `${own},
  (select p.id from projects p where p.account_id = t.account_id and p.id = t.project_id and p.deleted_at is null) as project_id,
  (select r.id from runs r where r.account_id = t.account_id and r.thread_id = t.id and r.parent_run_id is null and r.status in ('running', 'waiting_for_input', 'cancelling')) as active_run_id`;
const returned = columns.replaceAll('t.', 'threads.');

const alive = `t.deleted_at is null and (t.expires_at is null or t.expires_at > now())`;

export const insertThread = statement<ThreadRow>(`
  insert into threads (account_id, id, created_by_user_id, title, title_locked, project_id, is_private, expires_at)
  values ($1, $2, $3, $4, $4::text is not null, $5, $6, case when $6 then now() + interval '24 hours' end)
  returning ${returned}`);

export const selectVisibleProject = statement<{ id: string }>(
  `select p.id from projects p where p.account_id = $1 and ${projectVisible} and p.id = $4`,
);

/** A thread that the user may read: his own, or one that is not private in a shared project he sees. */
export const selectReadableThread = statement<ThreadRow>(`
  select ${columns} from threads t
  where t.account_id = $1 and t.id = $4 and ${alive} and (t.created_by_user_id = $2 or (not t.is_private and exists (
    select from projects p where p.account_id = t.account_id and p.id = t.project_id and p.visibility = 'shared' and ${projectVisible})))`);

const page = `and ($3::timestamptz is null or (t.updated_at, t.id) < ($3, $4::uuid)) order by t.updated_at desc, t.id desc limit $5`;
const mine = `t.account_id = $1 and t.created_by_user_id = $2 and t.deleted_at is null and not t.is_private`;

export const selectThreads = statement<ThreadRow>(`select ${columns} from threads t where ${mine} ${page}`);
export const selectThreadsOfProject = statement<ThreadRow>(`
  select ${columns} from threads t where ${mine} and t.project_id = $6 ${page}`);
export const searchThreads = statement<ThreadRow>(`
  select ${columns} from threads t where ${mine} and (t.title ilike $6 or exists (
    select from messages m where m.account_id = t.account_id and m.thread_id = t.id and m.visible and m.role <> 'tool' and m.content ilike $6)) ${page}`);

/** `$4`: whether the title changes; `$6`: whether the project does. */
export const updateThread = statement<ThreadRow>(`
  update threads set
    title = case when $4 then $5 else title end,
    title_locked = case when $4 then $5::text is not null else title_locked end,
    updated_at = case when $4 and title is distinct from $5 then now() else updated_at end,
    project_id = case when $6 then $7 else project_id end
  where account_id = $1 and id = $2 and created_by_user_id = $3 and deleted_at is null
  returning ${returned}`);

export const deleteThread = statement<{ id: string }>(
  `update threads set deleted_at = now() where account_id = $1 and id = $2 and deleted_at is null returning id`,
);

/** The run of a thread that has not ended; of a thread whose row is locked, as nobody else begins or sees one. */
export const selectActiveRun = statement<{ id: string }>(`
  select id from runs where account_id = $1 and thread_id = $2 and parent_run_id is null and status in ('running', 'waiting_for_input', 'cancelling')`);

/** A thread that is there; until the commit nothing is added to it, hidden in it or taken from it. */
export const holdThread = statement<{ id: string }>(
  `select t.id from threads t where t.account_id = $1 and t.id = $2 and ${alive} for share`,
);

/** The messages of a thread that count, hidden ones of tools included, up to and with `$3`, which must be one that is shown. */
export const selectKept = statement<{ id: string; role: string }>(`
  select m.id, m.role from messages m join messages last on last.account_id = m.account_id and last.thread_id = m.thread_id
  where m.account_id = $1 and m.thread_id = $2 and last.account_id = $1 and last.id = $3 and last.visible and last.role <> 'tool'
    and m.number <= last.number and m.visible order by m.number`);

/** A thread of user `$3` with id `$4` like thread `$2`, which has no messages yet but the number of the last. */
export const insertFork = statement<ThreadRow>(`
  insert into threads (account_id, id, created_by_user_id, title, title_locked, project_id, is_private, expires_at, parent_thread_id, last_message_number)
  select t.account_id, $4, $3, t.title, t.title_locked, t.project_id, coalesce($5, t.is_private),
    case when coalesce($5, t.is_private) then now() + interval '24 hours' end, t.id, $6
  from threads t where t.account_id = $1 and t.id = $2
  returning ${returned}`);

/** The messages `$4` of thread `$2` in thread `$3` under the ids `$5`, numbered in this order. Which run made one is remembered, for it to be asked again. */
export const copyMessages = statement<never>(`
  insert into messages (account_id, thread_id, number, id, created_by_user_id, role, content, content_json, run_id, completion, created_at)
  select m.account_id, $3, copy.number, copy.id, m.created_by_user_id, m.role, m.content, m.content_json, m.run_id, m.completion, m.created_at
  from unnest($4::uuid[], $5::uuid[]) with ordinality as copy (old_id, id, number)
  join messages m on m.account_id = $1 and m.thread_id = $2 and m.id = copy.old_id`);

export const insertStar = statement<never>(
  'insert into thread_stars (account_id, user_id, thread_id) values ($1, $2, $3) on conflict do nothing',
);
export const deleteStar = statement<never>('delete from thread_stars where account_id = $1 and user_id = $2 and thread_id = $3');

export const selectStars = statement<{ thread_id: string }>(`
  select s.thread_id from thread_stars s join threads t on t.account_id = s.account_id and t.id = s.thread_id
  where s.account_id = $1 and s.user_id = $2 and ${alive} and (t.created_by_user_id = $2 or (not t.is_private and exists (
    select from projects p where p.account_id = t.account_id and p.id = t.project_id and p.visibility = 'shared' and ${projectVisible})))
  order by s.created_at desc`);
