import type { Erasure, ErasureDetails } from '../../../contract/erasures.ts';
import type { ErasureDetailsRow, ErasureRow } from './queries.ts';

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, each) => total + each, 0);

export const viewErasure = (row: ErasureRow): Erasure => ({
  id: row.id,
  account_id: row.account_id,
  account_slug: row.account_slug,
  user_id: row.user_id,
  state: row.state,
  requested_by_user_id: row.requested_by,
  requested_by_service_key_id: row.service_key_id,
  reference: row.reference,
  due_at: row.due_at,
  waiting_for: row.waiting_for,
  progress: {
    rows_deleted: sum(row.deleted),
    rows_anonymized: sum(row.anonymized),
    files_deleted: row.files_deleted,
    bytes_deleted: row.bytes_deleted,
  },
  created_at: row.created_at,
  cancelled_at: row.cancelled_at,
  started_at: row.started_at,
  finished_at: row.finished_at,
});

export const viewErasureDetails = (row: ErasureDetailsRow): ErasureDetails => ({
  ...viewErasure(row),
  report: row.report,
  proof: row.proof,
});
