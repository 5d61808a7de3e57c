import { statement } from '../../kernel/sql.ts';

/** What a code brings. */
export type RedemptionCodeRow = { id: string; type: 'credits' | 'feature'; value: string };

/** One more use, if the code is good: of parallel calls only as many find it so as there are uses left. */
export const useCode = statement<RedemptionCodeRow>(`
  update redemption_codes set use_count = use_count + 1
  where code = $1 and is_active and (expires_at is null or expires_at > clock_timestamp()) and use_count < max_uses
  returning id, type, value`);

/** Nothing is changed when the user $3 has had the code before, in whichever account. */
export const insertRedemption = statement<never>(`
  insert into redemptions (account_id, code_id, user_id) values ($1, $2, $3) on conflict (code_id, user_id) do nothing`);

/** What stands against the user $2 redeeming the code $1. */
export type StateRow = { inactive: boolean; expired: boolean; exhausted: boolean; redeemed: boolean };

export const selectState = statement<StateRow>(`
  select not c.is_active as inactive, coalesce(c.expires_at <= clock_timestamp(), false) as expired, c.use_count >= c.max_uses as exhausted,
    exists (select from redemptions r where r.code_id = c.id and r.user_id = $2) as redeemed
  from redemption_codes c where c.code = $1`);
