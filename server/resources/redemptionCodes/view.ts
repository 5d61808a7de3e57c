import type { RedemptionCode } from '../../../contract/redemptionCodes.ts';
import type { IssuedCodeRow } from './adminQueries.ts';

export const viewIssuedCode = (row: IssuedCodeRow): RedemptionCode => ({
  id: row.id,
  code: row.code,
  type: row.type,
  value: row.value,
  max_uses: row.max_uses,
  use_count: row.use_count,
  expires_at: row.expires_at,
  is_active: row.is_active,
  batch_id: row.batch_id,
  created_by_user_id: row.created_by_user_id,
  created_at: row.created_at,
});
