import type { Report } from '../../../contract/reports.ts';
import { statement } from '../../kernel/sql.ts';

/** A report; its columns are the fields that are published. */
export type ReportRow = Report;

export const insertReport = statement<Pick<ReportRow, 'id' | 'created_at'>>(`
  insert into thread_reports (account_id, id, thread_id, user_id, categories, feedback)
  select t.account_id, $3, t.id, $4, $5, $6 from threads t where t.account_id = $1 and t.id = $2 and t.deleted_at is null
  returning id, created_at`);

/** A thread of any account, deleted ones included: their reports remain. */
export const selectAnyThread = statement<{ is_there: true }>('select true as is_there from threads where id = $1');

/** Of all accounts; of category `$1` and about thread `$2`, unless those are null; newest first, from the sort key (`$3`, `$4`) on. */
export const selectReports = statement<ReportRow>(`
  select r.id, r.thread_id, r.account_id, r.user_id, r.categories, r.feedback, r.created_at from thread_reports r
  where ($1::text is null or $1 = any (r.categories)) and ($2::uuid is null or r.thread_id = $2)
    and ($3::timestamptz is null or (r.created_at, r.id) < ($3, $4::uuid))
  order by r.created_at desc, r.id desc limit $5`);
