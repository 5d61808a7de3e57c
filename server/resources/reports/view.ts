import type { Report } from '../../../contract/reports.ts';
import type { ReportRow } from './queries.ts';

export const viewReport = ({ id, thread_id, account_id, user_id, categories, feedback, created_at }: ReportRow): Report => ({
  id,
  thread_id,
  account_id,
  user_id,
  categories,
  feedback,
  created_at,
});
