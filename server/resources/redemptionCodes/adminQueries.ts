import type { RedemptionCode } from '../../../contract/redemptionCodes.ts';
import { statement } from '../../kernel/sql.ts';

/** A code as those who administer it see it; its columns are the fields that are published. */
export type IssuedCodeRow = RedemptionCode;

const columns = 'id, code, type, value, max_uses, use_count, expires_at, is_active, batch_id, created_by_user_id, created_at';

/** The codes $2 under the ids $1, alike in everything else; one that is taken is left out. */
export const insertCodes = statement<IssuedCodeRow>(`
  insert into redemption_codes (id, code, type, value, max_uses, expires_at, batch_id, created_by_user_id)
  select made.id, made.code, $3, $4, $5, $6, $7, $8 from unnest($1::uuid[], $2::text[]) as made(id, code)
  on conflict (code) do nothing returning ${columns}`);

/** Newest first, from the sort key ($3, $4) on; $1: what code or batch contain, as a pattern; $2: the type. */
export const selectCodes = statement<IssuedCodeRow>(`
  select ${columns} from redemption_codes
  where ($1::text is null or code ilike $1 or batch_id ilike $1) and ($2::text is null or type = $2)
    and ($3::timestamptz is null or (created_at, id) < ($3::timestamptz, $4::uuid))
  order by created_at desc, id desc limit $5`);

export const selectCode = statement<IssuedCodeRow>(`select ${columns} from redemption_codes where id = $1`);

/** Nothing comes back when it is off already. */
export const deactivateCode = statement<IssuedCodeRow>(`
  update redemption_codes set is_active = false where id = $1 and is_active returning ${columns}`);

/** Whether accounts may have their own value of a flag. */
export const selectOverridable = statement<{ key: string }>('select key from feature_flags where key = $1 and supports_account_overrides');
